// ours_test.go: messages as server/wire and its client's side read them.

package codec_test

import (
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// request is what all requests have in common.
type request interface{ Decode(body []byte) error }

// newRequest is an empty request for an operation; nil if it has none.
func newRequest(op byte) request {
	switch op {
	case wire.TagBindRequest:
		return new(wire.BindRequest)
	case wire.TagSearchRequest:
		return new(wire.SearchRequest)
	case wire.TagModifyRequest:
		return new(wire.ModifyRequest)
	case wire.TagAddRequest:
		return new(wire.AddRequest)
	case wire.TagDelRequest:
		return new(wire.DeleteRequest)
	case wire.TagModifyDNRequest:
		return new(wire.ModifyDNRequest)
	case wire.TagCompareRequest:
		return new(wire.CompareRequest)
	case wire.TagAbandonRequest:
		return new(wire.AbandonRequest)
	case wire.TagExtendedRequest:
		return new(wire.ExtendedRequest)
	}
	return nil
}

func readOurs(pdu []byte) (*reading, error) {
	var m wire.Message
	if err := m.Decode(pdu); err != nil {
		return nil, err
	}
	got := &reading{ID: m.ID, Op: m.Op, Controls: m.Controls}
	if m.Op == wire.TagUnbindRequest {
		return got, nil
	}
	if q := newRequest(m.Op); q != nil {
		got.Request = q
		return got, q.Decode(m.Body)
	}
	p, err := wiretest.Decode(pdu)
	if err != nil {
		return nil, fmt.Errorf("neither request nor response: %w", err)
	}
	got.Request = bare(p)
	return got, nil
}

// bare is a response without its envelope, which the reading has.
func bare(p *wiretest.Response) *wiretest.Response {
	b := *p
	b.ID, b.Op, b.Controls = 0, 0, nil
	return &b
}

// pduContent is what is within the outer SEQUENCE; pduAround puts it around.
func pduContent(pdu []byte) []byte {
	content, _, _ := ber.Expect(pdu, ber.TagSequence)
	return content
}

func pduAround(content []byte) []byte { return ber.AppendBytes(nil, ber.TagSequence, content) }

// randomResponse is a response that server/wire encodes, with its meaning.
func randomResponse(r *wiretest.Random) ([]byte, *reading) {
	want := &reading{ID: r.MessageID()}
	controls, encoded := r.Controls()
	want.Controls = controls
	result := r.Result()
	p := &wiretest.Response{Result: *result}
	want.Request = p
	switch r.IntN(8) {
	case 0:
		want.Op, p.HasCreds, p.Creds = wire.TagBindResponse, true, r.Octets()
		return wire.AppendBindResponse(nil, want.ID, result, p.Creds, true, encoded), want
	case 1:
		want.Op = wire.TagBindResponse
		return wire.AppendBindResponse(nil, want.ID, result, nil, false, encoded), want
	case 2:
		want.Op, p.Name, p.HasValue, p.Value = wire.TagExtendedResponse, string(r.OID()), true, r.Octets()
		return wire.AppendExtendedResponse(nil, want.ID, result, p.Name, p.Value, true, encoded), want
	case 3:
		want.Op, want.Controls = wire.TagIntermediate, nil
		*p = wiretest.Response{Name: string(r.OID()), HasValue: true, Value: r.Octets()}
		return wire.AppendIntermediate(nil, want.ID, p.Name, p.Value), want
	case 4:
		want.Op = wire.TagSearchReference
		*p = wiretest.Response{Result: schema.Result{Referrals: []string{"ldap://a/o=utdata", "ldap://b/"}}}
		return wire.AppendReference(nil, want.ID, p.Result.Referrals, encoded), want
	case 5:
		want.Op = wire.TagSearchResultEntry
		*p = wiretest.Response{DN: string(r.Text()), Attributes: r.Attributes()}
		dst, mark := wire.BeginEntry(nil, want.ID, []byte(p.DN))
		for _, a := range p.Attributes {
			dst = schema.AppendAttribute(dst, a.Attr, a.Values...)
		}
		return wire.EndEntry(dst, mark, encoded), want
	}
	ops := []byte{wire.TagSearchResultDone, wire.TagModifyResponse, wire.TagAddResponse,
		wire.TagDelResponse, wire.TagModifyDNResponse, wire.TagCompareResponse}
	want.Op = ops[r.IntN(len(ops))]
	return wire.AppendResult(nil, want.ID, want.Op, result, encoded), want
}
