package backend_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// TestManyIDsUnderOneTerm gives entries one of few values, takes it from them, and
// deletes them, in any order, so that lists of ids grow, are cut in two and end.
func TestManyIDsUnderOneTerm(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// Keys of the second and third stand among those of the first.
	values := []string{"a", "a\x00\x00\x00\x00\x00\x00\x00\x00\x30", "a\x00\x00\x00\x00\x00\x00\x01\x00\x31", "b"}
	with := backend.Indexes{Eq: []string{"userPassword"}, Sub: []string{"cn"}}
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: with}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	const entries = 1500
	name := func(i int) string { return fmt.Sprintf("cn=user%06d,%s", i, people) }
	ids := make([]uint64, entries) // 0: no such entry
	has := make([]string, entries) // value
	compare := func() {
		t.Helper()
		storetest.Check(t, w.Store)
		for _, v := range values {
			var want []uint64
			for i, id := range ids {
				if id != 0 && has[i] == v {
					want = append(want, id)
				}
			}
			slices.Sort(want)
			from, max := uint64(random.IntN(entries)), 1+random.IntN(entries)
			if random.IntN(3) == 0 {
				from, max = 0, 2*entries
			}
			at, _ := slices.BinarySearch(want, from)
			want = want[at:min(len(want), at+max)]
			got, err := backend.IDsUnder(w.Store, "eq/userPassword", v, from, max)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d ids from %d on under %q, at most %d, not %d: %v\n%d\n%d", len(got), from, v, max, len(want), err, got, want)
			}
		}
	}
	for step := range 4000 {
		i := random.IntN(entries)
		v := values[random.IntN(len(values))]
		switch {
		case ids[i] == 0 && step < 3000:
			w.must(add(name(i), "objectClass: person", "sn: x", "userPassword: "+v))
			ids[i], has[i] = w.get(name(i)).ID, v
		case ids[i] != 0 && random.IntN(4) == 0:
			w.must(remove(name(i)))
			ids[i], has[i] = 0, ""
		case ids[i] != 0:
			w.must(replace(name(i), "userPassword", v))
			has[i] = v
		}
		if step%250 == 249 {
			compare()
		}
	}
	compare()
	for _, o := range []backend.Indexes{{}, with} { // without indexes, and built anew
		storetest.Close(t, w.Store)
		w.Store = storetest.Open(t, path, backend.Options{Indexes: o})
	}
	compare()
	for i, id := range ids {
		if id != 0 {
			w.must(remove(name(i)))
			ids[i] = 0
		}
	}
	compare()
	storetest.Close(t, w.Store)
	if keys, err := backend.CountKeys(path); err != nil || keys["eq/userPassword"] != 0 {
		t.Errorf("%d keys are left: %v", keys["eq/userPassword"], err)
	}
}

// What was estimated before an index changed is not used any more: all that a search
// looks at is what it would look at if it were the first one.
func TestEstimatesChangeWithTheIndex(t *testing.T) {
	w := newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"uid"}, Sub: []string{"cn"}}})
	examined := func() int {
		q := w.query(suffix, schema.ScopeSub, w.filter(item(schema.FilterSubstrings, "cn", ""), schema.SubstringPart{At: schema.PartAny, Value: []byte("ser000zzz")}))
		if _, err := w.search(q); err != nil {
			t.Fatal(err)
		}
		return q.Examined
	}
	if n := examined(); n > 10 {
		t.Errorf("%d entries of a store with a few were looked at", n)
	}
	w.fill(3000)
	if n := examined(); n > 0 {
		t.Errorf("%d entries were looked at for a part that no value has", n)
	}
}

// Plans go by estimates: those of rare terms are right.
func TestEstimatesOfRareTermsAreRight(t *testing.T) {
	w := newWorldWith(t, backend.Options{Indexes: indexes})
	w.fill(700)
	for _, form := range []string{"0001", "0012", "0699", "0042", "user", "xyzz", "012", "699", "ser", "xyz"} {
		ids, err := backend.IDsUnder(w.Store, "sub/cn", form, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := backend.Estimated(w.Store, "sub/cn", form); err != nil || got != len(ids) {
			t.Errorf("%q: %d, not %d (%v)", form, got, len(ids), err)
		}
	}
}
