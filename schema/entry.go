package schema

// Attribute is one attribute of an Entry: a canonical description and values
// in the order in which they came.
type Attribute struct {
	Desc   AttributeDescription
	Values [][]byte
}

// Entry is an entry taken apart for changing. Reading uses View.
type Entry struct {
	ID          uint64
	UUID        UUID
	DN          string // RFC 4514 text
	Attributes  []Attribute
	Operational []Attribute

	// rdn is that of the name rdnOf: a change asks for it more than once.
	rdn   RDN
	rdnOf string
}

// Get gives the values of the attribute with exactly this canonical
// description ("cn", "cn;lang-de"), user or operational; nil if absent.
func (e *Entry) Get(desc string) [][]byte {
	for _, list := range [2][]Attribute{e.Attributes, e.Operational} {
		for i := range list {
			if list[i].Desc.String() == desc {
				return list[i].Values
			}
		}
	}
	return nil
}

// SetOperational replaces (or adds) an operational attribute by its type's
// canonical name.
func (s *Schema) SetOperational(e *Entry, name string, values ...[]byte) {
	for i := range e.Operational {
		if e.Operational[i].Desc.Name == name {
			e.Operational[i].Values = values
			return
		}
	}
	d := AttributeDescription{Type: s.AttributeType([]byte(name)), Name: name}
	e.Operational = append(e.Operational, Attribute{Desc: d, Values: values})
}

// Entry takes a View apart; the result owns its memory.
func (s *Schema) Entry(v *View) *Entry {
	e := &Entry{ID: v.ID, UUID: v.UUID, DN: string(v.DN)}
	e.Attributes = s.attributesOf(v.User)
	e.Operational = s.attributesOf(v.Operational)
	return e
}

// attributesOf takes a list apart. All of it lies in three pieces of memory: a
// change makes and forgets an entry, and each piece costs.
func (s *Schema) attributesOf(list []byte) []Attribute {
	attributes, values := countOf(list)
	out := make([]Attribute, 0, attributes)
	all := make([][]byte, 0, values)
	list = append([]byte(nil), list...)
	for {
		a, rest, ok := NextAttribute(list)
		if !ok {
			return out
		}
		list = rest
		d, err := s.ParseDescription(a.Desc)
		if err != nil { // tolerated at import: kept under its own name
			d = AttributeDescription{Name: string(a.Desc)}
		}
		from := len(all)
		for vals := a.Values; ; {
			v, more, ok := NextValue(vals)
			if !ok {
				break
			}
			all = append(all, v[:len(v):len(v)])
			vals = more
		}
		at := Attribute{Desc: d}
		if len(all) > from {
			at.Values = all[from:len(all):len(all)]
		}
		out = append(out, at)
	}
}

// countOf counts the attributes and values of a list.
func countOf(list []byte) (attributes, values int) {
	for {
		a, rest, ok := NextAttribute(list)
		if !ok {
			return attributes, values
		}
		list = rest
		attributes++
		for vals := a.Values; ; values++ {
			_, more, ok := NextValue(vals)
			if !ok {
				break
			}
			vals = more
		}
	}
}

// View puts an Entry together in stored form. key is the normalised name.
func (s *Schema) View(e *Entry, key []byte) *View {
	return &View{ID: e.ID, UUID: e.UUID, DN: []byte(e.DN), Key: key, Kind: e.Kind(s),
		User: stored(e.Attributes), Operational: stored(e.Operational)}
}

// stored puts attributes together in stored form.
func stored(list []Attribute) []byte {
	size := 0
	for i := range list {
		size += len(list[i].Desc.Name) + len(list[i].Desc.Options) + 2*maxHeader
		for _, v := range list[i].Values {
			size += len(v) + maxHeader
		}
	}
	out := make([]byte, 0, size)
	for i := range list {
		out = AppendAttribute(out, list[i].Desc.String(), list[i].Values...)
	}
	return out
}

// maxHeader is about how long tag and length of a BER element are here.
const maxHeader = 6

// Kind tells whether e is a referral or an alias, by its object classes.
func (e *Entry) Kind(s *Schema) EntryKind {
	var k EntryKind
	for _, v := range e.Get("objectClass") {
		c := s.ObjectClass(v)
		switch {
		case c == nil:
		case c.Name == "referral":
			k |= KindReferral
		case c.Name == "alias":
			k |= KindAlias
		}
	}
	return k
}
