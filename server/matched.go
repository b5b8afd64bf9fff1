package server

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

// matchedValues is the matched values control (RFC 3876): a value is shown if
// it fits one of the items. Each is a filter of its own with one node.
type matchedValues []schema.Filter

// decodeMatchedValues reads the value of the control.
func decodeMatchedValues(s *schema.Schema, value []byte) (matchedValues, error) {
	var all schema.Filter
	if err := wire.DecodeValuesReturnFilter(&all, value); err != nil {
		return nil, badControl("matched values")
	}
	all.Resolve(s, nil) // what may not be read is not shown, whatever matches
	out := make(matchedValues, 0, len(all.Nodes)-1)
	for _, n := range all.Nodes[1:] {
		n.End = 1
		out = append(out, schema.Filter{Nodes: []schema.FilterNode{n}, Parts: all.Parts})
	}
	return out, nil
}

// match tells whether an item that is about the attribute desc matches v, an
// entry that has nothing but the value in question, or whose computed attribute
// this is. The latter is not looked at by items without a type.
func (m matchedValues) match(s *schema.Schema, desc []byte, v *schema.View, computed bool) bool {
	for i := range m {
		d := &m[i].Nodes[0].Desc
		// The filter itself would take (objectClass=*) and computed
		// attributes for true, whatever the entry has.
		if d.Type == nil && !computed || d.Type != nil && d.Covers(desc) {
			if m[i].Match(s, v) == schema.True {
				return true
			}
		}
	}
	return false
}

// appendMatched appends those values of a that fit; an attribute of which none
// does is left out, as OpenLDAP does.
func (p *selection) appendMatched(dst []byte, s *schema.Schema, a schema.StoredAttribute) []byte {
	before := len(dst)
	dst, seq := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendBytes(dst, ber.TagOctetString, a.Desc)
	dst, set := ber.Begin(dst, ber.TagSet)
	n := 0
	for vals := a.Values; ; {
		value, more, ok := schema.NextValue(vals)
		if !ok {
			break
		}
		vals = more
		p.scratch = schema.AppendAttribute(p.scratch[:0], string(a.Desc), value)
		if p.matched.match(s, a.Desc, &schema.View{User: p.scratch, Operational: p.scratch}, false) {
			n++
			if !p.typesOnly {
				dst = ber.AppendBytes(dst, ber.TagOctetString, value)
			}
		}
	}
	if n == 0 {
		return dst[:before]
	}
	return ber.End(ber.End(dst, set), seq)
}
