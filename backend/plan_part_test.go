package backend_test

import (
	"fmt"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// TestShortPartsHaveManyGrams: a part of three bytes begins many grams, of which the
// first may be in many entries or in few. Neither hides the index, nor a better part.
func TestShortPartsHaveManyGrams(t *testing.T) {
	part := func(value string) schema.SubstringPart {
		return schema.SubstringPart{At: schema.PartAny, Value: []byte(value)}
	}
	for _, c := range []struct {
		what, rest string // of the names of 600, a quarter of which has rest
		parts      []schema.SubstringPart
		most       int // entries that are looked at
	}{
		{"many at first", "son aq", []schema.SubstringPart{part("son")}, 635},
		{"few at first", "sonzz kuix", []schema.SubstringPart{part("son")}, 635},
		{"few at first, and a better one", "sonzz kuix", []schema.SubstringPart{part("son"), part("kuix")}, 150},
	} {
		w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"objectClass"}, Sub: []string{"cn"}}})
		var names []string
		for i := range 600 {
			name := fmt.Sprintf("%d %s", i, c.rest)
			if i%4 > 0 {
				name = fmt.Sprintf("%d %.5s other", i, c.rest)
			}
			names = append(names, name)
		}
		for _, letter := range "abcdefghijklmnopqrstuvwxy0123456789" {
			names = append(names, fmt.Sprintf("son%cy", letter))
		}
		for i := range 2000 {
			names = append(names, fmt.Sprintf("%d other", 1000+i))
		}
		done := make(chan schema.ChangeDone, len(names))
		for _, name := range names {
			w.Apply(t.Context(), person(name), func(d schema.ChangeDone) { done <- d })
		}
		for range names {
			if d := <-done; d.Result.Code != schema.Success {
				t.Fatal(&d.Result)
			}
		}
		q := w.query(suffix, schema.ScopeSub, w.filter(item(schema.FilterSubstrings, "cn", ""), c.parts...))
		found, err := w.search(q)
		if err != nil || len(found.dns) != c.most {
			t.Errorf("%s: %d entries are found, want %d (%v)", c.what, len(found.dns), c.most, err)
		}
		if q.Examined > c.most {
			t.Errorf("%s: %d entries are looked at, want %d", c.what, q.Examined, c.most)
		}
	}
}
