// Speed with entries as they are in a Sun Ray data store, about 420 bytes each.

package ldif

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// dump is n entries in the dialect of the tools.
func dump(n int) []byte {
	var b bytes.Buffer
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `%d
dn: utname=MicroPayflex.%016x,utname=tokens,utname=ray1,o=v1,o=utda
 ta
objectclass: top
objectclass: utToken
utname: MicroPayflex.%016x
uttoken: MicroPayflex.%016x
utowner: utname=user%07d,utname=users,utname=ray1,o=v1,o=utdata
utserver: localhost
utport: 7007
utcreated: 20090314150926Z
utenabled: TRUE
utotherinfo:: w4lsw6hvbm9yZQ==
creatorsname: cn=admin,o=utdata
createtimestamp: 20090314150926Z

`, i, i, i, i, i)
	}
	return b.Bytes()
}

func BenchmarkReader(b *testing.B) {
	const entries = 10_000
	src := dump(entries)
	for _, reuse := range []bool{true, false} {
		b.Run(fmt.Sprintf("reuse=%v", reuse), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			r := NewReader(bytes.NewReader(src))
			r.Reuse, r.Dialect = reuse, Ancestor
			for b.Loop() {
				r.Reset(bytes.NewReader(src))
				n := 0
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != entries {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.N)*entries/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(len(src))/entries, "B/entry")
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	src := dump(1000)
	all, err := readAll(NewReader(bytes.NewReader(src)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		w := NewWriter(io.Discard)
		for _, rec := range all {
			if err := w.WriteRecord(rec); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkFoldedValue(b *testing.B) {
	src := foldedValue(4 << 20)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewReader(bytes.NewReader(src)).Next(); err != nil {
			b.Fatal(err)
		}
	}
}
