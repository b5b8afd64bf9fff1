// asn1ber_encode_test.go: requests as go-asn1-ber encodes them.

package codec_test

import (
	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// build makes a constructed packet of a tag byte.
func build(tag byte, children ...*ber.Packet) *ber.Packet {
	p := ber.Encode(ber.Class(tag&0xc0), ber.TypeConstructed, ber.Tag(tag&0x1f), nil, "")
	for _, c := range children {
		p.AppendChild(c)
	}
	return p
}

// octet makes a primitive packet of a tag byte.
func octet(tag byte, value []byte) *ber.Packet {
	return ber.NewString(ber.Class(tag&0xc0), ber.TypePrimitive, ber.Tag(tag&0x1f), string(value), "")
}

func number(tag byte, value int64) *ber.Packet {
	return ber.NewInteger(ber.Class(tag&0xc0), ber.TypePrimitive, ber.Tag(tag&0x1f), value, "")
}

func truth(tag byte, value bool) *ber.Packet {
	return ber.NewLDAPBoolean(ber.Class(tag&0xc0), ber.TypePrimitive, ber.Tag(tag&0x1f), value, "")
}

func octetList(tag byte, values [][]byte) *ber.Packet {
	p := build(tag)
	for _, v := range values {
		p.AppendChild(octet(0x04, v))
	}
	return p
}

// encodeASN1BER encodes a request.
func encodeASN1BER(m *reading) []byte {
	p := build(0x30, number(0x02, int64(m.ID)), buildOperation(m.Request))
	if len(m.Controls) > 0 {
		list := build(0xa0)
		for _, c := range m.Controls {
			// Criticality is spelled out: FALSE is legal, and others send it.
			control := build(0x30, octet(0x04, c.OID), truth(0x01, c.Critical))
			if c.HasValue {
				control.AppendChild(octet(0x04, c.Value))
			}
			list.AppendChild(control)
		}
		p.AppendChild(list)
	}
	return p.Bytes()
}

func buildOperation(request any) *ber.Packet {
	switch q := request.(type) {
	case *wire.BindRequest:
		auth := octet(wire.AuthSimple, q.Password)
		if q.AuthTag == wire.AuthSASL {
			auth = build(wire.AuthSASL, octet(0x04, q.Mechanism))
			if q.HasCredentials {
				auth.AppendChild(octet(0x04, q.Credentials))
			}
		}
		return build(wire.TagBindRequest, number(0x02, int64(q.Version)), octet(0x04, q.Name), auth)
	case *wire.SearchRequest:
		return build(wire.TagSearchRequest, octet(0x04, q.Base), number(0x0a, int64(q.Scope)), number(0x0a, int64(q.Deref)),
			number(0x02, int64(q.SizeLimit)), number(0x02, int64(q.TimeLimit)), truth(0x01, q.TypesOnly),
			buildFilter(&q.Filter, 0), octetList(0x30, q.Attributes))
	case *wire.ModifyRequest:
		list := build(0x30)
		for _, m := range q.Mods {
			list.AppendChild(build(0x30, number(0x0a, int64(m.Op)), buildAttribute(m.Attr, m.Values)))
		}
		return build(wire.TagModifyRequest, octet(0x04, q.DN), list)
	case *wire.AddRequest:
		list := build(0x30)
		for _, a := range q.Attributes {
			list.AppendChild(buildAttribute(a.Attr, a.Values))
		}
		return build(wire.TagAddRequest, octet(0x04, q.DN), list)
	case *wire.DeleteRequest:
		return octet(wire.TagDelRequest, q.DN)
	case *wire.ModifyDNRequest:
		p := build(wire.TagModifyDNRequest, octet(0x04, q.DN), octet(0x04, q.NewRDN), truth(0x01, q.DeleteOldRDN))
		if q.HasNewSuperior {
			p.AppendChild(octet(0x80, q.NewSuperior))
		}
		return p
	case *wire.CompareRequest:
		return build(wire.TagCompareRequest, octet(0x04, q.DN), octetList(0x30, [][]byte{q.Attr, q.Value}))
	case *wire.AbandonRequest:
		return number(wire.TagAbandonRequest, int64(q.ID))
	case *wire.ExtendedRequest:
		p := build(wire.TagExtendedRequest, octet(0x80, q.Name))
		if q.HasValue {
			p.AppendChild(octet(0x81, q.Value))
		}
		return p
	}
	return octet(wire.TagUnbindRequest, nil)
}

func buildAttribute(name string, values [][]byte) *ber.Packet {
	return build(0x30, octet(0x04, []byte(name)), octetList(0x31, values))
}

func buildFilter(f *schema.Filter, i int32) *ber.Packet {
	n := &f.Nodes[i]
	p := build(0xa0 | byte(n.Kind))
	switch n.Kind {
	case schema.FilterAnd, schema.FilterOr, schema.FilterNot:
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			p.AppendChild(buildFilter(f, c))
		}
	case schema.FilterPresent:
		return octet(0x87, n.Attr)
	case schema.FilterSubstrings:
		parts := build(0x30)
		for _, part := range f.Parts[n.PartsFrom:n.PartsTo] {
			parts.AppendChild(octet(0x80|byte(part.At), part.Value))
		}
		p.AppendChild(octet(0x04, n.Attr))
		p.AppendChild(parts)
	case schema.FilterExtensible:
		if len(n.Rule) > 0 {
			p.AppendChild(octet(0x81, n.Rule))
		}
		if len(n.Attr) > 0 {
			p.AppendChild(octet(0x82, n.Attr))
		}
		p.AppendChild(octet(0x83, n.Value))
		p.AppendChild(truth(0x84, n.DN))
	default:
		p.AppendChild(octet(0x04, n.Attr))
		p.AppendChild(octet(0x04, n.Value))
	}
	return p
}
