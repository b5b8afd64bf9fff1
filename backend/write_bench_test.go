package backend_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// together is how many changes share a commit in BenchmarkBatch: they are queued
// while the one before is made durable.
const together = 256

// BenchmarkBatch is what a change costs when many share a commit, with the
// allocations of all goroutines.
func BenchmarkBatch(b *testing.B) {
	const size = 10_000
	w := newWorld(b)
	w.fill(size)
	name := func(i int) string { return fmt.Sprintf("cn=user%06d,%s", i*7919%size, people) }
	added := 0
	for _, kind := range []struct {
		what   string
		change func(i int) *schema.Change
	}{
		{"modify", func(i int) *schema.Change { return replace(name(i), "description", fmt.Sprint("value ", i)) }},
		{"modify of an indexed value", func(i int) *schema.Change { return replace(name(i), "uid", fmt.Sprint("uid", i)) }},
		{"add", func(int) *schema.Change { added++; return person(fmt.Sprint("new", added)) }},
		{"refused", func(i int) *schema.Change { return remove(fmt.Sprintf("cn=nobody%d,%s", i, people)) }},
	} {
		b.Run(kind.what, func(b *testing.B) {
			got := make(chan schema.ChangeDone, together)
			b.ReportAllocs()
			for n := 0; n < b.N; n += together {
				some := min(together, b.N-n)
				for i := range some {
					c := kind.change(n + i)
					c.Actor = admin
					w.Apply(context.Background(), c, func(d schema.ChangeDone) { got <- d })
				}
				for range some {
					if d := <-got; d.Result.Code != schema.Success && d.Result.Code != schema.NoSuchObject {
						b.Fatal(&d.Result)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}

// BenchmarkSubstring counts and reads ten of ten thousand entries.
func BenchmarkSubstring(b *testing.B) {
	const size = 10_000
	w := newWorld(b)
	w.fill(size)
	q, n := &schema.Search{}, &counter{}
	for _, c := range []struct{ what, attribute string }{{"index", "cn"}, {"equality index", "uid"}, {"no index", "sn"}} {
		f := &schema.Filter{
			Nodes: []schema.FilterNode{{Kind: schema.FilterSubstrings, Attr: []byte(c.attribute), End: 1, PartsTo: 1}},
			Parts: []schema.SubstringPart{{At: schema.PartAny, Value: []byte("00012")}},
		}
		f.Resolve(w.schema, func(*schema.AttributeType) bool { return false })
		b.Run(c.what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n.entries = 0
				once(b, w.Store, q, w.key(suffix), schema.ScopeSub, f, n)
			}
			if n.entries == 0 {
				b.Fatal("nothing was found")
			}
		})
	}
}
