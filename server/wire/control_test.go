// control_test.go: values of controls and extended operations.

package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// The decoders of values, each behind the same shape.
var values = map[string]func(value []byte) (any, error){
	"paged": func(v []byte) (any, error) {
		var p wire.PagedResults
		err := p.Decode(v)
		return p, err
	},
	"sort": func(v []byte) (any, error) { return wire.DecodeSort(nil, v) },
	"read": func(v []byte) (any, error) { return wire.DecodeAttributeSelection(nil, v) },
	"cancel": func(v []byte) (any, error) {
		return wire.DecodeCancel(v)
	},
	"password": func(v []byte) (any, error) {
		var p wire.PasswordModify
		err := p.Decode(v)
		return p, err
	},
	"assertion": func(v []byte) (any, error) {
		var f schema.Filter
		err := wire.DecodeFilter(&f, v)
		return f, err
	},
	"matched": func(v []byte) (any, error) {
		var f schema.Filter
		err := wire.DecodeValuesReturnFilter(&f, v)
		return f, err
	},
	"sync request": func(v []byte) (any, error) {
		var q wire.SyncRequestValue
		err := q.Decode(v)
		return q, err
	},
	"sync state": func(v []byte) (any, error) {
		var q wire.SyncStateValue
		err := q.Decode(v)
		return q, err
	},
	"sync done": func(v []byte) (any, error) {
		var q wire.SyncDoneValue
		err := q.Decode(v)
		return q, err
	},
	"sync info": func(v []byte) (any, error) {
		var q wire.SyncInfoValue
		err := q.Decode(v)
		return q, err
	},
	"watch": func(v []byte) (any, error) { return wire.DecodeWatch(v) },
	"entry change": func(v []byte) (any, error) {
		var q wire.EntryChange
		err := q.Decode(v)
		return q, err
	},
	"user length": func(v []byte) (any, error) { return wire.DecodeUserLength(v) },
}

func TestValueDecode(t *testing.T) {
	present := func(attr string, end int32) schema.FilterNode {
		return schema.FilterNode{Kind: schema.FilterPresent, Attr: []byte(attr), End: end}
	}
	for _, c := range []struct {
		name, kind, bytes string
		want              any
	}{
		{"paged results", "paged", "30 06 02 01 64 04 01 63", wire.PagedResults{Size: 100, Cookie: []byte("c")}},
		{"first page of 2^31-1", "paged", "30 08 02 04 7f ff ff ff 04 00", wire.PagedResults{Size: 1<<31 - 1, Cookie: []byte{}}},
		{"C2: size 0", "paged", "30 05 02 01 00 04 00", wire.PagedResults{Cookie: []byte{}}},
		{"sort by three keys", "sort", `
			30 1b
			   30 04 04 02 63 6e             -- cn
			   30 0c 04 02 73 6e             -- sn
			      80 03 31 2e 31 81 01 ff    --   rule 1.1, reverse
			   30 05 04 00 81 01 00          -- "", reverse FALSE spelled out`,
			[]wire.SortKey{{Attr: []byte("cn")}, {Attr: []byte("sn"), Rule: []byte("1.1"), Reverse: true}, {Attr: []byte{}}}},
		{"read entry, all attributes", "read", "30 00", [][]byte{}},
		{"read entry, two attributes", "read", "30 07 04 02 63 6e 04 01 2a", [][]byte{[]byte("cn"), []byte("*")}},
		{"cancel", "cancel", "30 04 02 02 00 80", int32(128)},
		{"password of nobody in particular", "password", "", wire.PasswordModify{}},
		{"password, all fields", "password", "30 09 80 01 75 81 01 6f 82 01 6e",
			wire.PasswordModify{UserIdentity: []byte("u"), OldPassword: []byte("o"), NewPassword: []byte("n")}},
		{"password, empty new one", "password", "30 02 82 00", wire.PasswordModify{NewPassword: []byte{}}},
		{"assertion", "assertion", "87 02 63 6e", schema.Filter{Nodes: []schema.FilterNode{present("cn", 1)}}},
		{"matched values", "matched", "30 08 87 02 63 6e 87 02 73 6e", schema.Filter{Nodes: []schema.FilterNode{
			{Kind: schema.FilterOr, End: 3}, present("cn", 2), present("sn", 3)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := values[c.kind](pdu(t, c.bytes))
			if err != nil || !same(got, c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestValueMalformed(t *testing.T) {
	keys := append([]byte{0x30, 17 * 4}, bytes.Repeat([]byte{0x30, 2, 4, 0}, 17)...)
	if _, err := wire.DecodeSort(nil, keys); !errors.Is(err, wire.ErrTooManySortKeys) {
		t.Errorf("17 sort keys: error %v", err)
	}
	for _, c := range []struct{ name, kind, bytes string }{
		{"E9: paged results without value", "paged", ""},
		{"E9: paged results of the wrong type", "paged", "04 05 02 01 00 04 00"},
		{"paged results without cookie", "paged", "30 03 02 01 00"},
		{"C2: size -1", "paged", "30 05 02 01 ff 04 00"},
		{"C2: size 2^31", "paged", "30 09 02 05 00 80 00 00 00 04 00"},
		{"C2: cookie longer than the value", "paged", "30 05 02 01 00 04 05"},
		{"bytes behind paged results", "paged", "30 05 02 01 00 04 00 00"},
		{"E9: sort without value", "sort", ""},
		{"sort by no key", "sort", "30 00"},
		{"sort by a key without type", "sort", "30 02 30 00"},
		{"C8: constructed attribute type", "sort", "30 08 30 06 24 04 04 02 63 6e"},
		{"sort: rule behind order", "sort", "30 0b 30 09 04 00 81 01 ff 80 02 31"},
		{"sort: order of two bytes", "sort", "30 08 30 06 04 00 81 02 ff ff"},
		{"E9: read entry without value", "read", ""},
		{"read entry: attribute is an INTEGER", "read", "30 03 02 01 01"},
		{"C5: cancel without value", "cancel", ""},
		{"C5: cancel of nothing", "cancel", "30 00"},
		{"C5: cancel of -1", "cancel", "30 03 02 01 ff"},
		{"C5: cancel of 2^31", "cancel", "30 07 02 05 00 80 00 00 00"},
		{"C5: bytes behind", "cancel", "30 03 02 01 01 00"},
		{"password: not a SEQUENCE", "password", "80 01 75"},
		{"password: field cut short", "password", "30 03 80 02 75"},
		{"E9: assertion without value", "assertion", ""},
		{"assertion: two filters", "assertion", "87 01 6f 87 01 6f"},
		{"C4: matched values without value", "matched", ""},
		{"C4: matched values of no item", "matched", "30 00"},
		{"C4: matched values with And", "matched", "30 02 a0 00"},
		{"C4: matched values with Not", "matched", "30 05 a2 03 87 01 6f"},
		{"C4: matched values with an unknown item", "matched", "30 02 8b 00"},
		{"C4: item cut short", "matched", "30 05 a3 05 04 00 04"},
		{"C4: bytes behind matched values", "matched", "30 03 87 01 6f 05 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := values[c.kind](pdu(t, c.bytes))
			if !errors.Is(err, wire.ErrProtocol) || errors.Is(err, wire.ErrFatal) {
				t.Errorf("got %+v, error %v", got, err)
			}
		})
	}
}

func TestValueEncode(t *testing.T) {
	page := wire.PagedResults{Size: 300, Cookie: []byte("next")}
	var back wire.PagedResults
	if err := back.Decode(page.Append(nil)); err != nil || !reflect.DeepEqual(back, page) {
		t.Errorf("paged results: %+v, %v", back, err)
	}
	for _, c := range []struct {
		name  string
		got   []byte
		bytes string
	}{
		{"last page", new(wire.PagedResults).Append(nil), "30 05 02 01 00 04 00"},
		{"sorted", wire.AppendSortResponse(nil, schema.Success, nil), "30 03 0a 01 00"},
		{"no such attribute to sort by", wire.AppendSortResponse(nil, schema.NoSuchAttribute, []byte("cn")), "30 07 0a 01 10 80 02 63 6e"},
		{"no generated password", wire.AppendGeneratedPassword(nil, nil), "30 00"},
		{"generated password", wire.AppendGeneratedPassword(nil, []byte("pw")), "30 04 80 02 70 77"},
		{"control without value", wire.AppendControl(nil, "1.1", false, nil), "30 05 04 03 31 2e 31"},
	} {
		if want := pdu(t, c.bytes); !bytes.Equal(c.got, want) {
			t.Errorf("%s: got % x, want % x", c.name, c.got, want)
		}
	}
}
