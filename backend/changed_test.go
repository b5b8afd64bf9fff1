package backend

// What a modify makes of an entry: which attributes are others, and the record.

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// listOf makes a list of attributes: "cn=a" is one with a value.
func listOf(attributes ...string) (list []byte) {
	for _, a := range attributes {
		name, value, _ := bytes.Cut([]byte(a), []byte{'='})
		list = schema.AppendAttribute(list, string(name), value)
	}
	return list
}

// TestChangedAttributes compares what differs with what is known to, whatever the
// order is.
func TestChangedAttributes(t *testing.T) {
	names := func(a, b []string) []string {
		var got []string
		for _, d := range changedAttributes(nil, &schema.View{User: listOf(a...)}, &schema.View{User: listOf(b...)}) {
			got = append(got, string(d))
		}
		slices.Sort(got)
		return slices.Compact(got)
	}
	for _, c := range []struct{ a, b, want []string }{
		{nil, nil, nil},
		{[]string{"cn=a"}, nil, []string{"cn"}},
		{nil, []string{"cn=a"}, []string{"cn"}},
		{[]string{"cn=a", "sn=b"}, []string{"cn=a", "sn=b"}, nil},
		{[]string{"cn=a", "sn=b", "uid=c"}, []string{"cn=a", "sn=x", "uid=c"}, []string{"sn"}},
		{[]string{"cn=a", "sn=b", "uid=c"}, []string{"cn=a", "uid=c"}, []string{"sn"}},
		{[]string{"cn=a", "uid=c"}, []string{"cn=a", "sn=b", "uid=c"}, []string{"sn"}},
		{[]string{"cn=a", "sn=b"}, []string{"sn=b", "cn=a"}, nil},
		{[]string{"cn=a", "sn=b"}, []string{"sn=x", "cn=a"}, []string{"sn"}},
		{[]string{"cn=a"}, []string{"cn=a", "cn;lang-de=a"}, []string{"cn;lang-de"}},
		{[]string{"cn=a"}, []string{"cn=ab"}, []string{"cn"}},
	} {
		if got := names(c.a, c.b); !slices.Equal(got, c.want) {
			t.Errorf("%q, %q: %q have changed, want %q", c.a, c.b, got, c.want)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	all := []string{"a", "b", "c", "d", "e", "f"}
	for range 2000 {
		var lists [2][]string
		var values [2]map[string]string
		for i := range lists {
			values[i] = map[string]string{}
			for _, n := range all {
				if v := rnd.IntN(4); v > 0 {
					values[i][n] = n + "=" + string(rune('0'+v))
					lists[i] = append(lists[i], values[i][n])
				}
			}
			if rnd.IntN(3) == 0 {
				rnd.Shuffle(len(lists[i]), func(x, y int) { lists[i][x], lists[i][y] = lists[i][y], lists[i][x] })
			}
		}
		var want []string
		for _, n := range all {
			if values[0][n] != values[1][n] {
				want = append(want, n)
			}
		}
		if got := names(lists[0], lists[1]); !slices.Equal(got, want) {
			t.Fatalf("%q, %q: %q have changed, want %q", lists[0], lists[1], got, want)
		}
	}
	op := changedAttributes(nil, &schema.View{Operational: listOf("cn=a")}, &schema.View{Operational: listOf("cn=b")})
	if len(op) != 1 || string(op[0]) != "cn" {
		t.Errorf("operational: %q", op)
	}
}

// TestRecordOfEntry: the record that is made of an entry at once is the one made of
// its view.
func TestRecordOfEntry(t *testing.T) {
	def, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	w := &Store{schema: def, seals: seals{entries: newSeal(bucketEntries)}}
	for _, e := range []*schema.Entry{
		{ID: 1, UUID: schema.UUID{7}, DN: "o=utdata"},
		{ID: 1 << 40, DN: "cn=a,o=utdata", Attributes: []schema.Attribute{
			{Desc: schema.AttributeDescription{Name: "objectClass"}, Values: [][]byte{[]byte("referral"), []byte("extensibleObject")}},
			{Desc: schema.AttributeDescription{Name: "cn"}, Values: [][]byte{bytes.Repeat([]byte{'x'}, 300)}},
		}, Operational: []schema.Attribute{{Desc: schema.AttributeDescription{Name: "entryCSN"}, Values: [][]byte{[]byte("c")}}}},
	} {
		key := []byte("key of " + e.DN)
		want := w.schema.View(e, key)
		record, v := w.recordOf(e, key)
		if !bytes.Equal(record, w.sealedRecord(want)) {
			t.Errorf("%s: the record is\n%q\nwant\n%q", e.DN, record, w.sealedRecord(want))
		}
		if v.ID != want.ID || v.UUID != want.UUID || v.Kind != want.Kind || !reflect.DeepEqual(
			[]string{string(v.Key), string(v.DN), string(v.User), string(v.Operational)},
			[]string{string(want.Key), string(want.DN), string(want.User), string(want.Operational)}) {
			t.Errorf("%s: view %+v, want %+v", e.DN, v, want)
		}
	}
}
