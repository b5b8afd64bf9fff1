package schema

import "slices"

// Checks of a whole entry against the schema (RFC 4512 2.4, 3.3, 4.1).

// CheckEntry checks object classes (65), the presence of the naming values
// (64) and single-valued attributes (19), and sets structuralObjectClass among
// e.Operational. Errors are *Result with slapd's texts.
//
// A class that the schema does not know can only have come in by import; what
// such an entry must or may have is then unknown too and is not checked.
func (s *Schema) CheckEntry(e *Entry) error {
	classes, unknown, err := s.classesOf(e)
	if err != nil {
		return err
	}
	structural, err := structuralClass(classes)
	if err != nil {
		return err
	}
	if structural == nil && !unknown {
		return Refuse(ObjectClassViolation, "no structural object class provided")
	}
	if !unknown {
		if err := s.checkMust(e, classes); err != nil {
			return err
		}
		if err := s.checkAllowed(e, classes); err != nil {
			return err
		}
		if e.Kind(s)&KindReferral == 0 && s.Ref != nil && e.has(s.Ref) {
			return Refuse(ObjectClassViolation, "attribute \"ref\" only allowed in the referral")
		}
	}
	if err := s.checkSingle(e); err != nil {
		return err
	}
	if err := s.checkRDN(e); err != nil {
		return err
	}
	if structural != nil {
		const name = "structuralObjectClass" // mostly it is there, and true
		if has := e.Get(name); len(has) != 1 || string(has[0]) != structural.Name {
			s.SetOperational(e, name, []byte(structural.Name))
		}
	}
	return nil
}

// classesOf looks the classes of e up.
func (s *Schema) classesOf(e *Entry) (classes []*ObjectClass, unknown bool, err error) {
	values := e.Get(s.ObjectClassType.Name)
	if len(values) == 0 {
		return nil, false, Refuse(ObjectClassViolation, "no objectClass attribute")
	}
	for _, v := range values {
		c := s.ObjectClass(v)
		switch {
		case c == nil:
			unknown = true
		case c.Obsolete:
			return nil, false, Refuse(ObjectClassViolation, "objectClass '"+c.Name+"' is OBSOLETE")
		default:
			classes = append(classes, c)
		}
	}
	return classes, unknown, nil
}

// structuralClass finds the most subordinate structural class, which all other
// structural classes must be superclasses of.
func structuralClass(classes []*ObjectClass) (*ObjectClass, error) {
	var most *ObjectClass
	for _, c := range classes {
		if c.Kind != Structural || (most != nil && most.Is(c)) {
			continue
		}
		if most != nil && !c.Is(most) {
			return nil, Refuse(ObjectClassViolation,
				"invalid structural object class chain ("+most.Name+"/"+c.Name+")")
		}
		most = c
	}
	for _, c := range classes {
		if c.Kind == Abstract && !derivedFrom(classes, c) {
			if most == nil { // slapd looks for a structural class first
				return nil, nil
			}
			return nil, Refuse(ObjectClassViolation,
				"instantiation of abstract objectClass '"+c.Name+"' not allowed")
		}
	}
	return most, nil
}

// derivedFrom tells whether another one of classes is derived from c.
func derivedFrom(classes []*ObjectClass, c *ObjectClass) bool {
	for _, o := range classes {
		if o != c && o.Is(c) {
			return true
		}
	}
	return false
}

// checkMust finds required attributes that are not there.
func (s *Schema) checkMust(e *Entry, classes []*ObjectClass) error {
	for _, c := range classes {
		for _, t := range c.Must {
			if !e.has(t) {
				return Refuse(ObjectClassViolation, "object class '"+c.Name+"' requires attribute '"+t.Name+"'")
			}
		}
	}
	return nil
}

// has tells whether e has the type, a subtype of it, or either with options.
func (e *Entry) has(t *AttributeType) bool {
	for _, list := range [2][]Attribute{e.Attributes, e.Operational} {
		for i := range list {
			if a := list[i].Desc.Type; a == t || (a != nil && a.Is(t)) {
				return true
			}
		}
	}
	return false
}

// Is tells whether t is o or derived from it.
func (t *AttributeType) Is(o *AttributeType) bool {
	for ; t != nil; t = t.Sup {
		if t == o {
			return true
		}
	}
	return false
}

// checkAllowed finds user attributes that no class allows. Types that the
// schema does not know have come in by import and are left alone.
func (s *Schema) checkAllowed(e *Entry, classes []*ObjectClass) error {
	for _, c := range classes {
		if c.Name == "extensibleObject" {
			return nil
		}
	}
	for i := range e.Attributes {
		d := &e.Attributes[i].Desc
		if d.Type != nil && d.Type != s.ObjectClassType && !allowed(classes, d.Type) {
			return Refuse(ObjectClassViolation, "attribute '"+d.String()+"' not allowed")
		}
	}
	return nil
}

// allowed tells whether one of classes has the type. Looking through their lists
// costs less than to make a set of them for each change.
func allowed(classes []*ObjectClass, t *AttributeType) bool {
	for _, c := range classes {
		if slices.Contains(c.Must, t) || slices.Contains(c.May, t) {
			return true
		}
	}
	return false
}

func (s *Schema) checkSingle(e *Entry) error {
	for _, list := range [2][]Attribute{e.Attributes, e.Operational} {
		for i := range list {
			if t := list[i].Desc.Type; t != nil && t.SingleValue && len(list[i].Values) > 1 {
				return Refuse(ConstraintViolation, "attribute '"+list[i].Desc.String()+"' cannot have multiple values")
			}
		}
	}
	return nil
}

// checkRDN checks that the values in the name are in the entry.
func (s *Schema) checkRDN(e *Entry) error {
	name, err := s.naming(e)
	if err != nil || name == nil {
		return err
	}
	if missing := s.missingNaming(e, name); missing != "" {
		return Refuse(NamingViolation, missing)
	}
	return nil
}

// naming gives the RDN of e; nil for an entry without a name.
func (s *Schema) naming(e *Entry) (RDN, error) {
	if e.rdn != nil && e.rdnOf == e.DN {
		return e.rdn, nil
	}
	first, _, ok := SplitDN(e.DN, 1)
	if !ok {
		first = e.DN
	}
	name, err := s.ParseDN([]byte(first))
	switch {
	case err != nil:
		return nil, Refuse(InvalidDNSyntax, "invalid DN")
	case len(name) == 0:
		return nil, nil
	}
	e.rdn, e.rdnOf = name[0], e.DN
	return e.rdn, nil
}

// missingNaming says which value of r is not in e; "" if all are.
func (s *Schema) missingNaming(e *Entry, r RDN) string {
	for i := range r {
		d := r[i].Desc
		switch a := e.find(&d); {
		case a == nil:
			return "naming attribute '" + d.Name + "' is not present in entry"
		case s.findValue(d.Type, a.Values, r[i].Value) < 0:
			return "value of naming attribute '" + d.Name + "' is not present in entry"
		}
	}
	return ""
}
