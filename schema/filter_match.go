package schema

import "bytes"

// Match evaluates a resolved filter on an entry. f keeps scratch memory, so
// only one goroutine may match with it at a time. Depth of nesting is bounded
// by the decoder.
func (f *Filter) Match(s *Schema, v *View) Tri {
	if len(f.Nodes) == 0 {
		return Undefined
	}
	return f.match(s, v, 0)
}

// MatchItem tells whether n, an item of f, is true of an entry.
func (f *Filter) MatchItem(s *Schema, v *View, n *FilterNode) bool {
	return !n.Undefined && f.item(s, v, n)
}

// MatchHiding is Match with further types hidden, for this entry alone.
func (f *Filter) MatchHiding(s *Schema, v *View, hidden func(*AttributeType) bool) Tri {
	for i := range f.Nodes {
		n := &f.Nodes[i]
		if n.Desc.Type != nil && !n.Undefined && hidden(n.Desc.Type) {
			n.Undefined = true
			defer func() { n.Undefined = false }()
		}
	}
	return f.Match(s, v)
}

func (f *Filter) match(s *Schema, v *View, i int32) Tri {
	n := &f.Nodes[i]
	switch n.Kind {
	case FilterAnd:
		out := True
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			switch f.match(s, v, c) {
			case False:
				return False
			case Undefined:
				out = Undefined
			}
		}
		return out
	case FilterOr:
		out := False
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			switch f.match(s, v, c) {
			case True:
				return True
			case Undefined:
				out = Undefined
			}
		}
		return out
	case FilterNot:
		switch f.match(s, v, i+1) {
		case True:
			return False
		case False:
			return True
		}
		return Undefined
	}
	if n.Undefined {
		return Undefined
	}
	switch {
	case f.item(s, v, n):
		return True
	case n.unsure:
		return Undefined
	}
	return False
}

// item evaluates one item that Resolve found to be defined.
func (f *Filter) item(s *Schema, v *View, n *FilterNode) bool {
	switch {
	case n.computed != notComputed:
		value, ok := appendComputed(nil, v, n.computed)
		return ok && (n.Kind == FilterPresent || f.value(s, n, value))
	case len(n.Attr) == 0: // extensible match without type
		return f.list(s, n, v.User) || f.list(s, n, v.Operational) || (n.DN && f.names(s, v, n))
	case n.Kind == FilterPresent && n.Desc.Type == s.ObjectClassType:
		return true // every entry has one; the usual filter of a full scan
	}
	list := v.User
	if n.Desc.Type != nil && n.Desc.Type.Operational() {
		list = v.Operational
	}
	return f.list(s, n, list) || (n.DN && f.names(s, v, n))
}

// list looks through stored attributes.
func (f *Filter) list(s *Schema, n *FilterNode, list []byte) bool {
	for {
		list = n.Desc.skip(list)
		p := nextPlace(list)
		if p.end == 0 {
			return false
		}
		desc, vals := list[p.desc:p.descEnd], list[p.values:p.end]
		list = list[p.end:]
		if len(n.Attr) == 0 {
			t := s.storedType(desc)
			if t == nil || t.Secret || !n.Matching.usableWith(t) {
				continue
			}
		} else if !n.Desc.Covers(desc) {
			continue
		}
		if n.Kind == FilterPresent {
			return true
		}
		for {
			value, more, ok := NextValue(vals)
			if !ok {
				break
			}
			if f.value(s, n, value) {
				return true
			}
			vals = more
		}
	}
}

func (s *Schema) storedType(desc []byte) *AttributeType {
	if i := bytes.IndexByte(desc, ';'); i >= 0 {
		desc = desc[:i]
	}
	return s.AttributeType(desc)
}

// names matches the values in the entry's own DN (RFC 4511 4.5.1.7.7).
func (f *Filter) names(s *Schema, v *View, n *FilterNode) bool {
	dn, err := s.ParseDN(v.DN)
	if err != nil {
		return false
	}
	for _, rdn := range dn {
		for _, ava := range rdn {
			t := ava.Desc.Type
			if t == nil || (n.Desc.Type == nil && !n.Matching.usableWith(t)) {
				continue
			}
			if (n.Desc.Type == nil || n.Desc.Covers([]byte(ava.Desc.Name))) && f.value(s, n, ava.Value) {
				return true
			}
		}
	}
	return false
}

// value compares one stored value with the assertion. A stored value that
// does not fit the rule's syntax (tolerated at import) matches nothing.
func (f *Filter) value(s *Schema, n *FilterNode, value []byte) bool {
	if n.Matching.Match != nil && n.Kind != FilterSubstrings {
		return n.Matching.Match(s, value, n.Value)
	}
	equality := n.Kind == FilterEquality || n.Kind == FilterApprox
	if equality && bytes.Equal(value, n.Value) {
		return true
	}
	form, err := n.Matching.Normalize(s, f.scratch[:0], value)
	if err != nil {
		return false
	}
	f.scratch = form
	switch {
	case equality:
		return bytes.Equal(form, n.Form) || (n.Desc.Type == s.ObjectClassType && s.classCovers(n.Value, value))
	case n.Kind == FilterGreaterOrEqual:
		return bytes.Compare(form, n.Form) >= 0
	case n.Kind == FilterLessOrEqual:
		return bytes.Compare(form, n.Form) <= 0
	case n.Kind == FilterSubstrings:
		return matchParts(form, f.Parts[n.PartsFrom:n.PartsTo])
	case n.Matching.Kind == OrderingRule: // RFC 4517 4.2: an ordering rule in an extensible match asks "less than"
		return bytes.Compare(form, n.Form) < 0
	}
	return bytes.Equal(form, n.Form)
}

// classCovers tells whether the class value is derived from the asserted one:
// superclasses belong to an entry without being listed (RFC 4512 3.3).
func (s *Schema) classCovers(asserted, value []byte) bool {
	want, have := s.ObjectClass(asserted), s.ObjectClass(value)
	return want != nil && have != nil && have.Is(want)
}

// matchParts looks for the parts in order, without overlap.
func matchParts(form []byte, parts []SubstringPart) bool {
	for i := range parts {
		p := parts[i].Form
		switch parts[i].At {
		case PartInitial:
			if !bytes.HasPrefix(form, p) {
				return false
			}
			form = form[len(p):]
		case PartFinal:
			return bytes.HasSuffix(form, p)
		default:
			at := bytes.Index(form, p)
			if at < 0 {
				return false
			}
			form = form[at+len(p):]
		}
	}
	return true
}

// IndexForms calls f with each form under which an equality index must list a
// stored value: its normal form, and for an object class those of all its
// superclasses, because a filter on them matches too. The form is valid during
// the call. scratch is reused memory, returned grown.
func (s *Schema) IndexForms(t *AttributeType, value, scratch []byte, f func(form []byte)) []byte {
	if t.Equality == nil {
		return scratch
	}
	form, err := t.Equality.Normalize(s, scratch[:0], value)
	if err != nil {
		return scratch
	}
	f(form)
	if t == s.ObjectClassType {
		if c := s.ObjectClass(value); c != nil {
			for _, sup := range c.Superclasses() {
				if form, err = t.Equality.Normalize(s, form[:0], []byte(sup.OID)); err == nil {
					f(form)
				}
			}
		}
	}
	return form
}

// Superclasses lists all classes that c is derived from, each once.
func (c *ObjectClass) Superclasses() []*ObjectClass {
	var out []*ObjectClass
	var walk func(*ObjectClass)
	walk = func(c *ObjectClass) {
		for _, s := range c.Sup {
			seen := false
			for _, o := range out {
				seen = seen || o == s
			}
			if !seen {
				out = append(out, s)
				walk(s)
			}
		}
	}
	walk(c)
	return out
}
