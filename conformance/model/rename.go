// rename.go: ModifyDN (RFC 4511 4.9), of leaves and of whole subtrees.

package model

func (m *Server) rename(o Operation) Answer {
	n, ok := ParseName(o.DN)
	if !ok {
		return badName(o.DN).answer()
	}
	var f faults
	rdn, ok := ParseName(o.NewRDN)
	if !ok || len(rdn) != 1 {
		f.addAll(badName(o.NewRDN))
	}
	superior := n.Parent()
	if o.NewSuperior != "" {
		if superior, ok = ParseName(o.NewSuperior); !ok {
			f.addAll(badName(o.NewSuperior))
		}
	}
	e := m.entries[n.Key()]
	f.add(!n.Under(m.suffix), UnwillingToPerform)
	f.add(o.NewSuperior != "" && ok && superior.Under(n), UnwillingToPerform)
	if len(f) > 0 {
		f.add(e == nil || m.entries[superior.Key()] == nil, NoSuchObject)
		return f.answer()
	}
	target := append(Name{rdn[0]}, superior...)
	f.add(!target.Under(m.suffix), AffectsMultipleDSAs)
	f.add(n.Under(target) && len(n) > len(target), UnwillingToPerform) // an entry that is there, says slapd first
	if e == nil && len(f) == 0 {
		return m.notFound(n)
	}
	f.add(e == nil || m.entries[superior.Key()] == nil, NoSuchObject)
	f.add(m.entries[target.Key()] != nil && target.Key() != n.Key(), EntryAlreadyExists)
	if e == nil {
		return f.answer()
	}
	changed := e.copy()
	changed.name = target
	if o.DeleteOldRDN {
		changed.dropOldValues(n[0])
	}
	changed.addNamingValues(true)
	old, _ := e.structural()
	f.addAll(changed.check(old, NamingViolation))
	if len(f) > 0 {
		a := f.answer()
		a.MatchedDN = Unchecked // with a superior that is missing
		return a
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
