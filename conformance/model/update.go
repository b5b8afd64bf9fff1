// update.go: add, modify and delete (RFC 4511 4.6 to 4.8, RFC 4525).

package model

import (
	"math/big"
	"slices"
	"strings"
)

// faults are result codes that each fit a request that is wrong in several
// ways, in the order in which slapd looks for them. Which one a server gives
// is its own choice (RFC 4511 has no order).
type faults []int

func (f *faults) add(when bool, code int) {
	if when && !slices.Contains(*f, code) {
		*f = append(*f, code)
	}
}

func (f *faults) addAll(o faults) {
	for _, code := range o {
		f.add(true, code)
	}
}

// answer is the refusal.
func (f faults) answer() Answer { return Answer{Code: f[0], MatchedDN: "", Also: f[1:]} }

// checkValues tells what is wrong with an attribute of a request whatever the
// entry holds. distinct is false where a value may be named twice.
func checkValues(v Values, increment, distinct bool) (description, faults) {
	d, ok := parseDescription(v.Attribute)
	if !ok {
		return d, faults{UndefinedAttributeType}
	}
	var f faults
	f.add(increment && d.typ.syntax != integer, ConstraintViolation)
	seen := make(map[string]bool)
	double := false
	for _, value := range v.Values {
		norm, ok := d.typ.syntax.normalize(value)
		f.add(!ok, InvalidAttributeSyntax)
		double = double || seen[norm]
		seen[norm] = true
	}
	f.add(d.typ.single && len(v.Values) > 1 && distinct, ConstraintViolation)
	f.add(double && distinct, AttributeOrValueExists)
	return d, f
}

func (m *Server) add(o Operation) Answer {
	if len(o.Attributes) == 0 { // slapd wants one; the ASN.1 does not
		return Answer{Code: ProtocolError, Also: []int{ObjectClassViolation}}
	}
	var f faults
	for _, v := range o.Attributes {
		f.add(len(v.Values) == 0, ProtocolError)
	}
	n, refused := m.target(o.DN)
	if refused == InvalidDNSyntax {
		f.addAll(badName(o.DN))
		return f.answer()
	}
	e := &entry{name: n}
	for _, v := range o.Attributes {
		d, wrong := checkValues(v, false, true)
		f.addAll(wrong)
		if d.typ == nil {
			continue
		}
		f.add(e.find(d) != nil, AttributeOrValueExists)
		e.set(d, slices.Clone(v.Values))
	}
	f.add(refused != Success, refused)
	f.add(slices.ContainsFunc(e.attributes, func(a attr) bool { return a.desc.typ.operational }), ConstraintViolation)
	e.addNamingValues(false)
	f.addAll(e.check(nil, NamingViolation))
	f.add(m.entries[n.Key()] != nil, EntryAlreadyExists)
	above := m.entries[n.Parent().Key()]
	if above == nil && len(f) == 0 {
		return m.notFound(n)
	}
	f.add(above == nil, NoSuchObject)
	if len(f) > 0 {
		return f.answer()
	}
	m.put(e)
	return Answer{}
}

// addNamingValues: a client need not send them (RFC 4511 4.7). One that the
// single value of its type contradicts is added only when forced.
func (e *entry) addNamingValues(force bool) {
	for _, ava := range e.name[0] {
		d := description{typ: ava.typ}
		a := e.find(d)
		switch {
		case a == nil:
			e.set(d, []string{ava.Value})
		case a.index(ava.Value) < 0 && (force || !ava.typ.single):
			e.set(d, append(a.values, ava.Value))
		}
	}
}

func (m *Server) delete(o Operation) Answer {
	n, refused := m.target(o.DN)
	switch refused {
	case InvalidDNSyntax:
		return badName(o.DN).answer()
	case UnwillingToPerform:
		return Answer{Code: refused, Also: []int{NoSuchObject}} // neither is wrong
	}
	e := m.entries[n.Key()]
	switch {
	case e == nil:
		return m.notFound(n)
	case m.hasChildren(e):
		return Answer{Code: NotAllowedOnNonLeaf}
	}
	delete(m.entries, n.Key())
	m.sorted = nil
	return Answer{}
}

func (m *Server) modify(o Operation) Answer {
	var f faults
	for _, mod := range o.Mods {
		f.add(mod.Kind == ModAdd && len(mod.Values.Values) == 0 ||
			mod.Kind == ModIncrement && len(mod.Values.Values) != 1, ProtocolError)
	}
	n, refused := m.target(o.DN)
	if refused == InvalidDNSyntax {
		f.addAll(badName(o.DN))
	}
	targets := make([]description, len(o.Mods))
	managed := false
	for i, mod := range o.Mods {
		d, wrong := checkValues(mod.Values, mod.Kind == ModIncrement, mod.Kind != ModDelete)
		f.addAll(wrong)
		targets[i] = d
		managed = managed || (d.typ != nil && d.typ.operational)
	}
	f.add(refused != Success, refused)
	f.add(managed, ConstraintViolation)
	e := m.entries[n.Key()]
	if e == nil && len(f) == 0 {
		return m.notFound(n)
	}
	f.add(e == nil, NoSuchObject)
	if e == nil {
		return f.answer()
	}
	old, _ := e.structural()
	e = e.copy()
	for i, mod := range o.Mods {
		if targets[i].typ == nil {
			continue
		}
		if code := m.apply(e, targets[i], mod); code != Success {
			f.add(true, code)
			f.add(code == InappropriateMatching && e.find(targets[i]) == nil, NoSuchAttribute)
			break
		}
	}
	if len(f) > 0 {
		return f.answer()
	}
	unnamed := NotAllowedOnRDN // RFC 4511 4.6
	if m.Deviations.NamingViolationOnModify {
		unnamed = NamingViolation
	}
	if f := e.check(old, unnamed); len(f) > 0 {
		return f.answer()
	}
	m.put(e)
	return Answer{}
}

// apply carries one modification out on e.
func (m *Server) apply(e *entry, d description, mod Modification) int {
	values := mod.Values.Values
	a := e.find(d)
	switch mod.Kind {
	case ModReplace:
		e.set(d, slices.Clone(values))
	case ModAdd:
		if a == nil {
			e.set(d, slices.Clone(values))
			break
		}
		if !d.typ.hasEquality() {
			return InappropriateMatching
		}
		for _, v := range values {
			if a.index(v) >= 0 {
				return AttributeOrValueExists
			}
		}
		a.values = append(a.values, values...)
	case ModDelete:
		return e.deleteValues(d, values)
	case ModIncrement:
		if a == nil {
			return NoSuchAttribute
		}
		for i, v := range a.values {
			if m.Deviations.IncrementOf64Bits && len(v) > 18 {
				return InvalidAttributeSyntax
			}
			number, ok := new(big.Int).SetString(v, 10)
			by, also := new(big.Int).SetString(strings.Join(values, " "), 10)
			if !ok || !also {
				return InvalidAttributeSyntax // and told before
			}
			a.values[i] = number.Add(number, by).String()
		}
	}
	return Success
}

// deleteValues removes values, or all of them when none is named.
func (e *entry) deleteValues(d description, values []string) int {
	a := e.find(d)
	switch {
	case len(values) > 0 && !d.typ.hasEquality():
		return InappropriateMatching
	case a == nil:
		return NoSuchAttribute
	case len(values) == 0:
		e.set(d, nil)
		return Success
	}
	gone := make(map[int]bool)
	for _, v := range values {
		i := a.index(v)
		if i < 0 {
			return NoSuchAttribute
		}
		gone[i] = true
	}
	var left []string
	for i, v := range a.values {
		if !gone[i] {
			left = append(left, v)
		}
	}
	e.set(d, left)
	return Success
}
