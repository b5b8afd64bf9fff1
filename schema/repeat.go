package schema

// Definitions that come again: a site's files often bring what is shipped.

import (
	"slices"
	"strings"
)

// checkRepeats refuses definitions that say something else than the ones under
// whose name or OID they come.
func (c *compiler) checkRepeats() error {
	for _, r := range c.repeats {
		if r.newAttr != nil {
			if !c.sameAttribute(r.oldAttr, r.newAttr) {
				return conflict(r.newAttr.from, r.oldAttr.from, r.key)
			}
		} else if !c.sameClass(r.oldClass, r.class) {
			return conflict(r.class.from, r.oldClass.from, r.key)
		}
	}
	return nil
}

func conflict(st, old *statement, key string) error {
	return st.errorAt(0, quoteShort(key)+" is defined differently at "+old.place())
}

// sameAttribute compares what matters; descriptions, lengths and extensions
// may differ between editions of a schema.
func (c *compiler) sameAttribute(a, b *attributeDraft) bool {
	rule := func(x, y string) bool {
		return strings.EqualFold(x, y) ||
			x != "" && c.schema.MatchingRule([]byte(x)) == c.schema.MatchingRule([]byte(y)) && y != ""
	}
	return a.OID == b.OID && slices.Equal(lowered(a.Names), lowered(b.Names)) &&
		c.attributeOID(a.sup) == c.attributeOID(b.sup) && rule(a.equality, b.equality) &&
		rule(a.ordering, b.ordering) && rule(a.substr, b.substr) && a.syn == b.syn && a.SingleValue == b.SingleValue &&
		a.Collective == b.Collective && a.NoUserModification == b.NoUserModification && a.Usage == b.Usage
}

func (c *compiler) sameClass(a, b *classDraft) bool {
	attributes := func(names []string) []string { return sorted(names, c.attributeOID) }
	sup := func(names []string) []string {
		return sorted(names, func(name string) string {
			if o := c.classes[strings.ToLower(c.named(name))]; o != nil {
				return o.OID
			}
			return strings.ToLower(name)
		})
	}
	return a.OID == b.OID && slices.Equal(lowered(a.Names), lowered(b.Names)) && a.Kind == b.Kind &&
		slices.Equal(sup(a.sup), sup(b.sup)) && slices.Equal(attributes(a.must), attributes(b.must)) &&
		slices.Equal(attributes(a.may), attributes(b.may))
}

// attributeOID gives the OID of the type that a name means.
func (c *compiler) attributeOID(name string) string {
	if t := c.attributes[strings.ToLower(c.named(name))]; t != nil {
		return t.OID
	}
	return strings.ToLower(name)
}

func lowered(names []string) []string { return sorted(names, strings.ToLower) }

// sorted gives the set of what names come to.
func sorted(names []string, f func(string) string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, f(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
