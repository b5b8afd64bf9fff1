package schema

// Changing an entry as a modify request asks (RFC 4511 4.6, RFC 4525).

import (
	"fmt"
	"math/big"
)

// modifier applies modifications to one entry. Lists of values are indexed
// once per request, and removed values leave holes (nil) until the end, so that
// a request costs time in proportion to the values it touches.
type modifier struct {
	s     *Schema
	entry *Entry
	open  []openAttribute // as the request names them; never more than its cap
	index map[string]int  // of open by canonical description; nil while there are few
}

// openAttribute is an attribute that is being changed.
type openAttribute struct {
	desc   AttributeDescription
	values [][]byte // nil: removed
	count  int      // of values that are left
	set    *valueSet
	fresh  bool // was not in the entry
	held   bool // values are not those of the entry any more, but a list of their own
}

// fewOpen is how many attributes are looked through, for less than a map costs.
const fewOpen = 8

// ApplyMods carries the modifications out on e, in order; the outcome of all
// of them together is what CheckEntry must then accept. On an error, which is
// a *Result (2, 16, 17, 18, 19, 20, 21, 65, 67, 69), e may be half changed and
// must be thrown away. Values that are replaced keep the order of the request.
//
// A type, a class or a value that the schema does not accept is refused unless
// e has it: what an import brought in can be edited.
func (s *Schema) ApplyMods(e *Entry, mods []Modification) error {
	name, err := s.naming(e)
	if err != nil {
		return err
	}
	m := modifier{s: s, entry: e, open: make([]openAttribute, 0, len(mods))}
	targets := make([]*openAttribute, len(mods))
	for i := range mods { // all of the request is checked before any of it is done
		if targets[i], err = m.check(&mods[i]); err != nil {
			return err
		}
	}
	var oldStructural *ObjectClass
	classes := AttributeDescription{Type: s.ObjectClassType, Name: s.ObjectClassType.Name}
	if m.opened(&classes) != nil {
		old, _, _ := s.classesOf(e)
		oldStructural, _ = structuralClass(old)
	}
	for i := range mods {
		if err := m.apply(targets[i], &mods[i]); err != nil {
			return err
		}
	}
	m.finish()
	if oldStructural != nil {
		if err := s.sameStructural(e, oldStructural); err != nil {
			return err
		}
	}
	if m.touches(name) { // RFC 4511 4.6: 67, where slapd gives 64
		if missing := s.missingNaming(e, name); missing != "" {
			return Refuse(NotAllowedOnRDN, missing)
		}
	}
	return nil
}

// sameStructural refuses a change of the structural class (RFC 4511 4.6).
func (s *Schema) sameStructural(e *Entry, old *ObjectClass) error {
	classes, unknown, err := s.classesOf(e)
	if err != nil {
		return err
	}
	now, err := structuralClass(classes)
	switch {
	case err != nil:
		return err
	case now == nil && !unknown:
		return Refuse(ObjectClassViolation, "no structural object class provided")
	case now != nil && now != old:
		return Refuse(ObjectClassModsProhibited, "structural object class modification from '"+
			old.Name+"' to '"+now.Name+"' not allowed")
	}
	return nil
}

// touches tells whether the request names an attribute of the entry's name.
func (m *modifier) touches(r RDN) bool {
	for i := range r {
		if m.opened(&r[i].Desc) != nil {
			return true
		}
	}
	return false
}

// check refuses what is wrong with a modification whatever the values of the
// entry are, and gives the attribute it is about.
func (m *modifier) check(mod *Modification) (*openAttribute, error) {
	d, err := m.s.describe(mod.Attr)
	if err != nil {
		return nil, err
	}
	a := m.attribute(&d)
	if d.Type == nil && a.fresh && !m.s.tolerant {
		return nil, undefinedType(mod.Attr)
	}
	for i, v := range mod.Values {
		if !m.s.validValue(d.Type, v) && !a.tolerates(m.s, v) {
			return nil, invalidValue(&d, i)
		}
	}
	switch {
	case mod.Op == ModAdd && len(mod.Values) == 0:
		return nil, Refuse(ProtocolError, "modify/add operation requires values")
	case mod.Op == ModIncrement && len(mod.Values) == 0:
		return nil, Refuse(ProtocolError, "modify/increment operation requires value")
	case mod.Op == ModIncrement && len(mod.Values) > 1:
		return nil, Refuse(ProtocolError, "modify/increment operation requires single value")
	case mod.Op > ModIncrement:
		return nil, Refuse(ProtocolError, "unrecognized modify operation")
	case d.Type != nil && d.Type.SingleValue && len(mod.Values) > 1 && mod.Op != ModDelete:
		return nil, Refuse(ConstraintViolation, d.String()+": multiple values provided")
	}
	if mod.Op != ModDelete { // slapd lets the same value be deleted twice
		if err := m.s.checkDistinct(&d, mod.Values); err != nil {
			return nil, err
		}
	}
	if d.Type != nil && d.Type.NoUserModification {
		return nil, notModifiable(&d)
	}
	return a, nil
}

func (m *modifier) apply(a *openAttribute, mod *Modification) error {
	switch mod.Op {
	case ModAdd:
		return m.add(a, m.s.spelled(a.desc.Type, mod.Values))
	case ModDelete:
		return m.delete(a, mod.Values)
	case ModReplace:
		a.values, a.set, a.held = held(m.s.spelled(a.desc.Type, mod.Values)), nil, true
		a.count = len(a.values)
		return nil
	}
	return m.increment(a, mod.Values[0])
}

// attribute opens the attribute with the description d.
func (m *modifier) attribute(d *AttributeDescription) *openAttribute {
	if a := m.opened(d); a != nil {
		return a
	}
	m.open = append(m.open, openAttribute{desc: *d, fresh: true})
	a := &m.open[len(m.open)-1]
	if old := m.entry.find(d); old != nil {
		a.fresh, a.values, a.count = false, old.Values, len(old.Values)
	}
	if m.index != nil {
		m.index[d.String()] = len(m.open) - 1
	}
	return a
}

// opened finds the open attribute with the description d; nil if there is none.
func (m *modifier) opened(d *AttributeDescription) *openAttribute {
	if m.index == nil {
		if len(m.open) <= fewOpen {
			for i := range m.open {
				if o := &m.open[i].desc; o.Name == d.Name && o.Options == d.Options {
					return &m.open[i]
				}
			}
			return nil
		}
		m.index = make(map[string]int, cap(m.open))
		for i := range m.open {
			m.index[m.open[i].desc.String()] = i
		}
	}
	if i, ok := m.index[d.String()]; ok {
		return &m.open[i]
	}
	return nil
}

// hold makes values a list that may be changed.
func (a *openAttribute) hold() {
	if !a.held {
		a.values, a.held = held(a.values), true
	}
}

// held copies a list of values. Empty ones are made not nil, which marks a hole.
func held(values [][]byte) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		if v == nil {
			v = []byte{}
		}
		out[i] = v
	}
	return out
}

// find looks a value up, building the index at the first time.
func (a *openAttribute) find(s *Schema, value []byte) int {
	if a.set == nil {
		a.hold()
		a.values = compact(a.values)
		a.set, _ = s.newValueSet(a.desc.Type, a.values)
	}
	return a.set.find(value)
}

// tolerates tells whether a value that is not valid is there already. That one which is
// valid matches it is not enough: integerMatch takes 007 for 7.
func (a *openAttribute) tolerates(s *Schema, value []byte) bool {
	i := a.find(s, value)
	return i >= 0 && !s.validValue(a.desc.Type, a.values[i])
}

func (m *modifier) add(a *openAttribute, values [][]byte) error {
	if t := a.desc.Type; a.count > 0 && t != nil && t.Equality == nil {
		return Refuse(InappropriateMatching, "modify/add: "+a.desc.String()+": no equality matching rule")
	}
	a.hold()
	for i, v := range held(values) {
		if a.find(m.s, v) >= 0 {
			return Refuse(AttributeOrValueExists, fmt.Sprintf("modify/add: %s: value #%d already exists", a.desc, i))
		}
		a.set.add(v, len(a.values))
		a.values = append(a.values, v)
		a.count++
	}
	return nil
}

func (m *modifier) delete(a *openAttribute, values [][]byte) error {
	if a.count == 0 {
		return Refuse(NoSuchAttribute, "modify/delete: "+a.desc.String()+": no such attribute")
	}
	if len(values) == 0 {
		a.values, a.count, a.set, a.held = nil, 0, nil, true
		return nil
	}
	if t := a.desc.Type; t != nil && t.Equality == nil {
		return Refuse(InappropriateMatching, "modify/delete: "+a.desc.String()+": no equality matching rule")
	}
	var asked *valueSet
	for n, v := range values {
		i := a.find(m.s, v)
		if i < 0 {
			if asked == nil {
				asked, _ = m.s.newValueSet(a.desc.Type, values)
			}
			if asked.find(v) < n { // deleted a moment ago
				continue
			}
			return Refuse(NoSuchAttribute, "modify/delete: "+a.desc.String()+": no such value")
		}
		a.set.remove(v)
		a.values[i] = nil
		a.count--
	}
	return nil
}

// maxIncrementDigits bounds the numbers that increment works on.
const maxIncrementDigits = 4096

// increment adds to all values (RFC 4525).
func (m *modifier) increment(a *openAttribute, value []byte) error {
	if a.count == 0 {
		return Refuse(NoSuchAttribute, "modify/increment: "+a.desc.String()+": no such attribute")
	}
	if t := a.desc.Type; t == nil || t.Syntax == nil || t.Syntax.OID != syntaxInteger {
		return Refuse(ConstraintViolation, a.desc.String()+": attribute syntax inappropriate for increment")
	}
	by, ok := parseBig(value)
	if !ok {
		return invalidValue(&a.desc, 0)
	}
	a.hold()
	a.values, a.set = compact(a.values), nil
	for i, v := range a.values {
		n, ok := parseBig(v)
		if !ok {
			return invalidValue(&a.desc, i)
		}
		a.values[i] = n.Add(n, by).Append(nil, 10)
	}
	return nil
}

func parseBig(text []byte) (*big.Int, bool) {
	if len(text) > maxIncrementDigits {
		return nil, false
	}
	return new(big.Int).SetString(string(text), 10)
}

// compact removes the holes of deleted values, keeping the order.
func compact(values [][]byte) [][]byte {
	out := values[:0]
	for _, v := range values {
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

// finish puts the changed attributes back into the entry. Attributes that it
// had keep their place; new ones come behind, as the request names them.
func (m *modifier) finish() {
	for i := range m.open {
		a := &m.open[i]
		values := compact(a.values)
		switch old := m.entry.find(&a.desc); {
		case len(values) == 0:
			m.entry.drop(&a.desc)
		case old != nil:
			old.Values = values
		default:
			list, _ := m.entry.listFor(&a.desc)
			*list = append(*list, Attribute{Desc: a.desc, Values: values})
		}
	}
}
