package schema

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema/ber"
)

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
	// values is where those of the attributes lie that TakeApart has found.
	values [][]byte
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
	users, usersValues := countOf(v.User)
	operational, operationalValues := countOf(v.Operational)
	e := &Entry{
		Attributes: make([]Attribute, 0, users), Operational: make([]Attribute, 0, operational),
		values: make([][]byte, 0, usersValues+operationalValues),
	}
	own := *v
	own.User, own.Operational = bytes.Clone(v.User), bytes.Clone(v.Operational)
	s.TakeApart(e, &own)
	return e
}

// TakeApart makes e what v is, in memory that e has from before. e is true as long
// as v and e are not changed by others; its values are those of v, not copies.
func (s *Schema) TakeApart(e *Entry, v *View) {
	e.Forget()
	e.ID, e.UUID, e.DN = v.ID, v.UUID, string(v.DN)
	e.Attributes = s.takeApart(e, e.Attributes, v.User)
	e.Operational = s.takeApart(e, e.Operational, v.Operational)
}

// Forget makes e an empty entry that keeps its memory for TakeApart, but nothing of
// what it was.
func (e *Entry) Forget() {
	clear(e.Attributes)
	clear(e.Operational)
	clear(e.values)
	*e = Entry{Attributes: e.Attributes[:0], Operational: e.Operational[:0], values: e.values[:0]}
}

// takeApart appends the attributes of a list to dst.
func (s *Schema) takeApart(e *Entry, dst []Attribute, list []byte) []Attribute {
	for {
		a, rest, ok := NextAttribute(list)
		if !ok {
			return dst
		}
		list = rest
		d, err := s.ParseDescription(a.Desc)
		if err != nil { // tolerated at import: kept under its own name
			d = AttributeDescription{Name: string(a.Desc)}
		}
		from := len(e.values)
		for vals := a.Values; ; {
			v, more, ok := NextValue(vals)
			if !ok {
				break
			}
			e.values = append(e.values, v[:len(v):len(v)])
			vals = more
		}
		at := Attribute{Desc: d}
		if to := len(e.values); to > from {
			at.Values = e.values[from:to:to]
		}
		dst = append(dst, at)
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

// stored is a list of attributes in stored form.
func stored(list []Attribute) []byte { return AppendStored(make([]byte, 0, StoredSize(list)), list) }

// AppendStored appends attributes in stored form, as they are in a View.
func AppendStored(dst []byte, list []Attribute) []byte {
	for i := range list {
		a := &list[i]
		values, whole := a.sizes()
		dst = ber.AppendHeader(dst, ber.TagSequence, whole)
		dst = ber.AppendHeader(dst, ber.TagOctetString, len(a.Desc.Name)+len(a.Desc.Options))
		dst = append(append(dst, a.Desc.Name...), a.Desc.Options...)
		dst = ber.AppendHeader(dst, ber.TagSet, values)
		for _, v := range a.Values {
			dst = ber.AppendBytes(dst, ber.TagOctetString, v)
		}
	}
	return dst
}

// StoredSize is the number of bytes that AppendStored appends.
func StoredSize(list []Attribute) (size int) {
	for i := range list {
		_, whole := list[i].sizes()
		size += elementSize(whole)
	}
	return size
}

// sizes are the numbers of bytes of the content of a's SET in stored form, and of the
// content of all of it.
func (a *Attribute) sizes() (values, whole int) {
	for _, v := range a.Values {
		values += elementSize(len(v))
	}
	return values, elementSize(len(a.Desc.Name)+len(a.Desc.Options)) + elementSize(values)
}

// elementSize is the number of bytes of a BER element with a content of n bytes.
func elementSize(n int) int { return ber.HeaderSize(n) + n }

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
