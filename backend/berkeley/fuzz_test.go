// Any bytes at all: no panic, and no more reading, giving and memory than the file is large.

package berkeley_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// counting counts the bytes read.
type counting struct {
	io.ReaderAt
	read int64
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, at)
	c.read += int64(n)
	return n, err
}

// checkBounded opens and reads image in all ways and fails where the work is
// not in proportion to its size.
func checkBounded(tb testing.TB, image []byte) {
	size := int64(len(image))
	src := &counting{ReaderAt: bytes.NewReader(image)}
	f, err := berkeley.OpenDamaged(src, size)
	// The guess reads samples for 8 page sizes and 4 layouts, and some again.
	if limit := 48*size + 2048; src.read > limit {
		tb.Fatalf("opening reads %d bytes of a file of %d", src.read, size)
	}
	if err != nil {
		return
	}
	for name, walk := range map[string]walkFunc{"Entries": f.Entries, "Salvage": f.Salvage} {
		given, reports := int64(0), int64(0)
		src.read = 0
		err := walk(func(_ uint64, text []byte) error {
			given += int64(len(text))
			return nil
		}, func(p *berkeley.Problem) error {
			if strings.TrimSpace(p.Error()) == "" {
				tb.Fatal("a problem without a text")
			}
			reports++
			return nil
		})
		if err != nil {
			tb.Fatalf("%s ends with %v though all problems are taken", name, err)
		}
		if src.read > 4*size || given > 3*size || reports > 12*(int64(f.Pages())+1) {
			tb.Fatalf("%s of a file of %d bytes reads %d, gives %d and reports %d problems", name, size, src.read, given, reports)
		}
	}
	_ = f.Entries(func(uint64, []byte) error { return nil }, nil)
}

func FuzzOpen(f *testing.F) {
	list := entries(12)
	for i := range list {
		list[i].text = list[i].text[:min(len(list[i].text), 900)]
	}
	for _, b := range builders(512) {
		f.Add(b.build(list))
	}
	f.Add([]byte("1\ndn: o=utdata\n"))
	f.Fuzz(func(t *testing.T, image []byte) {
		if len(image) <= 1<<20 {
			checkBounded(t, image)
		}
	})
}

// TestItemsThatOverlap has a page whose items are all the same large one.
func TestItemsThatOverlap(t *testing.T) {
	large := record{1, "dn: o=" + strings.Repeat("x", 15000) + "\n"}
	for name, b := range builders(65536) {
		if !strings.HasSuffix(name, "/sparc") {
			continue
		}
		image := b.build(append([]record{large}, short(entries(400))[1:]...))
		page := image[65536:]
		step, from, count := 2, 20, int(b.order.Uint16(page[16:])-20)/2
		if !b.old() {
			step, from, count = 4, b.head()+2, int(b.order.Uint16(page[20:]))/2
		}
		for i := range count {
			copy(page[from+step*i:], page[from:from+2])
		}
		reseal(b, page)
		c := collect(t, open(t, image).Entries)
		last := c.problems[max(len(c.problems)-1, 0):]
		if len(c.order) > 5 || len(last) == 0 || !strings.Contains(last[0], "overlap") {
			t.Errorf("%s: %d entries from one page, problems %q", name, len(c.order), c.problems)
		}
		checkBounded(t, image)
	}
}

// TestHostileFilesCostNoMoreThanTheirSize has chains that all begin at one
// page, and sizes of gigabytes.
func TestHostileFilesCostNoMoreThanTheirSize(t *testing.T) {
	list := entries(400)
	for _, b := range builders(65536) {
		image := b.build(list)
		for at := 65536; at+4 <= len(image); at += 4 {
			// every number that may be the first page of a chain becomes 2
			if n := b.order.Uint32(image[at:]); at%65536 > 40 && n > 2 && n < 30 {
				b.order.PutUint32(image[at:], 2)
			}
		}
		checkBounded(t, image)
	}
	for name, b := range builders(512) {
		image := b.build(list)
		for at := 32; at+4 <= len(image); at += 512 {
			b.order.PutUint32(image[at:], 0xfffffff0)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		checkBounded(t, image)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16*uint64(len(image)) {
			t.Errorf("%s: a file of %d bytes costs %d bytes of memory", name, len(image), grown)
		}
	}
}
