package backend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// counter counts what a search finds and allocates nothing.
type counter struct{ entries, bytes int }

func (c *counter) Entry(v *schema.View) schema.Next {
	c.entries++
	c.bytes += len(v.User)
	return schema.Continue
}

func (c *counter) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }

// once is one search with reused memory.
func once(t testing.TB, s *backend.Store, q *schema.Search, base []byte, scope schema.Scope, f *schema.Filter, c *counter) {
	q.Reset()
	q.Base, q.Scope, q.Filter = base, scope, f
	if err := s.Search(q, c); err != nil {
		t.Fatal(err)
	}
}

func TestSearchDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	w.fill(2000)
	suffixKey, entry := w.key(suffix), w.key("cn=user000123,"+people)
	for _, c := range []struct {
		what   string
		base   []byte
		scope  schema.Scope
		filter *schema.Filter
		count  int
	}{
		{"base object", entry, schema.ScopeBase, w.filter(present("objectClass")), 1},
		{"equality", suffixKey, schema.ScopeSub, w.filter(eq("uid", "user000123")), 1},
		{"equality that finds nothing", suffixKey, schema.ScopeSub, w.filter(eq("uid", "nobody")), 0},
		{"and of two equalities", w.key(people), schema.ScopeOne,
			w.filter(set(schema.FilterAnd, eq("objectClass", "person"), eq("uid", "user000123"))), 1},
		{"part", suffixKey, schema.ScopeSub, w.containing("cn", "er00012"), 10},
		{"part of three characters", suffixKey, schema.ScopeSub, w.containing("cn", "012"), 112},
		{"part without an index of parts", suffixKey, schema.ScopeSub, w.containing("uid", "er00012"), 10},
		{"all entries", suffixKey, schema.ScopeSub, w.filter(present("cn")), 2000},
	} {
		q, n := &schema.Search{}, &counter{}
		allocs := testing.AllocsPerRun(100, func() { n.entries = 0; once(t, w.Store, q, c.base, c.scope, c.filter, n) })
		if n.entries != c.count {
			t.Errorf("%s: %d entries, want %d", c.what, n.entries, c.count)
		}
		if allocs != 0 {
			t.Errorf("%s: %v allocations per search, want none", c.what, allocs)
		}
	}
}

// sizes of the benchmarks' stores.
var sizes = []int{10_000, 100_000}

func BenchmarkSearch(b *testing.B) {
	for _, size := range sizes {
		w := newWorld(b)
		w.fill(size)
		suffixKey := w.key(suffix)
		const some = 4096
		var keys [some][]byte
		var filters [some]*schema.Filter
		for i := range some {
			name := fmt.Sprintf("user%06d", rand.IntN(size))
			keys[i], filters[i] = w.key("cn="+name+","+people), w.filter(eq("uid", name))
		}
		for name, n := range map[string]int{"part": 4, "short-part": 3} {
			var parts [some]*schema.Filter
			for i := range some {
				parts[i] = w.containing("cn", fmt.Sprintf("%06d", rand.IntN(size))[5-n:5])
			}
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				q, n := &schema.Search{}, &counter{}
				for i := 0; b.Loop(); i++ {
					once(b, w.Store, q, suffixKey, schema.ScopeSub, parts[i%some], n)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n.entries), "ns/entry")
			})
		}
		any, cn := w.filter(present("objectClass")), w.filter(present("cn"))
		q, n := &schema.Search{}, &counter{}
		b.Run(fmt.Sprintf("base/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				once(b, w.Store, q, keys[i%some], schema.ScopeBase, any, n)
			}
		})
		b.Run(fmt.Sprintf("equality/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				once(b, w.Store, q, suffixKey, schema.ScopeSub, filters[i%some], n)
			}
		})
		for name, base := range map[string]string{"scan": suffix, "tree": people} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				n.entries = 0
				for b.Loop() {
					once(b, w.Store, q, w.key(base), schema.ScopeSub, cn, n)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n.entries), "ns/entry")
			})
		}
		b.Run(fmt.Sprintf("base-parallel/%d", size), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				q, n := &schema.Search{}, &counter{}
				f := w.filter(present("objectClass"))
				for i := 0; pb.Next(); i++ {
					once(b, w.Store, q, keys[i%some], schema.ScopeBase, f, n)
				}
			})
		})
	}
}

// BenchmarkOpen is the time until a store has answered a search by its index.
func BenchmarkOpen(b *testing.B) {
	for _, size := range sizes {
		path, _ := closedStore(b, size)
		o := backend.Options{Indexes: indexes, Schema: storetest.Schema(b)}
		for what, later := range map[string]bool{"walked-first": false, "walked-later": true} {
			o.WalkLater = later
			b.Run(fmt.Sprintf("%s/%d", what, size), func(b *testing.B) {
				for b.Loop() {
					w := &world{b, storetest.Open(b, path, o), o.Schema}
					w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("uid", "user000123"))), "cn=user000123,"+people)
					b.StopTimer()
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			})
		}
	}
}

func BenchmarkApply(b *testing.B) {
	for _, size := range sizes {
		w := newWorld(b)
		w.fill(size)
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("modify/%d/callers-%d", size, callers), func(b *testing.B) {
				var next atomic.Int64
				finished := make(chan struct{})
				for range callers {
					go func() {
						got := make(chan schema.ChangeDone, 1)
						for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
							c := replace(fmt.Sprintf("cn=user%06d,%s", rand.IntN(size), people), "description", fmt.Sprint("value ", i))
							w.Apply(context.Background(), c, func(d schema.ChangeDone) { got <- d })
							if d := <-got; d.Result.Code != schema.Success {
								b.Error(&d.Result)
							}
						}
						finished <- struct{}{}
					}()
				}
				for range callers {
					<-finished
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			})
		}
	}
}
