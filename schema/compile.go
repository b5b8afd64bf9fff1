package schema

// Resolving references between definitions and handing down what is inherited.

import (
	"slices"
	"strings"
)

// maxSuperiors bounds a chain of SUP.
const maxSuperiors = 64

// compile resolves everything and gives the finished Schema.
func (c *compiler) compile() (*Schema, error) {
	s := c.schema
	if err := c.checkRepeats(); err != nil {
		return nil, err
	}
	for _, a := range c.attrList {
		if err := c.resolveAttribute(a, a.from); err != nil {
			return nil, err
		}
		for _, key := range namesOf(a.OID, a.Names) {
			s.attributes[key] = a.AttributeType
		}
		for _, name := range a.Names { // as most clients and all stored entries have it
			s.attributes[name] = a.AttributeType
		}
		s.attributeList = append(s.attributeList, a.AttributeType)
	}
	for _, t := range s.attributeList {
		for up, n := t, 0; up != nil && n <= maxSuperiors; up, n = up.Sup, n+1 {
			up.Subtypes = append(up.Subtypes, t)
		}
	}
	for _, t := range s.attributeList { // the type itself first
		i := slices.Index(t.Subtypes, t)
		t.Subtypes[0], t.Subtypes[i] = t.Subtypes[i], t.Subtypes[0]
	}
	for _, o := range c.classList {
		if err := c.resolveClass(o, o.from); err != nil {
			return nil, err
		}
		for _, key := range namesOf(o.OID, o.Names) {
			s.classes[key] = o.ObjectClass
		}
		s.classList = append(s.classList, o.ObjectClass)
	}
	for _, x := range []struct {
		to   **AttributeType
		name string
	}{{&s.ObjectClassType, "objectclass"}, {&s.AliasedObject, "aliasedobjectname"},
		{&s.Ref, "ref"}, {&s.UserPassword, "userpassword"}} {
		*x.to = s.attributes[x.name]
	}
	for _, name := range []string{"userpassword", "authpassword"} {
		if t := s.attributes[name]; t != nil {
			for _, sub := range t.Subtypes {
				sub.Secret = true
			}
		}
	}
	c.render()
	return s, nil
}

// resolveAttribute fills in references and what a comes to by inheritance.
// from is the definition that asks.
func (c *compiler) resolveAttribute(a *attributeDraft, from *statement) error {
	if a.done {
		return nil
	}
	if a.busy {
		return from.errorAt(0, "SUP goes in a circle at "+quoteShort(a.Name))
	}
	a.busy = true
	if a.sup != "" {
		up := c.attributes[strings.ToLower(c.named(a.sup))]
		if up == nil {
			return a.from.errorAt(0, "unknown SUP "+quoteShort(a.sup))
		}
		if err := c.resolveAttribute(up, a.from); err != nil {
			return err
		}
		if a.depth = up.depth + 1; a.depth > maxSuperiors {
			return a.from.errorAt(0, "too many superiors")
		}
		if up.Usage != a.Usage && a.Usage == UserApplications {
			a.Usage = up.Usage
		}
		a.Sup, a.Syntax = up.AttributeType, up.Syntax
		a.Equality, a.Ordering, a.Substr = up.Equality, up.Ordering, up.Substr
		if a.syn == "" {
			a.SyntaxLen = up.SyntaxLen
		}
	}
	if a.syn != "" {
		if a.Syntax = c.schema.syntaxes[a.syn]; a.Syntax == nil {
			return a.from.errorAt(0, "unknown syntax "+quoteShort(a.syn))
		}
	}
	for _, x := range []struct {
		name string
		kind RuleKind
		to   **MatchingRule
	}{{a.equality, EqualityRule, &a.Equality}, {a.ordering, OrderingRule, &a.Ordering},
		{a.substr, SubstringsRule, &a.Substr}} {
		if x.name == "" {
			continue
		}
		r := c.schema.MatchingRule([]byte(c.named(x.name)))
		if r == nil || r.Kind != x.kind {
			return a.from.errorAt(0, "unknown matching rule "+quoteShort(x.name))
		}
		*x.to = r
	}
	a.busy, a.done = false, true
	return nil
}

// named undoes a macro in a reference.
func (c *compiler) named(ref string) string {
	if oid, ok := c.macros.expand(ref); ok {
		return oid
	}
	return ref
}

// resolveClass fills in references and inherited attributes.
func (c *compiler) resolveClass(o *classDraft, from *statement) error {
	if o.done {
		return nil
	}
	if o.busy {
		return from.errorAt(0, "SUP goes in a circle at "+quoteShort(o.Name))
	}
	o.busy = true
	var err error
	if o.Must, err = c.attributesNamed(o, o.must); err != nil {
		return err
	}
	if o.May, err = c.attributesNamed(o, o.may); err != nil {
		return err
	}
	o.own = [2][]*AttributeType{o.Must, o.May}
	o.Must, o.May = slices.Clone(o.Must), slices.Clone(o.May)
	for _, name := range o.sup {
		up := c.classes[strings.ToLower(c.named(name))]
		if up == nil {
			return o.from.errorAt(0, "unknown SUP "+quoteShort(name))
		}
		if err := c.resolveClass(up, o.from); err != nil {
			return err
		}
		if o.depth = max(o.depth, up.depth+1); o.depth > maxSuperiors {
			return o.from.errorAt(0, "too many superiors")
		}
		o.Sup = append(o.Sup, up.ObjectClass)
		o.supers = union(union(o.supers, []*ObjectClass{up.ObjectClass}), up.supers)
		o.Must, o.May = union(o.Must, up.Must), union(o.May, up.May)
	}
	o.busy, o.done = false, true
	return nil
}

// attributesNamed resolves a MUST or MAY list.
func (c *compiler) attributesNamed(o *classDraft, names []string) ([]*AttributeType, error) {
	var out []*AttributeType
	for _, n := range names {
		t := c.schema.AttributeType([]byte(c.named(n)))
		if t == nil {
			return nil, o.from.errorAt(0, "unknown attribute type "+quoteShort(n))
		}
		out = append(out, t)
	}
	return out, nil
}

// union appends what is not in a yet.
func union[T comparable](a, b []T) []T {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}
