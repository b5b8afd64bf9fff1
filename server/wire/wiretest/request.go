// request.go: the requests of RFC 4511 as a client encodes them.

// Package wiretest is the client's side of server/wire: it encodes requests
// and decodes responses, so that tests can talk to the codec and to a server
// on top of it. It is for tests alone: it is written for clarity, allocates
// freely and is no client library.
package wiretest

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Message encodes an LDAPMessage around a finished protocolOp; controls are
// encoded Control elements, nil for none.
func Message(id int32, op, controls []byte) []byte {
	body := ber.AppendInt(nil, ber.TagInteger, int64(id))
	body = append(body, op...)
	if controls != nil {
		body = ber.AppendBytes(body, 0xa0, controls)
	}
	return ber.AppendBytes(nil, ber.TagSequence, body)
}

// Bind encodes the protocolOp of a bind request.
func Bind(q *wire.BindRequest) []byte {
	body := ber.AppendInt(nil, ber.TagInteger, int64(q.Version))
	body = ber.AppendBytes(body, ber.TagOctetString, q.Name)
	if q.AuthTag != wire.AuthSASL {
		body = ber.AppendBytes(body, q.AuthTag, q.Password)
		return ber.AppendBytes(nil, wire.TagBindRequest, body)
	}
	sasl := ber.AppendBytes(nil, ber.TagOctetString, q.Mechanism)
	if q.HasCredentials {
		sasl = ber.AppendBytes(sasl, ber.TagOctetString, q.Credentials)
	}
	body = ber.AppendBytes(body, wire.AuthSASL, sasl)
	return ber.AppendBytes(nil, wire.TagBindRequest, body)
}

// Search encodes the protocolOp of a search request.
func Search(q *wire.SearchRequest) []byte {
	body := ber.AppendBytes(nil, ber.TagOctetString, q.Base)
	body = ber.AppendInt(body, ber.TagEnumerated, int64(q.Scope))
	body = ber.AppendInt(body, ber.TagEnumerated, int64(q.Deref))
	body = ber.AppendInt(body, ber.TagInteger, int64(q.SizeLimit))
	body = ber.AppendInt(body, ber.TagInteger, int64(q.TimeLimit))
	body = ber.AppendBool(body, ber.TagBoolean, q.TypesOnly)
	body = append(body, Filter(&q.Filter)...)
	body = append(body, Strings(q.Attributes)...)
	return ber.AppendBytes(nil, wire.TagSearchRequest, body)
}

// Strings encodes a SEQUENCE OF OCTET STRING, such as an AttributeSelection.
func Strings(list [][]byte) []byte {
	return ber.AppendBytes(nil, ber.TagSequence, octets(list))
}

func octets(list [][]byte) []byte {
	var out []byte
	for _, v := range list {
		out = ber.AppendBytes(out, ber.TagOctetString, v)
	}
	return out
}

// Filter encodes a filter.
func Filter(f *schema.Filter) []byte { return filterNode(f, 0) }

func filterNode(f *schema.Filter, i int32) []byte {
	n := &f.Nodes[i]
	var body []byte
	switch n.Kind {
	case schema.FilterAnd, schema.FilterOr, schema.FilterNot:
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			body = append(body, filterNode(f, c)...)
		}
	case schema.FilterPresent:
		return ber.AppendBytes(nil, 0x87, n.Attr)
	case schema.FilterSubstrings:
		var parts []byte
		for _, p := range f.Parts[n.PartsFrom:n.PartsTo] {
			parts = ber.AppendBytes(parts, 0x80|byte(p.At), p.Value)
		}
		body = ber.AppendBytes(nil, ber.TagOctetString, n.Attr)
		body = ber.AppendBytes(body, ber.TagSequence, parts)
	case schema.FilterExtensible:
		if len(n.Rule) > 0 {
			body = ber.AppendBytes(body, 0x81, n.Rule)
		}
		if len(n.Attr) > 0 {
			body = ber.AppendBytes(body, 0x82, n.Attr)
		}
		body = ber.AppendBytes(body, 0x83, n.Value)
		if n.DN {
			body = ber.AppendBool(body, 0x84, true)
		}
	default:
		body = octets([][]byte{n.Attr, n.Value})
	}
	return ber.AppendBytes(nil, 0xa0|byte(n.Kind), body)
}

// Modify encodes the protocolOp of a modify request.
func Modify(q *wire.ModifyRequest) []byte {
	var list []byte
	for _, m := range q.Mods {
		change := ber.AppendInt(nil, ber.TagEnumerated, int64(m.Op))
		change = append(change, attribute(m.Attr, m.Values)...)
		list = ber.AppendBytes(list, ber.TagSequence, change)
	}
	body := ber.AppendBytes(nil, ber.TagOctetString, q.DN)
	body = ber.AppendBytes(body, ber.TagSequence, list)
	return ber.AppendBytes(nil, wire.TagModifyRequest, body)
}

// Add encodes the protocolOp of an add request.
func Add(q *wire.AddRequest) []byte {
	var list []byte
	for _, a := range q.Attributes {
		list = append(list, attribute(a.Attr, a.Values)...)
	}
	body := ber.AppendBytes(nil, ber.TagOctetString, q.DN)
	body = ber.AppendBytes(body, ber.TagSequence, list)
	return ber.AppendBytes(nil, wire.TagAddRequest, body)
}

// attribute encodes a PartialAttribute.
func attribute(name string, values [][]byte) []byte {
	body := ber.AppendString(nil, ber.TagOctetString, name)
	body = ber.AppendBytes(body, ber.TagSet, octets(values))
	return ber.AppendBytes(nil, ber.TagSequence, body)
}

// Delete encodes the protocolOp of a delete request.
func Delete(q *wire.DeleteRequest) []byte {
	return ber.AppendBytes(nil, wire.TagDelRequest, q.DN)
}

// ModifyDN encodes the protocolOp of a modify DN request.
func ModifyDN(q *wire.ModifyDNRequest) []byte {
	body := octets([][]byte{q.DN, q.NewRDN})
	body = ber.AppendBool(body, ber.TagBoolean, q.DeleteOldRDN)
	if q.HasNewSuperior {
		body = ber.AppendBytes(body, 0x80, q.NewSuperior)
	}
	return ber.AppendBytes(nil, wire.TagModifyDNRequest, body)
}

// Compare encodes the protocolOp of a compare request.
func Compare(q *wire.CompareRequest) []byte {
	body := ber.AppendBytes(nil, ber.TagOctetString, q.DN)
	body = ber.AppendBytes(body, ber.TagSequence, octets([][]byte{q.Attr, q.Value}))
	return ber.AppendBytes(nil, wire.TagCompareRequest, body)
}

// Abandon encodes the protocolOp of an abandon request.
func Abandon(q *wire.AbandonRequest) []byte {
	return ber.AppendInt(nil, wire.TagAbandonRequest, int64(q.ID))
}

// Unbind encodes the protocolOp of an unbind request.
func Unbind() []byte { return []byte{wire.TagUnbindRequest, 0} }

// Extended encodes the protocolOp of an extended request.
func Extended(q *wire.ExtendedRequest) []byte {
	body := ber.AppendBytes(nil, 0x80, q.Name)
	if q.HasValue {
		body = ber.AppendBytes(body, 0x81, q.Value)
	}
	return ber.AppendBytes(nil, wire.TagExtendedRequest, body)
}
