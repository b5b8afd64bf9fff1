package schema

// Giving an entry another RDN (RFC 4511 4.9).

// ApplyRename makes rdn the RDN of e: its values are added where they are
// missing, and with deleteOld those of the old RDN that are not in the new one
// are removed. e.DN gets the new RDN and keeps its parent; moving is the
// caller's part. What comes out is what CheckEntry must then accept. Errors are
// *Result: 34 or 64; e must then be thrown away.
//
// An entry of an import whose RDN is of an unknown type can be renamed only to
// one of a known type.
func (s *Schema) ApplyRename(e *Entry, rdn RDN, deleteOld bool) error {
	name, err := s.ParseDN([]byte(e.DN))
	if err != nil || len(name) == 0 || len(rdn) == 0 {
		return Refuse(InvalidDNSyntax, "invalid new RDN")
	}
	for i := range rdn {
		t := rdn[i].Desc.Type
		switch {
		case t == nil || !s.validValue(t, rdn[i].Value):
			return Refuse(InvalidDNSyntax, "invalid new RDN")
		case t.NoUserModification:
			return Refuse(ConstraintViolation, t.Name+": no user modification allowed")
		}
	}
	if deleteOld {
		for i := range name[0] {
			s.dropNaming(e, &name[0][i], rdn)
		}
	}
	if err := s.addNaming(e, rdn); err != nil {
		return err
	}
	e.DN = rdn.String()
	if len(name) > 1 {
		e.DN += "," + name[1:].String()
	}
	return nil
}

// dropNaming removes an old naming value unless the new RDN has it too.
func (s *Schema) dropNaming(e *Entry, old *AVA, rdn RDN) {
	for i := range rdn {
		if rdn[i].Desc.Name == old.Desc.Name && s.findValue(old.Desc.Type, [][]byte{rdn[i].Value}, old.Value) == 0 {
			s.respell(e, old, rdn[i].Value)
			return
		}
	}
	a := e.find(&old.Desc)
	if a == nil {
		return
	}
	i := s.findValue(old.Desc.Type, a.Values, old.Value)
	switch {
	case i < 0:
	case len(a.Values) == 1:
		e.drop(&old.Desc)
	default:
		a.Values = append(append([][]byte(nil), a.Values[:i]...), a.Values[i+1:]...)
	}
}

// respell gives the old naming value the spelling of the new one, to which it
// is equal by its rule.
func (s *Schema) respell(e *Entry, old *AVA, value []byte) {
	a := e.find(&old.Desc)
	if a == nil {
		return
	}
	if i := s.findValue(old.Desc.Type, a.Values, old.Value); i >= 0 {
		a.Values = append([][]byte(nil), a.Values...)
		a.Values[i] = value
	}
}
