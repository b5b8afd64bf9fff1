// Files that the real library wrote, of both ends of its history.

package berkeley_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// collected is what a walk gave.
type collected struct {
	order    []uint64
	text     map[uint64]string
	again    []record // entries whose id came before
	problems []string
}

func collect(tb testing.TB, walk func(func(uint64, []byte) error, func(*berkeley.Problem) error) error) collected {
	tb.Helper()
	c := collected{text: map[uint64]string{}}
	err := walk(func(id uint64, text []byte) error {
		c.order = append(c.order, id)
		if _, found := c.text[id]; !found {
			c.text[id] = string(text)
		} else {
			c.again = append(c.again, record{id, string(text)})
		}
		return nil
	}, func(p *berkeley.Problem) error {
		c.problems = append(c.problems, p.Error())
		return nil
	})
	if err != nil {
		tb.Fatalf("walk: %v", err)
	}
	return c
}

func open(tb testing.TB, image []byte) *berkeley.File {
	tb.Helper()
	f, err := berkeley.Open(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return f
}

// wantAll fails unless c is exactly list, without a problem.
func wantAll(tb testing.TB, c collected, list []record) {
	tb.Helper()
	for _, p := range c.problems {
		tb.Errorf("problem: %s", p)
	}
	if len(c.order) != len(list) || len(c.again) > 0 {
		tb.Errorf("%d entries, want %d; %d ids twice", len(c.order), len(list), len(c.again))
	}
	for _, r := range list {
		if got, found := c.text[r.id]; !found {
			tb.Errorf("entry %d is missing", r.id)
		} else if got != r.text {
			tb.Errorf("entry %d: %.80q, want %.80q", r.id, got, r.text)
		}
	}
}

// wantKeyOrder fails unless the entries came in the order of their keys.
func wantKeyOrder(tb testing.TB, c collected, m machine) {
	tb.Helper()
	for i := 1; i < len(c.order); i++ {
		if bytes.Compare(m.key(c.order[i-1]), m.key(c.order[i])) >= 0 {
			tb.Fatalf("entry %d came before entry %d", c.order[i-1], c.order[i])
		}
	}
}

func checkWhole(t *testing.T, image []byte, m machine, list []record, format string) {
	t.Helper()
	f := open(t, image)
	if !strings.HasPrefix(f.String(), format) {
		t.Errorf("format %q, want %q", f, format)
	}
	c := collect(t, f.Entries)
	wantAll(t, c, list)
	wantKeyOrder(t, c, m)
	wantAll(t, collect(t, f.Salvage), list)
	if err := f.Entries(func(uint64, []byte) error { return nil }, nil); err != nil {
		t.Errorf("strict: %v", err)
	}
}

func TestFilesOfRelease5(t *testing.T) {
	list := entries(350)
	for name, m := range machines {
		for _, pageSize := range []int{512, 1024, 4096, 8192, 65536} {
			t.Run(fmt.Sprintf("%s/%d", name, pageSize), func(t *testing.T) {
				t.Parallel()
				checkWhole(t, db5(t, m, pageSize, list), m, list, "Berkeley DB 4.1 to 5.3 btree")
			})
		}
	}
}

func TestFilesOfRelease5WithChecksums(t *testing.T) {
	list := entries(300)
	for name, m := range machines {
		t.Run(name, func(t *testing.T) {
			image := db5(t, m, 1024, list, "chksum=1")
			checkWhole(t, image, m, list, "Berkeley DB 4.1 to 5.3 btree")
			if s := open(t, image).String(); !strings.Contains(s, "checksums") {
				t.Errorf("format %q does not tell of checksums", s)
			}
		})
	}
}

func TestFilesOfRelease5WithRecordNumbers(t *testing.T) {
	list := entries(300)
	m := machines["sparc"]
	checkWhole(t, db5(t, m, 512, list, "recnum=1"), m, list, "Berkeley DB 4.1 to 5.3 btree, big-endian")
}

// TestFilesOfRelease185 has the library write in both byte orders on this
// machine. Where it turns bytes round it turns the wrong ones behind a key of 8
// bytes (it takes the page number of a chain to begin 4 bytes after the key
// does), so that the entries of sparcv9 are short ones here. A sparcv9 wrote
// its own order and turned nothing: TestBuiltFiles reads such a file.
func TestFilesOfRelease185(t *testing.T) {
	for name, m := range machines {
		list := entries(350)
		if name == "sparcv9" {
			list = short(list)
		}
		for _, pageSize := range []int{512, 1000, 4096, 8192, 32768} {
			t.Run(fmt.Sprintf("%s/%d", name, pageSize), func(t *testing.T) {
				t.Parallel()
				checkWhole(t, db185(t, m, pageSize, puts(m, list)), m, list, "Berkeley DB 1.85 btree")
			})
		}
	}
}

func TestEmptyStores(t *testing.T) {
	m := machines["x86"]
	checkWhole(t, db5(t, m, 4096, nil), m, nil, "Berkeley DB")
	one := entries(1) // for the file of a tree that never had an entry has no bytes
	checkWhole(t, db185(t, m, 4096, puts(m, one)+dels(m, 1)), m, nil, "Berkeley DB")
	checkWhole(t, perl5(t, m, 4096, ""), m, nil, "Berkeley DB")
}

// TestDeletedEntriesStayDeleted takes away single entries, whole pages of them
// and long ones, so that pages are given back, and puts others in their place.
func TestDeletedEntriesStayDeleted(t *testing.T) {
	all := entries(450)
	writers := map[string]func(testing.TB, machine, int, string) []byte{"5.3": perl5, "1.85": db185}
	for release, write := range writers {
		for name, m := range machines {
			all := all
			if release == "1.85" && name == "sparcv9" {
				all = short(all) // see TestFilesOfRelease185
			}
			t.Run(release+"/"+name, func(t *testing.T) {
				t.Parallel()
				script := puts(m, all)
				var kept []record
				for _, r := range all {
					if r.id%5 == 0 || r.id > 200 && r.id < 400 || r.id > 590 {
						script += dels(m, r.id)
					} else {
						kept = append(kept, r)
					}
				}
				added := record{1000000, "dn: o=new\n"}
				image := write(t, m, 512, script+puts(m, []record{added}))
				checkWhole(t, image, m, append(kept, added), "Berkeley DB")
			})
		}
	}
}

// TestEntryDeletedUnderACursor has an item on its page that only says it is
// deleted, as a server leaves it that ends without closing its cursors.
func TestEntryDeletedUnderACursor(t *testing.T) {
	for name, m := range machines {
		t.Run(name, func(t *testing.T) {
			list := entries(20)
			image := perl5(t, m, 4096, puts(m, list)+fmt.Sprintf("mark %x\n", m.key(7)))
			if !bytes.Contains(image, list[6].stored()) {
				t.Fatal("the deleted item is not in the file any more: this tests nothing")
			}
			rest := append(list[:6:6], list[7:]...)
			c := collect(t, open(t, image).Entries)
			wantAll(t, c, rest)
			c = collect(t, open(t, image).Salvage)
			if len(c.problems) != 1 || !strings.Contains(c.problems[0], "entry 7: it is marked as deleted") {
				t.Errorf("notes of Salvage: %q", c.problems)
			}
			c.problems = nil
			wantAll(t, c, rest)
			if err := open(t, image).Salvage(func(uint64, []byte) error { return nil }, nil); err != nil {
				t.Errorf("without a report a note is no error, but: %v", err)
			}
		})
	}
}

// TestKeysOfAnotherByteOrder reads a file whose pages are in one byte order
// and whose keys are in the other.
func TestKeysOfAnotherByteOrder(t *testing.T) {
	list := short(entries(300)) // see TestFilesOfRelease185
	for _, write := range []func(testing.TB, machine, int, string) []byte{perl5, db185} {
		swapped := machine{machines["sparc"].order, 8}
		script := puts(machines["x86_64"], list) // little-endian keys
		c := collect(t, open(t, write(t, swapped, 1024, script)).Entries)
		wantAll(t, c, list)
	}
}
