// entry_bench_test.go: what searches and writes do to one entry.

package schema

import "testing"

// benchEntry is an entry as a site has them, about 420 bytes.
func benchEntry(b *testing.B, s *Schema) (*Entry, *View) {
	b.Helper()
	const dn = "utname=usr0000001,utname=users,utname=farm,o=v1,o=utdata"
	e, err := s.NewEntry(dn, benchAttributes(), false)
	if err != nil {
		b.Fatal(err)
	}
	e.ID, e.UUID = 7, UUID{1, 2}
	s.SetOperational(e, "creatorsName", []byte("cn=admin,o=utdata"))
	s.SetOperational(e, "createTimestamp", []byte("20251122101010Z"))
	s.SetOperational(e, "entryCSN", []byte("20251122101010.000001Z#000000#000#000000"))
	return e, s.View(e, []byte(keyOf(b, s, dn)))
}

func benchAttributes() []RawAttribute {
	return raw("objectClass: top", "objectClass: utUser", "utname: usr0000001", "cn: Person 0000001 Bonetti", "sn: Bonetti", "uid: usr0000001",
		"utserver: ray07.example.com", "utlastseen: 20250102030405Z", "utflags: 17",
		"description: Account opened by the help desk on request 12345678 of the department; badge handed out", "userPassword: open-0000001-sesame")
}

func BenchmarkNewEntry(b *testing.B) {
	s := mustDefault(b)
	list := benchAttributes()
	b.ReportAllocs()
	for b.Loop() {
		e, err := s.NewEntry("utname=usr0000001,o=utdata", list, false)
		if err == nil {
			err = s.CheckEntry(e)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStoredFormOfEntry is the way from the stored form and back that each
// modify goes.
func BenchmarkStoredFormOfEntry(b *testing.B) {
	s := mustDefault(b)
	_, v := benchEntry(b, s)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if e := s.Entry(v); len(e.Attributes) == 0 {
				b.Fatal("no attributes")
			}
		}
	})
	e := s.Entry(v)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if w := s.View(e, v.Key); len(w.User) == 0 {
				b.Fatal("no attributes")
			}
		}
	})
	b.Run("clone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c := v.Clone(); len(c.User) == 0 {
				b.Fatal("no attributes")
			}
		}
	})
}

func BenchmarkApplyMods(b *testing.B) {
	s := mustDefault(b)
	_, v := benchEntry(b, s)
	for name, text := range map[string]string{
		"replace": "replace description changed", "add": "add utserver ray08.example.com", "delete": "delete utflags 17",
	} {
		mods := modsOf(text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.ApplyMods(s.Entry(v), mods); err != nil { // an entry of its own: it is changed
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	s := mustDefault(b)
	_, v := benchEntry(b, s)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := v.Find("userPassword"); !ok {
			b.Fatal("no password")
		}
	}
}

// BenchmarkMatch is what a search without an index does to each entry.
func BenchmarkMatch(b *testing.B) {
	s := mustDefault(b)
	_, v := benchEntry(b, s)
	substring := func(value string) *Filter {
		f := &Filter{Nodes: node(FilterSubstrings, "cn", ""), Parts: []SubstringPart{{At: PartAny, Value: []byte(value)}}}
		f.Nodes[0].PartsTo = 1
		return f
	}
	plain := func(nodes []FilterNode) *Filter { return &Filter{Nodes: nodes} }
	for _, c := range []struct {
		name string
		f    *Filter
		want Tri
	}{
		{"present", plain(node(FilterPresent, "objectClass", "")), True},
		{"equality", plain(node(FilterEquality, "uid", "USR0000001")), True},
		{"equality, other value", plain(node(FilterEquality, "uid", "usr0000002")), False},
		{"equality of the last attribute", plain(node(FilterEquality, "utflags", "17")), True},
		{"class", plain(node(FilterEquality, "objectClass", "utUser")), True},
		{"substring", substring("000001 b"), True},
		{"substring, other value", substring("000002 b"), False},
		{"ordering", plain(node(FilterGreaterOrEqual, "utlastseen", "20240101000000Z")), True},
		{"and of three", plain(tree(FilterAnd, node(FilterEquality, "objectClass", "utUser"), node(FilterEquality, "sn", "bonetti"),
			tree(FilterNot, node(FilterEquality, "utserver", "ray08.example.com")))), True},
	} {
		f := c.f
		f.Resolve(s, func(*AttributeType) bool { return false })
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := f.Match(s, v); got != c.want {
					b.Fatalf("%v, want %v", got, c.want)
				}
			}
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	s := mustDefault(b)
	f := &Filter{Nodes: tree(FilterAnd, node(FilterEquality, "objectClass", "utUser"), node(FilterEquality, "uid", "usr0000001"))}
	hidden := func(*AttributeType) bool { return false }
	b.ReportAllocs()
	for b.Loop() {
		f.Resolve(s, hidden)
	}
}
