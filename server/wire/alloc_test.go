// alloc_test.go: the hot path allocates nothing, proven and measured.

package wire_test

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// usualSearch is a search of a filter of seven nodes and five attributes.
func usualSearch() []byte {
	item := func(kind schema.FilterKind, end int32, attr, value string) schema.FilterNode {
		return schema.FilterNode{Kind: kind, End: end, Attr: []byte(attr), Value: []byte(value)}
	}
	q := &wire.SearchRequest{
		Base: []byte("utname=tokens,utname=farm,o=v1,o=utdata"), Scope: schema.ScopeSub, TimeLimit: 60,
		Attributes: [][]byte{[]byte("uttoken"), []byte("utowner"), []byte("utserver"), []byte("utport"), []byte("utotherinfo")},
	}
	q.Filter.Nodes = []schema.FilterNode{
		{Kind: schema.FilterAnd, End: 7},
		item(schema.FilterEquality, 2, "objectClass", "utToken"),
		{Kind: schema.FilterOr, End: 5},
		item(schema.FilterEquality, 4, "utserver", "localhost"),
		item(schema.FilterPresent, 5, "utport", ""),
		{Kind: schema.FilterNot, End: 7},
		item(schema.FilterGreaterOrEqual, 7, "utflags", "7"),
	}
	return wiretest.Message(300, wiretest.Op(q), nil)
}

// usualEntry is ten stored attributes of about 400 bytes.
func usualEntry() (attributes []byte) {
	for _, a := range [][2]string{
		{"objectClass", "utToken"}, {"utname", "MicroPayflex.00004f8c65000100"}, {"uttoken", "MicroPayflex.00004f8c65000100"},
		{"utowner", "utname=John Smith,utname=users,utname=farm,o=v1,o=utdata"}, {"utserver", "localhost"}, {"utport", "7007"},
		{"utotherinfo", "E421"}, {"utcreated", "20240229120000Z"}, {"utenabled", "TRUE"}, {"cn", "John Smith"},
	} {
		attributes = schema.AppendAttribute(attributes, a[0], []byte(a[1]))
	}
	return attributes
}

func decodeSearch(m *wire.Message, q *wire.SearchRequest, pdu []byte) error {
	if _, err := wire.FrameLength(pdu, 1<<20); err != nil {
		return err
	}
	if err := m.Decode(pdu); err != nil {
		return err
	}
	return q.Decode(m.Body)
}

func encodeEntry(dst, dn, attributes []byte) []byte {
	dst, mark := wire.BeginEntry(dst, 300, dn)
	dst = append(dst, attributes...)
	return wire.EndEntry(dst, mark, nil)
}

func TestHotPathAllocatesNothing(t *testing.T) {
	var m wire.Message
	var q wire.SearchRequest
	pdu, controlled := usualSearch(), wiretest.Message(1, wiretest.Op(wire.UnbindRequest{}), wire.AppendControl(nil, "1.1", true, []byte("v")))
	dst := make([]byte, 0, 4096)
	attributes, dn := usualEntry(), []byte("utname=MicroPayflex.00004f8c65000100,o=utdata")
	result := &schema.Result{Code: schema.NoSuchObject, MatchedDN: "o=utdata", Diagnostic: "no such entry ä"}
	cookie := wire.PagedResults{Size: 3, Cookie: []byte("cookie")}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"decode a search", func() {
			if err := decodeSearch(&m, &q, pdu); err != nil {
				t.Fatal(err)
			}
		}},
		{"decode controls", func() {
			if err := m.Decode(controlled); err != nil || len(m.Controls) != 1 {
				t.Fatal(err)
			}
		}},
		{"encode an entry", func() { dst = encodeEntry(dst[:0], dn, attributes) }},
		{"encode a result", func() { dst = wire.AppendResult(dst[:0], 1, wire.TagSearchResultDone, result, nil) }},
		{"encode a page's cookie", func() { dst = cookie.Append(dst[:0]) }},
	} {
		if n := testing.AllocsPerRun(100, c.run); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

func BenchmarkDecodeSearch(b *testing.B) {
	var m wire.Message
	var q wire.SearchRequest
	pdu := usualSearch()
	b.SetBytes(int64(len(pdu)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeSearch(&m, &q, pdu); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeEntry(b *testing.B) {
	attributes, dn := usualEntry(), []byte("utname=MicroPayflex.00004f8c65000100,o=utdata")
	dst := encodeEntry(nil, dn, attributes)
	b.Run("parts", func(b *testing.B) {
		b.SetBytes(int64(len(dst)))
		b.ReportAllocs()
		for b.Loop() {
			dst = encodeEntry(dst[:0], dn, attributes)
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.SetBytes(int64(len(dst)))
		b.ReportAllocs()
		for b.Loop() {
			dst = wire.AppendEntry(dst[:0], 300, dn, attributes)
		}
	})
}

func BenchmarkEncodeResult(b *testing.B) {
	var dst []byte
	r := &schema.Result{}
	b.ReportAllocs()
	for b.Loop() {
		dst = wire.AppendResult(dst[:0], 300, wire.TagSearchResultDone, r, nil)
	}
}
