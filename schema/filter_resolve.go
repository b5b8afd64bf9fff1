package schema

// Resolve looks up the types and rules of f and normalises its assertion
// values, once for all entries. What cannot be evaluated (an unknown type, a
// value of the wrong syntax, a type without the rule that the item needs) is
// Undefined for every entry (RFC 4511 4.5.1.7), and so are items on types that
// hidden names, so that nobody guesses by filter what may not be read. hidden
// may be nil.
//
// It does not allocate for known types without options once f has grown.
func (f *Filter) Resolve(s *Schema, hidden func(*AttributeType) bool) {
	f.forms = f.forms[:0]
	for i := range f.Nodes {
		n := &f.Nodes[i]
		n.Desc, n.Matching, n.Form = AttributeDescription{}, nil, nil
		n.Undefined, n.unsure, n.computed = false, false, notComputed
		if n.Kind <= FilterNot {
			continue
		}
		n.Undefined = !f.resolveItem(s, n, hidden)
	}
}

// resolveItem reports whether the item can be evaluated.
func (f *Filter) resolveItem(s *Schema, n *FilterNode, hidden func(*AttributeType) bool) bool {
	if len(n.Attr) > 0 {
		d, err := s.ParseDescription(n.Attr)
		if err != nil {
			return false
		}
		if d.Type == nil {
			return f.resolveUnknown(s, n, d)
		}
		if hidden != nil && hidden(d.Type) {
			return false
		}
		n.Desc, n.computed = d, computedOf(d.Name)
	} else if n.Kind != FilterExtensible {
		return false
	}
	switch n.Kind {
	case FilterPresent:
		return true
	case FilterEquality, FilterApprox:
		n.Matching = n.Desc.Type.Equality
		n.unsure = n.Desc.Type == s.ObjectClassType && s.ObjectClass(n.Value) == nil
	case FilterGreaterOrEqual, FilterLessOrEqual:
		n.Matching = n.Desc.Type.Ordering
	case FilterSubstrings:
		n.Matching = n.Desc.Type.Substr
		return n.Matching != nil && f.resolveParts(s, n)
	case FilterExtensible:
		if n.Matching = extensibleRule(s, n); n.Matching != nil && n.Matching.Kind == SubstringsRule {
			return false // its assertion syntax has no LDAP string form worth parsing here
		}
	}
	if n.Matching == nil {
		return false
	}
	return f.form(s, n.Matching, n.Value, &n.Form)
}

// resolveUnknown makes an item on a type that the schema does not know. It is
// Undefined (RFC 4511 4.5.1.7) but for entries that an import brought in with
// that very type: those are found, with values compared as text.
func (f *Filter) resolveUnknown(s *Schema, n *FilterNode, d AttributeDescription) bool {
	n.Desc, n.unsure = d, true
	switch n.Kind {
	case FilterPresent:
		return true
	case FilterEquality, FilterApprox:
		n.Matching = s.MatchingRule([]byte("caseIgnoreMatch"))
		return n.Matching != nil && f.form(s, n.Matching, n.Value, &n.Form)
	case FilterSubstrings:
		n.Matching = s.MatchingRule([]byte("caseIgnoreSubstringsMatch"))
		return n.Matching != nil && f.resolveParts(s, n)
	}
	return false
}

// extensibleRule finds the rule of an extensible match: the one named, if it
// may be used with the type, else the equality rule of the type.
func extensibleRule(s *Schema, n *FilterNode) *MatchingRule {
	if len(n.Rule) == 0 {
		if n.Desc.Type == nil {
			return nil
		}
		return n.Desc.Type.Equality
	}
	r := s.MatchingRule(n.Rule)
	if r == nil || (n.Desc.Type != nil && !r.usableWith(n.Desc.Type)) {
		return nil
	}
	return r
}

// directoryStrings are the syntaxes whose values any of the string rules can
// compare (RFC 4517 4.2).
func directoryString(oid string) bool {
	switch oid {
	case "1.3.6.1.4.1.1466.115.121.1.15", // Directory String
		"1.3.6.1.4.1.1466.115.121.1.50", // Telephone Number
		"1.3.6.1.4.1.1466.115.121.1.44", // Printable String
		"1.3.6.1.4.1.1466.115.121.1.11": // Country String
		return true
	}
	return false
}

// usableWith tells whether the rule makes sense for values of the type.
func (r *MatchingRule) usableWith(t *AttributeType) bool {
	if r == t.Equality || r == t.Ordering || r == t.Substr {
		return true
	}
	if t.Syntax == nil {
		return false
	}
	if r.SyntaxOID == t.Syntax.OID {
		return true
	}
	return directoryString(r.SyntaxOID) && directoryString(t.Syntax.OID)
}

// form puts the normal form of value into *out, which lies within f.forms. When
// f.forms grows and moves, earlier forms stay valid where they were.
func (f *Filter) form(s *Schema, r *MatchingRule, value []byte, out *[]byte) bool {
	switch r.SyntaxOID {
	case syntaxInteger, syntaxTelephone:
		// These rules take more than their syntax, such as 007, because an
		// import may have stored it. An assertion has no such excuse.
		if s.syntaxes[r.SyntaxOID].Validate(s, value) != nil {
			return false
		}
	}
	at := len(f.forms)
	grown, err := r.Normalize(s, f.forms, value)
	if err != nil {
		return false
	}
	f.forms = grown
	*out = grown[at:len(grown):len(grown)]
	return true
}

func (f *Filter) resolveParts(s *Schema, n *FilterNode) bool {
	for i := n.PartsFrom; i < n.PartsTo; i++ {
		p := &f.Parts[i]
		at := len(f.forms)
		var err error
		var grown []byte
		if n.Matching.NormalizePart != nil {
			grown, err = n.Matching.NormalizePart(s, f.forms, p.Value, p.At)
		} else {
			grown, err = n.Matching.Normalize(s, f.forms, p.Value)
		}
		if err != nil {
			return false
		}
		f.forms = grown
		p.Form = grown[at:len(grown):len(grown)]
	}
	return n.PartsTo > n.PartsFrom
}
