package schema

import "slices"

// Making an entry from what an add request, an import or a replica brings.

// entryBuilder collects attributes; descriptions that mean the same are merged.
type entryBuilder struct {
	s       *Schema
	relaxed bool
	entry   *Entry
	seen    map[string]place
}

// place says where an attribute of an entry is.
type place struct {
	operational bool
	index       int
}

// NewEntry makes the entry of an add request (RFC 4511 4.7): it resolves
// descriptions, refuses repeated ones, and checks values. Naming
// values that are missing are added, as slapd does. Errors are *Result: 2, 17,
// 19, 20, 21, 34 or 64. Object classes are not checked here but by CheckEntry.
//
// With relaxed (import and replication) nothing is refused but a name that
// breaks its grammar and a description that is not even printable, nothing is
// added, the name stays as it came, and a repeated value is kept too.
//
// The entry shares the memory of the values.
func (s *Schema) NewEntry(dn string, attrs []RawAttribute, relaxed bool) (*Entry, error) {
	name, err := s.ParseDN([]byte(dn))
	if err != nil {
		return nil, Refuse(InvalidDNSyntax, "invalid DN")
	}
	b := entryBuilder{s: s, relaxed: relaxed, entry: &Entry{DN: dn}, seen: make(map[string]place, len(attrs))}
	if !relaxed {
		b.entry.DN = name.String()
	}
	if len(attrs) == 0 && !relaxed {
		return nil, Refuse(ProtocolError, "no attributes provided")
	}
	for i := range attrs {
		if err := b.add(&attrs[i]); err != nil {
			return nil, err
		}
	}
	if relaxed {
		return b.entry, nil
	}
	if len(name) > 0 {
		if err := s.addNaming(b.entry, name[0]); err != nil {
			return nil, err
		}
		for i := range name[0] {
			d := &name[0][i].Desc
			if a := b.entry.find(d); d.Type.SingleValue && len(a.Values) > 1 {
				return nil, Refuse(NamingViolation, "value of single-valued naming attribute '"+d.Name+
					"' conflicts with value present in entry")
			}
		}
	}
	return b.entry, nil
}

// add takes one attribute of the request.
func (b *entryBuilder) add(raw *RawAttribute) error {
	d, err := b.s.describe(raw.Attr)
	if err != nil {
		if !b.relaxed || !isPrintable(raw.Attr) {
			return err
		}
		d = AttributeDescription{Name: raw.Attr}
	}
	if !b.relaxed {
		switch {
		case d.Type == nil && !b.s.tolerant:
			return undefinedType(raw.Attr)
		case len(raw.Values) == 0:
			return Refuse(ProtocolError, "no values for attribute type")
		}
		if err := b.s.checkValues(&d, raw.Values); err != nil {
			return err
		}
		if d.Type != nil && d.Type.NoUserModification {
			return notModifiable(&d)
		}
	}
	at, ok := b.seen[d.String()]
	if ok && !b.relaxed { // RFC 4512 2.3: the descriptions of an entry are distinct
		return Refuse(AttributeOrValueExists, "attribute '"+d.String()+"' provided more than once")
	}
	if !ok {
		list, operational := b.entry.listFor(&d)
		at = place{operational, len(*list)}
		b.seen[d.String()] = at
		*list = append(*list, Attribute{Desc: d})
	}
	a := b.attribute(at)
	values := raw.Values
	if !b.relaxed {
		values = b.s.spelled(d.Type, values)
	}
	a.Values = append(a.Values, values...)
	return nil
}

func (b *entryBuilder) attribute(at place) *Attribute {
	if at.operational {
		return &b.entry.Operational[at.index]
	}
	return &b.entry.Attributes[at.index]
}

// listFor is the list of e in which attributes of d's type are kept.
func (e *Entry) listFor(d *AttributeDescription) (list *[]Attribute, operational bool) {
	if d.Type != nil && d.Type.Operational() {
		return &e.Operational, true
	}
	return &e.Attributes, false
}

// find gives the attribute with exactly the description d; nil if absent.
func (e *Entry) find(d *AttributeDescription) *Attribute {
	list, _ := e.listFor(d)
	for i := range *list {
		a := &(*list)[i]
		if a.Desc.Name == d.Name && a.Desc.Options == d.Options {
			return a
		}
	}
	return nil
}

// drop removes the attribute with exactly the description d.
func (e *Entry) drop(d *AttributeDescription) {
	list, _ := e.listFor(d)
	for i := range *list {
		if a := &(*list)[i]; a.Desc.Name == d.Name && a.Desc.Options == d.Options {
			*list = slices.Delete(*list, i, i+1)
			return
		}
	}
}

// addNaming adds the values of r to e where they are missing.
func (s *Schema) addNaming(e *Entry, r RDN) error {
	for i := range r {
		d := r[i].Desc
		if err := s.checkNaming(&r[i]); err != nil {
			return err
		}
		a := e.find(&d)
		switch {
		case a == nil:
			list, _ := e.listFor(&d)
			*list = append(*list, Attribute{Desc: d, Values: [][]byte{r[i].Value}})
		case s.findValue(d.Type, a.Values, r[i].Value) >= 0:
		default:
			a.Values = append(a.Values, r[i].Value)
		}
	}
	return nil
}

// checkNaming tells whether an AVA may name an entry.
func (s *Schema) checkNaming(a *AVA) error {
	t := a.Desc.Type
	switch {
	case t == nil, !s.validValue(t, a.Value):
		return Refuse(InvalidDNSyntax, "invalid DN")
	case t.Operational():
		return Refuse(NamingViolation, "naming attribute '"+t.Name+"' is operational")
	case t.Collective:
		return Refuse(NamingViolation, "naming attribute '"+t.Name+"' is collective")
	case t.Obsolete:
		return Refuse(NamingViolation, "naming attribute '"+t.Name+"' is obsolete")
	case t.Equality == nil:
		return Refuse(NamingViolation, "naming attribute '"+t.Name+"' has no equality matching rule")
	}
	return nil
}

// isPrintable tells whether text is ASCII without control characters.
func isPrintable(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return text != ""
}
