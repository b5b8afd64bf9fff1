// search_test.go: search requests and filters, well formed, malformed and huge.

package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// searchBody is a search request around a filter given as bytes.
func searchBody(filter []byte) []byte {
	out := []byte{4, 0, 0x0a, 1, 2, 0x0a, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0}
	return append(append(out, filter...), 0x30, 0)
}

func TestSearchMalformed(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		err   error
	}{
		{"E8: empty", "", wire.ErrProtocol},
		{"E8: base alone", "04 00", wire.ErrProtocol},
		{"F12: scope 7", "04 00 0a 01 07 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: scope 4, behind the last known", "04 00 0a 01 04 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: scope -1", "04 00 0a 01 ff 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: scope of no bytes", "04 00 0a 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: deref 9", "04 00 0a 01 00 0a 01 09 02 01 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: sizeLimit -1", "04 00 0a 01 00 0a 01 00 02 01 ff 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: sizeLimit 2^31", "04 00 0a 01 00 0a 01 00 02 05 00 80 00 00 00 02 01 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: timeLimit -1", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 ff 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"F12: timeLimit of nine bytes", "04 00 0a 01 00 0a 01 00 02 01 00 02 09 01 00 00 00 00 00 00 00 00 01 01 00 87 01 6f 30 00", wire.ErrProtocol},
		{"E6: typesOnly of two bytes", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 02 ff ff 87 01 6f 30 00", wire.ErrEncoding},
		{"E8: no filter", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00", wire.ErrProtocol},
		{"E8: no attributes", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f", wire.ErrProtocol},
		{"attributes are a SET", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 31 00", wire.ErrProtocol},
		{"an attribute is a SEQUENCE", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 02 30 00", wire.ErrProtocol},
		{"E7: an attribute is a REAL", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 02 09 00", wire.ErrEncoding},
		{"an attribute is cut short", "04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 6f 30 02 04 02", wire.ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := new(wire.SearchRequest).Decode(pdu(t, c.bytes)); !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func TestFilterMalformed(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		err   error
	}{
		{"not of nothing", "a2 00", wire.ErrProtocol},
		{"not of two", "a2 06 87 01 6f 87 01 6f", wire.ErrProtocol},
		{"unknown choice [10]", "aa 00", wire.ErrProtocol},
		{"unknown choice [10] within And", "a0 02 aa 00", wire.ErrProtocol},
		{"E7: universal tag", "30 00", wire.ErrProtocol},
		{"E7: REAL", "09 00", wire.ErrEncoding},
		{"present, constructed", "a7 00", wire.ErrProtocol},
		{"equality, primitive", "83 00", wire.ErrProtocol},
		{"E8: equality of nothing", "a3 00", wire.ErrProtocol},
		{"E8: equality without value", "a3 04 04 02 63 6e", wire.ErrProtocol},
		{"equality with an INTEGER", "a3 05 04 00 02 01 01", wire.ErrProtocol},
		{"E6: equality with a constructed OCTET STRING", "a3 06 04 00 24 02 04 00", wire.ErrEncoding},
		{"equality longer than the filter", "a3 09 04 00 04 00", wire.ErrTruncated},
		{"value longer than the equality", "a3 04 04 00 04 07", wire.ErrTruncated},
		{"E6: And of indefinite length", "a0 80 87 01 6f 00 00", wire.ErrLength},
		{"And cut short", "a0 09 87 01 6f", wire.ErrTruncated},
		{"E8: substrings without parts", "a4 04 04 02 63 6e", wire.ErrProtocol},
		{"F7: substrings with no part at all", "a4 06 04 02 63 6e 30 00", wire.ErrProtocol},
		{"substrings: final before any", "a4 0a 04 00 30 06 82 01 61 81 01 62", wire.ErrProtocol},
		{"substrings: two finals", "a4 0a 04 00 30 06 82 01 61 82 01 62", wire.ErrProtocol},
		{"substrings: initial behind any", "a4 0a 04 00 30 06 81 01 61 80 01 62", wire.ErrProtocol},
		{"substrings: two initials", "a4 0a 04 00 30 06 80 01 61 80 01 62", wire.ErrProtocol},
		{"substrings: unknown part [3]", "a4 07 04 00 30 03 83 01 61", wire.ErrProtocol},
		{"substrings: part is an OCTET STRING", "a4 07 04 00 30 03 04 01 61", wire.ErrProtocol},
		{"substrings: part cut short", "a4 07 04 00 30 03 80 02 61", wire.ErrTruncated},
		{"F6: extensible match without anything", "a9 00", wire.ErrProtocol},
		{"F6: extensible match without value", "a9 04 82 02 63 6e", wire.ErrProtocol},
		{"F6: extensible match with neither type nor rule", "a9 03 83 01 76", wire.ErrProtocol},
		{"F6: extensible match with empty type and rule", "a9 07 81 00 82 00 83 01 76", wire.ErrProtocol},
		{"F6: extensible match with type before rule", "a9 0a 82 02 63 6e 81 01 31 83 01 76", wire.ErrProtocol},
		{"F6: dnAttributes of two bytes", "a9 09 81 01 31 83 00 84 02 ff ff", wire.ErrEncoding},
	} {
		t.Run(c.name, func(t *testing.T) {
			filter := pdu(t, c.bytes)
			if err := new(wire.SearchRequest).Decode(searchBody(filter)); !errors.Is(err, c.err) {
				t.Errorf("in a search: error %v, want %v", err, c.err)
			}
			var f schema.Filter
			if err := wire.DecodeFilter(&f, filter); !errors.Is(err, wire.ErrProtocol) {
				t.Errorf("in a value: error %v, want %v", err, wire.ErrProtocol)
			}
		})
	}
}

func TestFilterUnusualButLegal(t *testing.T) {
	part := func(at schema.PartKind, v string) schema.SubstringPart {
		return schema.SubstringPart{At: at, Value: []byte(v)}
	}
	for _, c := range []struct {
		name  string
		bytes string
		want  schema.Filter
	}{
		{"(&), absolute true of RFC 4526", "a0 00", schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterAnd, End: 1}}}},
		{"(|), absolute false", "a1 00", schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterOr, End: 1}}}},
		{"F7: parts without bytes", "a4 0a 04 00 30 06 80 00 81 00 82 00", schema.Filter{
			Nodes: []schema.FilterNode{{Kind: schema.FilterSubstrings, End: 1, PartsTo: 3}},
			Parts: []schema.SubstringPart{part(schema.PartInitial, ""), part(schema.PartAny, ""), part(schema.PartFinal, "")}}},
		{"dnAttributes FALSE spelled out", "a9 08 81 01 31 83 00 84 01 00", schema.Filter{
			Nodes: []schema.FilterNode{{Kind: schema.FilterExtensible, End: 1, Rule: []byte("1")}}}},
		{"F4: attribute that begins with =, value that is no UTF-8", "a3 06 04 01 3d 04 01 ff", schema.Filter{
			Nodes: []schema.FilterNode{{Kind: schema.FilterEquality, End: 1, Attr: []byte("="), Value: []byte{0xff}}}}},
		{"equality with a component of the future", "a3 08 04 01 6f 04 01 78 85 00", schema.Filter{
			Nodes: []schema.FilterNode{{Kind: schema.FilterEquality, End: 1, Attr: []byte("o"), Value: []byte("x")}}}},
		{"children's ranges", "a0 0c a2 05 a1 03 87 01 61 87 01 62 a1 00", schema.Filter{Nodes: []schema.FilterNode{
			{Kind: schema.FilterAnd, End: 6}, {Kind: schema.FilterNot, End: 4}, {Kind: schema.FilterOr, End: 4},
			{Kind: schema.FilterPresent, End: 4, Attr: []byte("a")}, {Kind: schema.FilterPresent, End: 5, Attr: []byte("b")},
			{Kind: schema.FilterOr, End: 6}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f schema.Filter
			if err := wire.DecodeFilter(&f, pdu(t, c.bytes)); err != nil {
				t.Fatal(err)
			}
			if !same(&f, &c.want) {
				t.Errorf("got %+v, want %+v", f, c.want)
			}
		})
	}
}

// nested wraps a present filter depth times.
func nested(tag byte, depth int) []byte {
	// Built from the inside, each header in front: written backwards.
	out := []byte{'o', 1, 0x87}
	for range depth {
		header := ber.AppendHeader(nil, tag, len(out))
		for i := len(header) - 1; i >= 0; i-- {
			out = append(out, header[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// F1 and E2: nesting that would end a recursive decoder, and with it the process.
func TestFilterNestedDeeply(t *testing.T) {
	for _, tag := range []byte{0xa0, 0xa1, 0xa2} {
		for _, c := range []struct {
			depth int
			err   error
		}{
			{wire.MaxFilterDepth - 1, nil},
			{wire.MaxFilterDepth, wire.ErrFilterDepth},
			{1000, wire.ErrFilterDepth},
			{1000000, wire.ErrFilterDepth},
		} {
			t.Run(fmt.Sprintf("%#x %d", tag, c.depth), func(t *testing.T) {
				err := new(wire.SearchRequest).Decode(searchBody(nested(tag, c.depth)))
				if !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				if c.err != nil && !errors.Is(err, wire.ErrLimit) {
					t.Errorf("error %v is not of kind ErrLimit", err)
				}
			})
		}
	}
}

// F2, F7 and F8: more of everything than anybody needs.
func TestSearchOfExcessiveSize(t *testing.T) {
	items := func(n int) []byte { return ber.AppendBytes(nil, 0xa1, bytes.Repeat([]byte{0x87, 1, 'o'}, n)) }
	parts := func(n int) []byte {
		list := ber.AppendBytes([]byte{4, 0}, ber.TagSequence, bytes.Repeat([]byte{0x81, 1, 'a'}, n))
		return ber.AppendBytes(nil, 0xa4, list)
	}
	value := ber.AppendBytes([]byte{4, 1, 'o'}, ber.TagOctetString, bytes.Repeat([]byte{'v'}, 1<<20))
	attributes := func(n int) []byte {
		q := wire.SearchRequest{Attributes: make([][]byte, n)}
		q.Filter.Nodes = []schema.FilterNode{{Kind: schema.FilterAnd, End: 1}}
		return body(wiretest.Op(&q))
	}
	for _, c := range []struct {
		name string
		body []byte
		err  error
	}{
		{"as many items as allowed", searchBody(items(wire.MaxFilterItems - 1)), nil},
		{"one item too many", searchBody(items(wire.MaxFilterItems)), wire.ErrFilterItems},
		{"F2: 100,000 items", searchBody(items(100000)), wire.ErrFilterItems},
		{"F2: value of 1 MiB", searchBody(ber.AppendBytes(nil, 0xa3, value)), nil},
		{"F7: 1,000 parts", searchBody(parts(1000)), nil},
		{"F7: 100,000 parts", searchBody(parts(100000)), wire.ErrFilterItems},
		{"as many attributes as allowed", attributes(wire.MaxAttributes), nil},
		{"F8: 10,000 empty attributes", attributes(10000), wire.ErrTooManyAttributes},
	} {
		t.Run(c.name, func(t *testing.T) {
			var q wire.SearchRequest
			err := q.Decode(c.body)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if c.err != nil && !errors.Is(err, wire.ErrLimit) {
				t.Errorf("error %v is not of kind ErrLimit", err)
			}
			if len(q.Filter.Nodes)+len(q.Filter.Parts) > wire.MaxFilterItems+1 {
				t.Errorf("%d nodes and %d parts were made", len(q.Filter.Nodes), len(q.Filter.Parts))
			}
		})
	}
}

func TestLargeFilterIsForgotten(t *testing.T) {
	var q wire.SearchRequest
	large := ber.AppendBytes(nil, 0xa1, bytes.Repeat([]byte{0x87, 1, 'o'}, 4000))
	if err := q.Decode(searchBody(large)); err != nil {
		t.Fatal(err)
	}
	if err := q.Decode(searchBody([]byte{0x87, 1, 'o'})); err != nil {
		t.Fatal(err)
	}
	if c := cap(q.Filter.Nodes); c > 256 {
		t.Errorf("room for %d nodes is kept", c)
	}
}
