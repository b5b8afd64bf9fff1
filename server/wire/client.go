// client.go: requests as a client encodes them. A replica is a client of its
// provider; it needs these and no others.

package wire

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// Names of the extended operations that a client needs before and besides its
// searches.
const (
	OIDStartTLS = "1.3.6.1.4.1.1466.20037" // RFC 4511 4.14; the request has no value
	OIDCancel   = "1.3.6.1.1.8"            // RFC 3909; the value is made by AppendCancel
)

// Request is a request that can be encoded: Append appends its protocolOp.
type Request interface {
	Append(dst []byte) []byte
}

// AppendRequest appends the LDAPMessage of a request; controls is what
// AppendControl made, or nil.
func AppendRequest(dst []byte, id int32, q Request, controls []byte) []byte {
	dst, message := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(id))
	dst = q.Append(dst)
	if len(controls) > 0 {
		dst = ber.AppendBytes(dst, tagControls, controls)
	}
	return ber.End(dst, message)
}

// Append appends a bind request (RFC 4511 4.2). Password goes out with an
// AuthTag other than AuthSASL, Mechanism and Credentials go out with that one.
func (q *BindRequest) Append(dst []byte) []byte {
	dst, op := ber.Begin(dst, TagBindRequest)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(q.Version))
	dst = ber.AppendBytes(dst, ber.TagOctetString, q.Name)
	if q.AuthTag != AuthSASL {
		return ber.End(ber.AppendBytes(dst, q.AuthTag, q.Password), op)
	}
	dst, sasl := ber.Begin(dst, AuthSASL)
	dst = ber.AppendBytes(dst, ber.TagOctetString, q.Mechanism)
	if q.HasCredentials {
		dst = ber.AppendBytes(dst, ber.TagOctetString, q.Credentials)
	}
	return ber.End(ber.End(dst, sasl), op)
}

// Append appends a search request (RFC 4511 4.5.1).
func (q *SearchRequest) Append(dst []byte) []byte {
	dst, op := ber.Begin(dst, TagSearchRequest)
	dst = ber.AppendBytes(dst, ber.TagOctetString, q.Base)
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(q.Scope))
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(q.Deref))
	dst = ber.AppendInt(dst, ber.TagInteger, int64(q.SizeLimit))
	dst = ber.AppendInt(dst, ber.TagInteger, int64(q.TimeLimit))
	dst = ber.AppendBool(dst, ber.TagBoolean, q.TypesOnly)
	dst = AppendFilter(dst, &q.Filter)
	dst, list := ber.Begin(dst, ber.TagSequence)
	for _, a := range q.Attributes {
		dst = ber.AppendBytes(dst, ber.TagOctetString, a)
	}
	return ber.End(ber.End(dst, list), op)
}

// Append appends an extended request (RFC 4511 4.12).
func (q *ExtendedRequest) Append(dst []byte) []byte {
	dst, op := ber.Begin(dst, TagExtendedRequest)
	dst = ber.AppendBytes(dst, 0x80, q.Name)
	if q.HasValue {
		dst = ber.AppendBytes(dst, 0x81, q.Value)
	}
	return ber.End(dst, op)
}

// Append appends an abandon request (RFC 4511 4.11).
func (q *AbandonRequest) Append(dst []byte) []byte {
	return ber.AppendInt(dst, TagAbandonRequest, int64(q.ID))
}

// UnbindRequest ends a session (RFC 4511 4.3).
type UnbindRequest struct{}

// Append appends an unbind request.
func (UnbindRequest) Append(dst []byte) []byte { return append(dst, TagUnbindRequest, 0) }

// AppendCancel appends the value of a Cancel request (RFC 3909 2.1) for the
// operation with the given message ID.
func AppendCancel(dst []byte, id int32) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	return ber.End(ber.AppendInt(dst, ber.TagInteger, int64(id)), m)
}

// AppendFilter appends a filter (RFC 4511 4.5.1.7); it need not be resolved.
// Without any node nothing is appended.
func AppendFilter(dst []byte, f *schema.Filter) []byte {
	if len(f.Nodes) == 0 {
		return dst
	}
	return appendFilterNode(dst, f, 0)
}

func appendFilterNode(dst []byte, f *schema.Filter, i int32) []byte {
	n := &f.Nodes[i]
	if n.Kind == schema.FilterPresent {
		return ber.AppendBytes(dst, tagPresent, n.Attr)
	}
	dst, node := ber.Begin(dst, 0xa0|byte(n.Kind))
	switch n.Kind {
	case schema.FilterAnd, schema.FilterOr, schema.FilterNot:
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			dst = appendFilterNode(dst, f, c)
		}
	case schema.FilterSubstrings:
		dst = ber.AppendBytes(dst, ber.TagOctetString, n.Attr)
		var parts int
		dst, parts = ber.Begin(dst, ber.TagSequence)
		for _, p := range f.Parts[n.PartsFrom:n.PartsTo] {
			dst = ber.AppendBytes(dst, 0x80|byte(p.At), p.Value)
		}
		dst = ber.End(dst, parts)
	case schema.FilterExtensible:
		if len(n.Rule) > 0 {
			dst = ber.AppendBytes(dst, 0x81, n.Rule)
		}
		if len(n.Attr) > 0 {
			dst = ber.AppendBytes(dst, 0x82, n.Attr)
		}
		dst = ber.AppendBytes(dst, 0x83, n.Value)
		if n.DN {
			dst = ber.AppendBool(dst, 0x84, true)
		}
	default:
		dst = ber.AppendBytes(dst, ber.TagOctetString, n.Attr)
		dst = ber.AppendBytes(dst, ber.TagOctetString, n.Value)
	}
	return ber.End(dst, node)
}
