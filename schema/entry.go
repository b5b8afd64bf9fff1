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

func (s *Schema) attributesOf(list []byte) []Attribute {
	var out []Attribute
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
		at := Attribute{Desc: d}
		for vals := a.Values; ; {
			v, more, ok := NextValue(vals)
			if !ok {
				break
			}
			at.Values = append(at.Values, append([]byte(nil), v...))
			vals = more
		}
		out = append(out, at)
	}
}

// View puts an Entry together in stored form. key is the normalised name.
func (s *Schema) View(e *Entry, key []byte) *View {
	v := &View{ID: e.ID, UUID: e.UUID, DN: []byte(e.DN), Key: key, Kind: e.Kind(s)}
	for i := range e.Attributes {
		v.User = AppendAttribute(v.User, e.Attributes[i].Desc.String(), e.Attributes[i].Values...)
	}
	for i := range e.Operational {
		v.Operational = AppendAttribute(v.Operational, e.Operational[i].Desc.String(), e.Operational[i].Values...)
	}
	return v
}

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
