package backend_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// TestMoreCandidatesThanAreListed: a term under which there are so many entries that
// their ids are read as the search goes on, alone and within other items, while
// entries are added and deleted meanwhile.
func TestMoreCandidatesThanAreListed(t *testing.T) {
	const all, each = 21_000, 5 // one of five has what is looked for
	w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"description", "objectClass", "uid"}, Sub: []string{"cn"}}})
	name := func(i int) string {
		if i%each == 0 {
			return fmt.Sprintf("zzq%06d", i)
		}
		return fmt.Sprintf("u%06d", i)
	}
	done := make(chan schema.ChangeDone, all)
	var want []string
	for i := range all {
		description := "another"
		if i%each == 0 {
			description = "many"
			want = append(want, "cn="+name(i)+","+people)
		}
		w.Apply(context.Background(), person(name(i), "uid: "+name(i), "description: "+description), func(d schema.ChangeDone) { done <- d })
	}
	for range all {
		if d := <-done; d.Result.Code != schema.Success {
			t.Fatal(&d.Result)
		}
	}
	many, rare, person := eq("description", "many"), eq("uid", name(1)), eq("objectClass", "person")
	part, short := item(schema.FilterSubstrings, "cn", ""), item(schema.FilterSubstrings, "cn", "")
	part[0].PartsTo, short[0].PartsFrom, short[0].PartsTo = 1, 1, 2
	filters := map[string][]schema.FilterNode{
		"alone":            many,
		"a part":           part,
		"a short part":     short,
		"two parts":        set(schema.FilterAnd, short, part),
		"in an And":        set(schema.FilterAnd, person, many),
		"in two":           set(schema.FilterAnd, set(schema.FilterAnd, many, person), present("sn")),
		"a part in an And": set(schema.FilterAnd, part, person),
		"beside another":   set(schema.FilterOr, many, rare),
	}
	search := func(nodes []schema.FilterNode, base string, scope schema.Scope, every func(n int)) []string {
		f := &schema.Filter{Nodes: slices.Clone(nodes), Parts: []schema.SubstringPart{{At: schema.PartAny, Value: []byte("zzq0")}, {At: schema.PartAny, Value: []byte("zq0")}}}
		f.Resolve(w.schema, nil)
		q, got := w.query(base, scope, f), &found{}
		for n := 0; !q.Resume.Done; n++ {
			q.Examine = 500
			if err := w.Search(q, got); err != nil {
				t.Fatal(err)
			}
			every(n)
		}
		slices.Sort(got.dns)
		return got.dns
	}
	for what, nodes := range filters {
		expected := want
		if what == "beside another" {
			expected = append([]string{"cn=" + name(1) + "," + people}, want...)
		}
		for base, scope := range map[string]schema.Scope{suffix: schema.ScopeSub, people: schema.ScopeOne} {
			if got := search(nodes, base, scope, func(int) {}); !slices.Equal(got, expected) {
				t.Errorf("%s, scope %d: %d entries, not %d", what, scope, len(got), len(expected))
			}
		}
	}
	// What is deleted behind the search is not found; what is added may be.
	deleted := want[len(want)-1]
	got := search(many, suffix, schema.ScopeSub, func(n int) {
		if n == 0 {
			w.must(remove(deleted))
			w.must(add("cn=late,"+people, "objectClass: person", "sn: x", "description: many"))
		}
	})
	if i, late := slices.BinarySearch(got, "cn=late,"+people); late {
		got = slices.Delete(got, i, i+1)
	}
	if !slices.Equal(got, want[:len(want)-1]) {
		t.Errorf("%d entries, not %d", len(got), len(want)-1)
	}
	for form, under := range map[string]int{"zzq0": all / each, "zq0": all / each, "zq01": 10_000 / each, "u00": 10_000 - 10_000/each} {
		if about, err := backend.Estimated(w.Store, "sub/cn", form); err != nil || about < under/3 || about > under*3 {
			t.Errorf("%q: about %d entries of %d, %v", form, about, under, err)
		}
	}
}
