// rename.go: ModifyDN (RFC 4511 4.9), of leaves and of whole subtrees.

package model

func (m *Server) rename(o Operation) Answer {
	n, ok := ParseName(o.DN)
	if !ok {
		return Answer{Code: InvalidDNSyntax}
	}
	rdn, ok := ParseName(o.NewRDN)
	if !ok || len(rdn) != 1 {
		return Answer{Code: InvalidDNSyntax}
	}
	superior := n.Parent()
	if o.NewSuperior != "" {
		if superior, ok = ParseName(o.NewSuperior); !ok {
			return Answer{Code: InvalidDNSyntax}
		}
	}
	if !n.Under(m.suffix) {
		return Answer{Code: UnwillingToPerform}
	}
	target := append(Name{rdn[0]}, superior...)
	if !target.Under(m.suffix) {
		return Answer{Code: AffectsMultipleDSAs}
	}
	e := m.entries[n.Key()]
	switch {
	case o.NewSuperior != "" && superior.Under(n):
		return Answer{Code: UnwillingToPerform}
	case n.Under(target) && len(n) > len(target): // slapd says so before it looks for entries
		return Answer{Code: UnwillingToPerform, Also: []int{EntryAlreadyExists, NoSuchObject}}
	case e == nil:
		return m.notFound(n)
	case m.entries[superior.Key()] == nil:
		return Answer{Code: NoSuchObject, MatchedDN: Unchecked}
	case m.entries[target.Key()] != nil && target.Key() != n.Key():
		return Answer{Code: EntryAlreadyExists}
	}
	changed := e.copy()
	changed.name = target
	if o.DeleteOldRDN {
		changed.dropOldValues(n[0])
	}
	changed.addNamingValues(true)
	old, _ := e.structural()
	if code := m.check(changed, old, NamingViolation); code != Success {
		return Answer{Code: code}
	}
	m.move(n, target)
	m.put(changed)
	return Answer{}
}

// dropOldValues removes the values of the old name. One that is in the new
// name too comes back as that spells it.
func (e *entry) dropOldValues(old RDN) {
	for _, ava := range old {
		if a := e.find(description{typ: ava.typ}); a != nil && a.index(ava.Value) >= 0 {
			e.deleteValues(a.desc, []string{ava.Value})
		}
	}
}

// move gives all entries at and below from their new names.
func (m *Server) move(from, to Name) {
	m.sorted = nil
	moved := make(map[string]*entry)
	for key, e := range m.entries {
		if e.name.Under(from) {
			delete(m.entries, key)
			c := *e
			c.name = append(append(Name{}, e.name[:len(e.name)-len(from)]...), to...)
			moved[c.name.Key()] = &c
		}
	}
	for key, e := range moved {
		m.entries[key] = e
	}
}
