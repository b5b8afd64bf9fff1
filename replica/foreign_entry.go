package replica

// An entry of a provider of another make in the form of this store.

import (
	"fmt"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// foreignAttributes lists the attributes that are kept: not those which this
// server makes up itself when they are asked for, but always the entryUUID.
// Values lie in list.
func foreignAttributes(list []byte, id schema.UUID) []schema.RawAttribute {
	var attrs []schema.RawAttribute
	known := false
	for a, rest, ok := schema.NextAttribute(list); ok; a, rest, ok = schema.NextAttribute(rest) {
		if computedName(a.Desc) {
			continue
		}
		raw := schema.RawAttribute{Attr: string(a.Desc)}
		for v, more, ok := schema.NextValue(a.Values); ok; v, more, ok = schema.NextValue(more) {
			raw.Values = append(raw.Values, v)
		}
		if len(raw.Values) == 0 {
			continue
		}
		known = known || strings.EqualFold(raw.Attr, "entryUUID")
		attrs = append(attrs, raw)
	}
	if !known && len(attrs) > 0 {
		attrs = append(attrs, schema.RawAttribute{Attr: "entryUUID", Values: [][]byte{[]byte(uuidText(id))}})
	}
	return attrs
}

// computedName tells whether schema.ComputedNames has a name.
func computedName(desc []byte) bool {
	for _, name := range schema.ComputedNames {
		if name != "" && strings.EqualFold(name, string(desc)) {
			return true
		}
	}
	return false
}

// uuidText is the form of RFC 4122.
func uuidText(id schema.UUID) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// view makes the stored form of an entry. Nothing is refused that a provider
// may hold; what comes back owns its memory but for dn.
func (p *ForeignProvider) view(dn []byte, attrs []schema.RawAttribute, id schema.UUID) (*schema.View, error) {
	e, err := p.Schema.NewEntry(string(dn), attrs, true)
	if err != nil {
		return nil, fmt.Errorf("entry %q of the provider: %w", dn, err)
	}
	v := p.Schema.View(e, nil)
	v.UUID, v.DN = id, dn
	return v, nil
}
