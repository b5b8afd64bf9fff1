// roundtrip_test.go: what the client's side encodes is what the server reads.

package wire_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// body strips the header of an encoded protocolOp.
func body(op []byte) []byte {
	_, content, _, _ := ber.Read(op)
	return content
}

func modifyBody(mods []schema.Modification) []byte {
	return body(wiretest.Modify(&wire.ModifyRequest{Mods: mods}))
}

func addBody(attributes []schema.RawAttribute) []byte {
	return body(wiretest.Add(&wire.AddRequest{Attributes: attributes}))
}

func TestRandomRequestsComeThrough(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := wiretest.NewRandom(seed)
	var m wire.Message // one for all, as a connection has it
	requests := map[byte]request{
		wire.TagBindRequest: &wire.BindRequest{}, wire.TagSearchRequest: &wire.SearchRequest{},
		wire.TagModifyRequest: &wire.ModifyRequest{}, wire.TagAddRequest: &wire.AddRequest{},
		wire.TagDelRequest: &wire.DeleteRequest{}, wire.TagModifyDNRequest: &wire.ModifyDNRequest{},
		wire.TagCompareRequest: &wire.CompareRequest{}, wire.TagAbandonRequest: &wire.AbandonRequest{},
		wire.TagExtendedRequest: &wire.ExtendedRequest{},
	}
	for i := range 5000 {
		id, op := r.MessageID(), r.Operation()
		controls, encoded := r.Controls()
		pdu := wiretest.Message(id, op.Encoded, encoded)
		if n, err := wire.FrameLength(pdu, 1<<20); err != nil || n != len(pdu) {
			t.Fatalf("message %d: length %d of %d, %v", i, n, len(pdu), err)
		}
		if err := m.Decode(pdu); err != nil {
			t.Fatalf("message %d: %v\n% x", i, err, pdu)
		}
		if m.ID != id || m.Op != op.Encoded[0] || !same(m.Controls, controls) {
			t.Fatalf("message %d: envelope %+v, want %d and %+v", i, m, id, controls)
		}
		if op.Request == nil {
			continue
		}
		got := requests[m.Op]
		if err := got.Decode(m.Body); err != nil {
			t.Fatalf("message %d: %v\n% x", i, err, pdu)
		}
		if !same(got, op.Request) {
			t.Fatalf("message %d:\n got %+v\nwant %+v\n% x", i, got, op.Request, pdu)
		}
	}
}

func same(a, b any) bool { return wiretest.Same(a, b) }

func TestReusedSearchKeepsNothingOfTheLastOne(t *testing.T) {
	r := wiretest.NewRandom(1)
	var q wire.SearchRequest
	for i := range 200 {
		want := r.Search()
		if i%7 == 0 { // a failed decode in between
			broken := body(wiretest.Op(r.Search()))
			_ = q.Decode(broken[:len(broken)-1])
		}
		if err := q.Decode(body(wiretest.Op(want))); err != nil {
			t.Fatal(err)
		}
		if !same(&q, want) {
			t.Fatalf("search %d:\n got %+v\nwant %+v", i, q, *want)
		}
	}
}
