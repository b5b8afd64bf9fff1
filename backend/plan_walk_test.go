package backend_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// TestSubstringsByAnyPlan asks for random parts of random values: through all
// entries, through the equality index, through grams and through both.
func TestSubstringsByAnyPlan(t *testing.T) {
	attrs := []string{"cn", "sn", "telephoneNumber", "mail", "description", "objectClass"}
	subs := attrs[:4]
	stores := []*world{newWorldWith(t, backend.Options{}),
		newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: attrs}}),
		newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: attrs[4:], Sub: subs}}),
		newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: attrs, Sub: subs}})}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	letters := []string{"a", "A", "b", "C", "1", "2", " ", "  ", "-", "ö", "Ö", "ß", "é", "e\u0301", "ﬁ", "´", " ´"}
	text := func(of []string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(of[random.IntN(len(of))])
		}
		return b.String()
	}
	digits, plain := letters[4:9], letters[:6]
	for i := range 250 {
		name := fmt.Sprintf("n%d %s.", i, text(letters, random.IntN(12)))
		lines := []string{"mail: " + text(plain, 1+random.IntN(8)) + "@x.org", "telephoneNumber: +" + text(digits, 1+random.IntN(8)) + "3",
			"cn: " + text(letters, random.IntN(9)) + "z", "cn;lang-de: " + text(letters, random.IntN(9)) + "y"}
		lines = append(lines, fmt.Sprintf("description: d%d", i%40))
		if i%40 == 0 {
			lines = append(lines, "cn: "+strings.Repeat("long ", 90+i/3)+text(letters, 9)+"x")
		}
		for _, w := range stores {
			w.must(add(fmt.Sprintf("uid=%d,%s", i, people), append([]string{"objectClass: inetOrgPerson", "sn: " + name}, lines...)...))
		}
	}
	found := 0
	for range 1200 {
		attr := subs[random.IntN(len(subs))]
		of := map[string][]string{"cn": letters, "sn": letters, "telephoneNumber": digits, "mail": plain}[attr]
		var parts []schema.SubstringPart
		for n := 1 + random.IntN(2); len(parts) < n; {
			p := schema.SubstringPart{At: schema.PartAny, Value: []byte(text(of, 1+random.IntN(4)))}
			switch random.IntN(6) {
			case 0:
				if len(parts) == 0 {
					p.At = schema.PartInitial
				}
			case 1:
				if len(parts) == n-1 {
					p.At = schema.PartFinal
				}
			}
			parts = append(parts, p)
		}
		if random.IntN(20) == 0 {
			parts = []schema.SubstringPart{{At: schema.PartInitial, Value: []byte(strings.Repeat("long ", 60+random.IntN(50)))}}
		}
		nodes := item(schema.FilterSubstrings, attr, "")
		nodes[0].PartsTo = int32(len(parts))
		described := eq("description", fmt.Sprintf("d%d", random.IntN(40)))
		switch random.IntN(6) {
		case 4:
			nodes = set(schema.FilterAnd, set(schema.FilterAnd, nodes, described), eq("objectClass", "person"))
		case 5:
			nodes = set(schema.FilterAnd, set(schema.FilterOr, set(schema.FilterAnd, nodes, eq("objectClass", "person")), described), eq("objectClass", "person"))
		case 0:
			nodes = set(schema.FilterAnd, eq("objectClass", "person"), nodes)
		case 1:
			more := item(schema.FilterSubstrings, "sn", "")
			more[0].PartsFrom, more[0].PartsTo = int32(len(parts)), int32(len(parts)+1)
			parts = append(parts, schema.SubstringPart{At: schema.PartAny, Value: []byte(text(letters, 3))})
			nodes = set([]schema.FilterKind{schema.FilterOr, schema.FilterAnd}[random.IntN(2)], nodes, more)
		}
		base, scope := suffix, schema.ScopeSub
		if random.IntN(3) == 0 {
			base, scope = people, schema.ScopeOne
		}
		var want []string
		for i, w := range stores {
			f := &schema.Filter{Nodes: slices.Clone(nodes), Parts: slices.Clone(parts)}
			f.Resolve(w.schema, nil)
			got, err := w.search(w.query(base, scope, f))
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got.dns)
			if i == 0 {
				want = got.dns
				found += len(want)
			}
			if !slices.Equal(got.dns, want) {
				t.Fatalf("%s %q: store %d finds %q, a look at all entries %q", attr, parts, i, got.dns, want)
			}
		}
	}
	if found < 400 {
		t.Errorf("only %d entries were found in all: the parts are too odd", found)
	}
}

// TestSubstringsLookAtFewEntries: the equality index saves looking at entries.
func TestSubstringsLookAtFewEntries(t *testing.T) {
	w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"objectClass", "cn"}}})
	w.fill(1000)
	for _, c := range []struct {
		at       schema.PartKind
		part     string
		base     string
		examined uint64
	}{
		{schema.PartAny, "R000123", suffix, 1},
		{schema.PartInitial, "user00012", people, 10},
		{schema.PartFinal, "77", suffix, 19},
		{schema.PartAny, "zz", suffix, 0},
		{schema.PartAny, "user", suffix, 1002}, // nearly all: the index is of no use
	} {
		for _, nodes := range [][]schema.FilterNode{item(schema.FilterSubstrings, "cn", ""), set(schema.FilterAnd, item(schema.FilterSubstrings, "cn", ""), eq("objectClass", "person"))} {
			f := &schema.Filter{Nodes: nodes, Parts: []schema.SubstringPart{{At: c.at, Value: []byte(c.part)}}}
			for i := range nodes {
				if nodes[i].Kind == schema.FilterSubstrings {
					nodes[i].PartsTo = 1
				}
			}
			f.Resolve(w.schema, nil)
			q := w.query(c.base, schema.ScopeSub, f)
			if _, err := w.search(q); err != nil {
				t.Fatal(err)
			}
			if uint64(q.Examined) != c.examined {
				t.Errorf("%q: %d entries are looked at, want %d", c.part, q.Examined, c.examined)
			}
		}
	}
}

// TestSubstringsAmongOtherItems: what is estimated about a gram, often too high
// at the end of a page, must not hide the entry that all items leave.
func TestSubstringsAmongOtherItems(t *testing.T) {
	w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"objectClass", "description"}, Sub: []string{"cn"}}})
	const count = 2400
	results := make(chan schema.ChangeDone, count)
	name := func(i int) string { // six letters of which three are rare
		n, letters := i*104729%308915776, []byte("letter")
		for at := range letters {
			letters[at] = 'a' + byte(n%26)
			n = n/26 + n%26*11881376
		}
		return string(letters) + fmt.Sprint(i)
	}
	group := func(i int) string { return fmt.Sprintf("d%d", i%400) }
	for i := range count {
		c := person(name(i), "description: "+group(i))
		c.Actor = admin
		w.Apply(t.Context(), c, func(d schema.ChangeDone) { results <- d })
	}
	for range count {
		if d := <-results; d.Result.Code != schema.Success {
			t.Fatal(&d.Result)
		}
	}
	for i := range count {
		nodes := item(schema.FilterSubstrings, "cn", "")
		nodes[0].PartsTo = 1
		and, class := schema.FilterAnd, eq("objectClass", "person")
		for n, nodes := range [][]schema.FilterNode{
			set(and, set(and, nodes, eq("description", group(i))), class),
			set(and, set(schema.FilterOr, set(and, nodes, eq("description", group(i))), eq("description", "none")), class),
			set(and, nodes, class),
		} {
			f := &schema.Filter{Nodes: nodes, Parts: []schema.SubstringPart{{At: schema.PartAny, Value: []byte(name(i)[:3+i%2])}}} // one gram, or the beginning of some
			f.Resolve(w.schema, nil)
			found, err := w.search(w.query(suffix, schema.ScopeSub, f))
			if err != nil || !slices.Contains(found.dns, "cn="+name(i)+","+people) {
				t.Fatalf("%s, filter %d: %q, %v", name(i), n, found.dns, err)
			}
		}
	}
}

// TestSubstringsWalkWithinBounds: many items, or deep nests, would walk through an
// index again and again; to look at the entries takes slices and costs less.
func TestSubstringsWalkWithinBounds(t *testing.T) {
	w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"cn"}}})
	w.fill(500)
	for _, c := range []struct {
		items, nests int
		walks        bool
	}{{1, 0, true}, {3, 1, true}, {40, 1, false}, {1, 3, true}, {1, 40, false}} {
		f := &schema.Filter{}
		var items [][]schema.FilterNode
		for i := range c.items {
			node := item(schema.FilterSubstrings, "cn", "")
			node[0].PartsFrom, node[0].PartsTo = int32(i), int32(i+1)
			items = append(items, node)
			f.Parts = append(f.Parts, schema.SubstringPart{At: schema.PartAny, Value: []byte("r000123")})
		}
		f.Nodes = items[0]
		if c.nests > 0 {
			f.Nodes = set(schema.FilterOr, items...)
		}
		for range c.nests - 1 {
			f.Nodes = set(schema.FilterAnd, f.Nodes)
		}
		f.Resolve(w.schema, nil)
		q := w.query(suffix, schema.ScopeSub, f)
		found, err := w.search(q)
		if err != nil || len(found.dns) != 1 {
			t.Errorf("%d items, %d nests: %q, %v", c.items, c.nests, found.dns, err)
		}
		if walks := q.Examined < 100; walks != c.walks {
			t.Errorf("%d items, %d nests: %d entries are looked at", c.items, c.nests, q.Examined)
		}
	}
}
