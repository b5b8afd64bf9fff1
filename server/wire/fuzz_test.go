// fuzz_test.go: no bytes make the decoders panic or take memory out of
// proportion, and what they accept survives encoding.

package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// newRequest is an empty request for an operation; nil if there is none.
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

// checkKind fails unless err is of exactly one kind.
func checkKind(t *testing.T, err error) {
	t.Helper()
	kinds := 0
	for _, kind := range []error{wire.ErrFatal, wire.ErrProtocol, wire.ErrLimit} {
		if errors.Is(err, kind) {
			kinds++
		}
	}
	if kinds != 1 {
		t.Fatalf("error %v is of %d kinds", err, kinds)
	}
}

func FuzzMessage(f *testing.F) {
	r := wiretest.NewRandom(1)
	for range 200 {
		_, controls := r.Controls()
		f.Add(wiretest.Message(r.MessageID(), r.Operation().Encoded, controls))
	}
	f.Add([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff})
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 20
		n, err := wire.FrameLength(b, limit)
		if err != nil {
			checkKind(t, err)
			return
		}
		if n < 0 || n > limit {
			t.Fatalf("length %d", n)
		}
		if n == 0 || n > len(b) {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		decodeAll(t, b[:n])
		runtime.ReadMemStats(&after)
		// A filter node takes some 200 bytes of memory and 2 of the message,
		// but there are no more than MaxFilterItems of them.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20+100*uint64(n) {
			t.Fatalf("%d bytes of memory for a message of %d", grown, n)
		}
	})
}

// decodeAll decodes a message, its request and the values in it.
func decodeAll(t *testing.T, pdu []byte) {
	var m wire.Message
	if err := m.Decode(pdu); err != nil {
		checkKind(t, err)
		return
	}
	if q := newRequest(m.Op); q != nil {
		if err := q.Decode(m.Body); err != nil {
			checkKind(t, err)
		}
	}
	for _, c := range m.Controls {
		for _, decode := range values {
			if _, err := decode(c.Value); err != nil {
				checkKind(t, err)
			}
		}
	}
}

func FuzzSearchRequest(f *testing.F) {
	r := wiretest.NewRandom(2)
	for range 200 {
		f.Add(body(wiretest.Op(r.Search())))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second wire.SearchRequest
		if err := first.Decode(b); err != nil {
			checkKind(t, err)
			return
		}
		again := body(wiretest.Op(&first))
		if err := second.Decode(again); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v\n% x", err, again)
		}
		if !same(&first, &second) {
			t.Fatalf("first %+v\nthen %+v", first, second)
		}
	})
}

func FuzzFilter(f *testing.F) {
	r := wiretest.NewRandom(3)
	for range 200 {
		filter := r.Filter(5)
		f.Add(wire.AppendFilter(nil, &filter))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var filter schema.Filter
		if err := wire.DecodeFilter(&filter, b); err != nil {
			checkKind(t, err)
			return
		}
		checkTree(t, &filter)
		canonical := wire.AppendFilter(nil, &filter)
		var second schema.Filter
		if err := wire.DecodeFilter(&second, canonical); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		if again := wire.AppendFilter(nil, &second); !bytes.Equal(canonical, again) {
			t.Fatalf("% x\nbecame\n% x", canonical, again)
		}
	})
}

// checkTree verifies the invariants of the flat form.
func checkTree(t *testing.T, f *schema.Filter) {
	t.Helper()
	if len(f.Nodes) == 0 || int(f.Nodes[0].End) != len(f.Nodes) {
		t.Fatalf("root of %d nodes ends at %d", len(f.Nodes), f.Nodes[0].End)
	}
	parts := int32(0)
	for i := range f.Nodes {
		n := &f.Nodes[i]
		at, children := int32(i), 0
		for c := at + 1; c < n.End; c = f.Nodes[c].End {
			if f.Nodes[c].End <= c || f.Nodes[c].End > n.End {
				t.Fatalf("node %d ends at %d, within %d", c, f.Nodes[c].End, n.End)
			}
			children++
		}
		if (n.Kind > schema.FilterNot && children > 0) || (n.Kind == schema.FilterNot && children != 1) {
			t.Fatalf("node %d of kind %d has %d children", i, n.Kind, children)
		}
		if n.Kind == schema.FilterSubstrings {
			if n.PartsFrom != parts || n.PartsTo <= parts || int(n.PartsTo) > len(f.Parts) {
				t.Fatalf("node %d has parts %d to %d", i, n.PartsFrom, n.PartsTo)
			}
			parts = n.PartsTo
		}
	}
}
