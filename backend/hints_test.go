package backend_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// TestOneValueIsFoundAfterEachChange asks for a value before and after each change
// that has something to do with it, twice each time: what was learnt from the one
// answer must not spoil the next one.
func TestOneValueIsFoundAfterEachChange(t *testing.T) {
	w := newWorld(t)
	w.fill(50)
	find := func(value string, want ...string) {
		t.Helper()
		for range 2 {
			for what, f := range map[string]*schema.Filter{
				"alone":      w.filter(eq("uid", value)),
				"in another": w.filter(set(schema.FilterAnd, eq("objectClass", "person"), eq("uid", value))),
			} {
				found, err := w.search(w.query(suffix, schema.ScopeSub, f))
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(found.dns)
				if !slices.Equal(found.dns, want) {
					t.Errorf("uid %s %s: %q, want %q", value, what, found.dns, want)
				}
			}
		}
	}
	a, b, c := "cn=user000001,"+people, "cn=user000002,"+people, "cn=user000003,"+people
	find("user000001", a)
	w.must(replace(b, "uid", "user000002", "user000001"))
	find("user000001", a, b)
	w.must(replace(a, "uid", "other"))
	find("user000001", b)
	find("other", a)
	w.must(replace(c, "description", "changes no index that is asked"))
	find("other", a)
	w.must(rename(a, "cn=moved"))
	find("other", "cn=moved,"+people)
	w.must(remove("cn=moved," + people))
	find("other")
	w.must(replace(c, "uid", "OTHER"))
	find("other", c)
	w.must(replace(c, "uid"))
	find("other")
	find("user000001", b)
}

// TestOneValueIsFoundWhileItMoves: a value is always in one entry or the next one,
// both of which get it in turn, and is looked for meanwhile.
func TestOneValueIsFoundWhileItMoves(t *testing.T) {
	w := newWorld(t)
	w.fill(20)
	filter := func() *schema.Filter { return w.filter(eq("uid", "token")) }
	name := func(n int) string { return fmt.Sprintf("cn=user%06d,%s", n%20, people) }
	w.must(replace(name(0), "uid", "token"))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		f := filter()
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				found, err := w.search(w.query(suffix, schema.ScopeSub, f))
				if err != nil || len(found.dns) == 0 || len(found.dns) > 2 {
					t.Errorf("%q, %v", found.dns, err)
					return
				}
			}
		})
	}
	for n := range 300 {
		w.must(replace(name(n+1), "uid", "token", fmt.Sprint(rand.IntN(100))))
		w.must(replace(name(n), "uid", "none"))
	}
	close(stop)
	readers.Wait()
}
