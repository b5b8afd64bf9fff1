// request.go: the requests of RFC 4511 that no part of the product sends.

// Package wiretest is what tests need to talk to the codec and to a server on
// top of it, beyond the client's side in package wire: further requests,
// messages around anything, strict reading of responses, random messages. It
// is for tests alone: it is written for clarity, allocates freely and is no
// client library.
package wiretest

import (
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

// Op encodes the protocolOp of a request that package wire encodes.
func Op(q wire.Request) []byte { return q.Append(nil) }

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
