package schema

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// viewOf is the view of an entry with the attributes that lines tell of.
func viewOf(t *testing.T, s *Schema, lines ...string) *View {
	t.Helper()
	const dn = "cn=a,o=utdata"
	e, err := s.NewEntry(dn, raw(lines...), true)
	if err != nil {
		t.Fatal(err)
	}
	e.ID, e.UUID = uint64(len(lines)), UUID{byte(len(lines))}
	s.SetOperational(e, "entryCSN", []byte("20251122101010.000001Z#000000#000#000000"))
	return s.View(e, []byte(keyOf(t, s, dn)))
}

func TestTakeApartUsesMemoryAgain(t *testing.T) {
	s := mustDefault(t)
	long := strings.Repeat("x", 70_000)
	views := []*View{
		viewOf(t, s, "objectClass: top", "objectClass: person", "cn: a", "sn: b", "description: "+long, "description: c"),
		viewOf(t, s, "objectClass: top", "cn: a"),
		viewOf(t, s, "cn: a", "cn;lang-de: b", "nobodyKnows: c", "description:", "sn: "+long[:200], "seeAlso: cn=x", "uid: "+long[:127], "uid: "+long[:128]),
		viewOf(t, s, "cn: a"),
	}
	e := new(Entry)
	for range 2 {
		for i, v := range views {
			s.TakeApart(e, v)
			want := s.Entry(v)
			if e.ID != v.ID || e.UUID != v.UUID || e.DN != string(v.DN) {
				t.Fatalf("view %d: %d, %v, %q", i, e.ID, e.UUID, e.DN)
			}
			if !reflect.DeepEqual(e.Attributes, want.Attributes) || !reflect.DeepEqual(e.Operational, want.Operational) {
				t.Fatalf("view %d:\n%v\n%v\nwant\n%v\n%v", i, e.Attributes, e.Operational, want.Attributes, want.Operational)
			}
			if !reflect.DeepEqual(s.View(e, v.Key), v) {
				t.Fatalf("view %d is another one when it is put together again", i)
			}
			// What a change does must not reach the values of other attributes.
			for j := range e.Attributes {
				a := &e.Attributes[j]
				a.Values = append(a.Values, []byte("more"))
			}
			s.SetOperational(e, "modifyTimestamp", []byte("20251122101011Z"))
			for j := range want.Attributes {
				if n := len(want.Attributes[j].Values); !reflect.DeepEqual(e.Attributes[j].Values[:n], want.Attributes[j].Values[:n:n]) && n > 0 {
					t.Fatalf("view %d: values of %v are %q", i, e.Attributes[j].Desc, e.Attributes[j].Values)
				}
			}
		}
	}
	s.TakeApart(e, views[1])
	s.TakeApart(e, views[0])
	if n := testing.AllocsPerRun(100, func() { s.TakeApart(e, views[2]); s.TakeApart(e, views[0]) }); n > 6 { // names, and what the schema does not know
		t.Errorf("%v allocations", n)
	}
	e.drop(&e.Attributes[0].Desc)
	e.Forget()
	if len(e.Attributes) != 0 || len(e.Operational) != 0 || e.DN != "" || e.ID != 0 || e.rdn != nil {
		t.Errorf("not empty: %+v", e)
	}
	for i, a := range e.Attributes[:cap(e.Attributes)] {
		if a.Values != nil {
			t.Errorf("attribute %d still has its values", i)
		}
	}
	for i, v := range e.values[:cap(e.values)] {
		if v != nil {
			t.Errorf("value %d is still there", i)
		}
	}
}

func TestEntryOwnsItsMemory(t *testing.T) {
	s := mustDefault(t)
	v := viewOf(t, s, "objectClass: top", "cn: a", "sn: b")
	e := s.Entry(v)
	for _, b := range [][]byte{v.DN, v.User, v.Operational} {
		clear(b)
	}
	if got := e.Get("sn"); len(got) != 1 || string(got[0]) != "b" || e.DN != "cn=a,o=utdata" {
		t.Errorf("%q, %q", got, e.DN)
	}
}

func TestStoredSizeIsThatOfTheStoredForm(t *testing.T) {
	s := mustDefault(t)
	for _, size := range []int{0, 1, 120, 127, 128, 129, 250, 255, 256, 300, 65_535, 65_536, 70_000} {
		for _, values := range []int{0, 1, 2, 60} {
			d, err := s.ParseDescription([]byte("description;lang-de"))
			if err != nil {
				t.Fatal(err)
			}
			list := []Attribute{{Desc: d}, {Desc: d}}
			for range values {
				list[1].Values = append(list[1].Values, bytes.Repeat([]byte{'v'}, size))
			}
			got := AppendStored(nil, list)
			if want := append(AppendAttribute(nil, d.String()), AppendAttribute(nil, d.String(), list[1].Values...)...); !bytes.Equal(got, want) {
				t.Fatalf("%d values of %d bytes are not stored as by AppendAttribute", values, size)
			}
			if n := StoredSize(list); n != len(got) {
				t.Errorf("%d values of %d bytes: size %d, want %d", values, size, n, len(got))
			}
		}
	}
}

func TestFindValue(t *testing.T) {
	s := mustDefault(t)
	cn, seen := s.AttributeType([]byte("cn")), s.AttributeType([]byte("userPassword"))
	for _, c := range []struct {
		t      *AttributeType
		values string
		value  string
		want   int
	}{
		{cn, "a|b|c", "b", 1}, {cn, "a|B  x |c", "b x", 1}, {cn, "a|b", "d", -1}, {cn, "", "a", -1},
		{cn, "A|a", "a", 0}, // the first that is equal, not the first that is the same
		{seen, "A|a", "a", 1}, {nil, "A|a", "a", 1}, {nil, "A", "a", -1},
		{cn, "Ä|b", "ä", 0}, {cn, "x|" + strings.Repeat("long ", 200), strings.Repeat("LONG  ", 200), 1},
	} {
		var values [][]byte
		for _, v := range strings.Split(c.values, "|") {
			if c.values != "" {
				values = append(values, []byte(v))
			}
		}
		if got := s.findValue(c.t, values, []byte(c.value)); got != c.want {
			t.Errorf("%q in %q: %d, want %d", c.value, c.values, got, c.want)
		}
	}
}
