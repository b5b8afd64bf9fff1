// update.go: add, modify and delete (RFC 4511 4.6 to 4.8, RFC 4525).

package model

import (
	"math/big"
	"slices"
)

// checkValues tells what is wrong with an attribute of a request whatever the
// entry holds. distinct is false where a value may be named twice.
func checkValues(v Values, increment, distinct bool) (description, int) {
	d, ok := parseDescription(v.Attribute)
	if !ok {
		return d, UndefinedAttributeType
	}
	if increment && d.typ.syntax != integer {
		return d, ConstraintViolation
	}
	seen := make(map[string]bool)
	double := false
	for _, value := range v.Values {
		norm, ok := d.typ.syntax.normalize(value)
		if !ok {
			return d, InvalidAttributeSyntax
		}
		double = double || seen[norm]
		seen[norm] = true
	}
	switch {
	case d.typ.single && len(v.Values) > 1 && distinct:
		return d, ConstraintViolation
	case double && distinct:
		return d, AttributeOrValueExists
	}
	return d, Success
}

func (m *Server) add(o Operation) Answer {
	if len(o.Attributes) == 0 { // slapd wants one; the ASN.1 does not
		return Answer{Code: ProtocolError, Also: []int{ObjectClassViolation}}
	}
	for _, v := range o.Attributes {
		if len(v.Values) == 0 {
			return Answer{Code: ProtocolError}
		}
	}
	if o.DN == "" {
		return Answer{Code: EntryAlreadyExists} // the root DSE is there
	}
	n, code := m.target(o.DN)
	if code == InvalidDNSyntax {
		return Answer{Code: code}
	}
	e := &entry{name: n}
	managed := false
	for _, v := range o.Attributes {
		d, code := checkValues(v, false, true)
		if code != Success {
			return Answer{Code: code}
		}
		managed = managed || d.typ.operational
		if e.find(d) != nil {
			return Answer{Code: AttributeOrValueExists}
		}
		e.set(d, slices.Clone(v.Values))
	}
	if code != Success {
		return Answer{Code: code}
	}
	if managed {
		return Answer{Code: ConstraintViolation}
	}
	e.addNamingValues(false)
	if code := m.check(e, nil, NamingViolation); code != Success {
		return Answer{Code: code}
	}
	if m.entries[n.Key()] != nil {
		return Answer{Code: EntryAlreadyExists}
	}
	if m.entries[n.Parent().Key()] == nil {
		return m.notFound(n)
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
	n, code := m.target(o.DN)
	if code != Success {
		return Answer{Code: code}
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
	for _, mod := range o.Mods {
		if mod.Kind == ModAdd && len(mod.Values.Values) == 0 ||
			mod.Kind == ModIncrement && len(mod.Values.Values) != 1 {
			return Answer{Code: ProtocolError}
		}
	}
	n, outside := m.target(o.DN)
	if outside == InvalidDNSyntax {
		return Answer{Code: outside}
	}
	targets := make([]description, len(o.Mods))
	for i, mod := range o.Mods {
		d, code := checkValues(mod.Values, mod.Kind == ModIncrement, mod.Kind != ModDelete)
		if code != Success {
			return Answer{Code: code}
		}
		targets[i] = d
	}
	if outside != Success {
		return Answer{Code: outside}
	}
	for _, d := range targets {
		if d.typ.operational {
			return Answer{Code: ConstraintViolation}
		}
	}
	e := m.entries[n.Key()]
	if e == nil {
		return m.notFound(n)
	}
	old, _ := e.structural()
	e = e.copy()
	for i, mod := range o.Mods {
		if code := m.apply(e, targets[i], mod); code != Success {
			return Answer{Code: code}
		}
	}
	unnamed := NotAllowedOnRDN // RFC 4511 4.6
	if m.Deviations.NamingViolationOnModify {
		unnamed = NamingViolation
	}
	if code := m.check(e, old, unnamed); code != Success {
		return Answer{Code: code}
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
			number, _ := new(big.Int).SetString(v, 10)
			by, _ := new(big.Int).SetString(values[0], 10)
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
