// Speed and memory on files of a size that a large site had.

package berkeley_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// manyEntries makes n entries of the size that a token or a desktop has.
func manyEntries(n int) []record {
	list := make([]record, n)
	for i := range list {
		id := uint64(i + 1)
		list[i] = record{id, fmt.Sprintf("dn: utname=MicroPayflex.%016x,utname=tokens,utname=group,o=v1,o=utdata\n", id) +
			fmt.Sprintf("objectclass: utToken\nutname: MicroPayflex.%016x\n", id) +
			"utserver: localhost\nutport: 7007\nutenabled: TRUE\n" + strings.Repeat("utotherinfo: of no use to anyone\n", 6)}
	}
	return list
}

// TestMemoryDoesNotGrowWithTheFile reads a file of 50,000 entries.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	list := manyEntries(50000)
	for _, release := range []string{"1.85", "5.3"} {
		image := builders(4096)[release+"/x86_64"].build(list)
		for name, walk := range map[string]walkFunc{"Entries": open(t, image).Entries, "Salvage": open(t, image).Salvage} {
			entries := 0
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := walk(func(uint64, []byte) error { entries++; return nil }, nil)
			runtime.ReadMemStats(&after)
			if err != nil || entries != len(list) {
				t.Errorf("%s: %d entries, error %v", name, entries, err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<10 {
				t.Errorf("%s of %d bytes in release %s takes %d bytes of memory", name, len(image), release, grown)
			}
		}
	}
}

func BenchmarkEntries(b *testing.B) {
	list := manyEntries(100000)
	m := machines["sparc"]
	for name, image := range map[string][]byte{
		"5.3":  db5(b, m, 8192, list),
		"1.85": db185(b, m, 8192, puts(m, list)),
	} {
		f, err := berkeley.Open(bytes.NewReader(image), int64(len(image)))
		if err != nil {
			b.Fatal(err)
		}
		for what, walk := range map[string]walkFunc{"Entries": f.Entries, "Salvage": f.Salvage} {
			b.Run(name+"/"+what, func(b *testing.B) {
				b.SetBytes(int64(len(image)))
				b.ReportAllocs()
				entries := 0
				for b.Loop() {
					if err := walk(func(uint64, []byte) error { entries++; return nil }, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	}
}
