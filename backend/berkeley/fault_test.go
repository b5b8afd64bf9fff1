// Single faults: entries that are not as they should be, pages in the wrong
// place, circles, a medium that fails, and a caller who has seen enough.

package berkeley_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

func TestEntriesThatAreNotAsTheyShouldBe(t *testing.T) {
	for name, c := range map[string]struct {
		key, data string
		given     string // the text, "" if it cannot be given
		problem   string
	}{
		"key of 5 bytes":      {"\x00\x00\x00\x00\x07", "7\ndn: o=x\n\x00", "dn: o=x\n", "its key has 5 bytes, an entry id has 4 or 8; its id is that of its text"},
		"key without a text":  {"\x00\x00\x07", "dn: o=x\n\x00", "", "its key has 3 bytes"},
		"no id line":          {"\x00\x00\x00\x07", "dn: o=x\n\x00", "dn: o=x\n", "does not begin with its id"},
		"id line too large":   {"\x00\x00\x00\x07", "99999999999999999999\ndn: o=x\n\x00", "99999999999999999999\ndn: o=x\n", "does not begin with its id"},
		"another id line":     {"\x00\x00\x00\x07", "8\ndn: o=x\n\x00", "dn: o=x\n", "its text says that it is entry 8"},
		"no NUL":              {"\x00\x00\x00\x07", "7\ndn: o=x\n", "dn: o=x\n", "does not end in a NUL"},
		"NUL inside":          {"\x00\x00\x00\x07", "7\ndn: \x00=x\n\x00", "dn: \x00=x\n", "a byte 0x00 inside"},
		"escape inside":       {"\x00\x00\x00\x07", "7\ndn: \x1b=x\n\x00", "dn: \x1b=x\n", "a byte 0x1b inside"},
		"no data":             {"\x00\x00\x00\x07", "", "", "it has no text"},
		"nothing but id":      {"\x00\x00\x00\x07", "7\n\x00", "", "it has no text"},
		"nothing but the NUL": {"\x00\x00\x00\x07", "\x00", "", "it has no text"},
	} {
		for _, release := range []string{"1.85", "5.3"} {
			t.Run(name+"/"+release, func(t *testing.T) {
				b := builders(512)[release+"/sparc"]
				good := record{5, "dn: o=good\n"}
				image := b.buildPairs(pair{b.key(good.id), good.stored()}, pair{[]byte(c.key), []byte(c.data)})
				for _, walk := range []walkFunc{open(t, image).Entries, open(t, image).Salvage} {
					got := collect(t, walk)
					if got.text[5] != good.text {
						t.Errorf("the good entry: %q", got.text[5])
					}
					if got.text[7] != c.given {
						t.Errorf("entry 7: %q, want %q", got.text[7], c.given)
					}
					if len(got.problems) != 1 || !strings.Contains(got.problems[0], c.problem) {
						t.Errorf("problems %q, want one with %q", got.problems, c.problem)
					}
				}
			})
		}
	}
}

type walkFunc = func(func(uint64, []byte) error, func(*berkeley.Problem) error) error

// TestKeyOnAnOverflowPage has a key in a chain, as a file with a great number of
// keys to a page may have.
func TestKeyOnAnOverflowPage(t *testing.T) {
	list := short(entries(5))
	for _, release := range []string{"1.85", "2.x"} {
		b := builders(512)[release+"/sparcv9"]
		image := b.build(list)
		key := b.key(3)
		at := bytes.Index(image, append(bytes.Clone(key), []byte("3\n")...)) // behind the sizes and flags of 1.85
		if !b.old() {
			at = bytes.Index(image, append([]byte{0, 8, 1}, key...))
		}
		if at < 0 {
			t.Fatal("the key is not in the file")
		}
		f := &built{builder: b, pages: [][]byte{image[:512], image[512:]}}
		pointer := b.order.AppendUint32(nil, f.chain(key))
		pointer = b.order.AppendUint32(pointer, 8)
		if b.old() {
			image[at-1] |= 2
		} else {
			pointer = append([]byte{0, 0, 3, 0}, pointer...)
		}
		copy(image[at:], pointer)
		checkWhole(t, bytes.Join(f.pages, nil), b.machine, list, "Berkeley DB "+release)

		b.order.PutUint32(image[at+len(pointer)-4:], 9) // bytes, which is no id
		c := collect(t, open(t, bytes.Join(f.pages, nil)).Entries)
		if len(c.problems) != 1 || !strings.Contains(c.problems[0], "its key has 9 bytes") || c.text[3] != list[2].text {
			t.Errorf("%s: a key of 9 bytes: problems %q", release, c.problems)
		}
	}
}

// TestKeyOutOfOrder has a key that one bit made another's.
func TestKeyOutOfOrder(t *testing.T) {
	b := builders(512)["2.x/sparc"]
	list := short(entries(10))
	image := b.build(list)
	key := append([]byte{0, 4, 1}, b.key(8)...)
	at := bytes.Index(image, key)
	if at < 0 {
		t.Fatal("the key of entry 8 is not in the file")
	}
	image[at+6] = 1 // 8 becomes 1, which is there
	c := collect(t, open(t, image).Salvage)
	if len(c.problems) != 1 || !strings.Contains(c.problems[0], "entry 8: its key says that it is entry 1, but not in the order") {
		t.Errorf("problems %q", c.problems)
	}
	c.problems = nil
	wantAll(t, c, list)
}

func TestDuplicates(t *testing.T) {
	m := machines["x86"]
	one, two := record{1, "dn: o=x\n"}, record{2, "dn: o=y\n"}
	c := collect(t, open(t, db5(t, m, 512, []record{one, one, two}, "duplicates=1")).Entries)
	if fmt.Sprint(c.order) != "[1 1 2]" || len(c.problems) > 0 {
		t.Errorf("duplicates on the page: %v, problems %q", c.order, c.problems)
	}
	many := []record{two}
	for i := range 200 {
		many = append(many, record{1, fmt.Sprintf("dn: o=%d\n", i)})
	}
	c = collect(t, open(t, db5(t, m, 512, many, "duplicates=1")).Entries)
	if c.text[2] != two.text || len(c.problems) == 0 || !strings.Contains(c.problems[0], "entry 1: item 1 is a tree of duplicates") {
		t.Errorf("duplicates on pages of their own: %v, problems %q", c.order, c.problems)
	}
}

// TestLostInternalPage damages the pages above the leaves: Entries loses what
// is below and says so, Salvage loses nothing.
func TestLostInternalPage(t *testing.T) {
	list := entries(300)
	for name, b := range builders(512) {
		image := b.build(list)
		clear(image[512:1024]) // the root
		c := collect(t, open(t, image).Entries)
		if len(c.order) != 0 || len(c.problems) != 1 {
			t.Errorf("%s: Entries without a root: %d entries, problems %q", name, len(c.order), c.problems)
		}
		c = collect(t, open(t, image).Salvage)
		if len(c.problems) != 1 {
			t.Errorf("%s: problems of Salvage: %q", name, c.problems)
		}
		c.problems = nil
		wantAll(t, c, list)
	}
}

// leafOf is the number of the leaf page with the text of a short entry.
func leafOf(image []byte, pageSize int, id uint64) int {
	return bytes.Index(image, fmt.Appendf(nil, "%d\ndn: utname=user%s", id, mark(id))) / pageSize
}

// TestPagesThatAreNotInTheTree adds leaf pages that nothing leads to.
func TestPagesThatAreNotInTheTree(t *testing.T) {
	list := short(entries(100))
	for _, release := range []string{"1.85", "3.0"} {
		b := builders(512)[release+"/sparc"]
		image := b.build(list)
		pages := uint32(len(image) / 512)
		stray := bytes.Clone(image[512*leafOf(image, 512, 50):][:512])
		at := 8
		if b.old() {
			at = 0
		}
		b.order.PutUint32(stray[at:], pages)

		c := collect(t, open(t, append(bytes.Clone(image), stray...)).Salvage)
		if len(c.problems) != 1 || !strings.Contains(c.problems[0], "old copy") {
			t.Errorf("%s: an old copy: problems %q", release, c.problems)
		}
		c.problems = nil
		wantAll(t, c, list)

		other := b.buildPairs(pair{b.key(777), record{777, "dn: o=old\n"}.stored()})[512:]
		b.order.PutUint32(other[at:], pages)
		c = collect(t, open(t, append(bytes.Clone(image), other...)).Salvage)
		if len(c.problems) != 1 || !strings.Contains(c.problems[0], "not in the tree; its 1 entries are given") {
			t.Errorf("%s: other entries: problems %q", release, c.problems)
		}
		c.problems = nil
		wantAll(t, c, append(list, record{777, "dn: o=old\n"}))
	}
}

// TestCircles makes chains and trees that lead back to themselves.
func TestCircles(t *testing.T) {
	list := entries(130) // entries 21 and 121 have long chains
	for name, b := range builders(512) {
		image := b.build(list)
		first := bytes.Index(image, []byte("21\ndn: utname=user#21#")) / 512
		next := 16
		if b.old() {
			next = 8
		}
		b.order.PutUint32(image[512*(first+9)+next:], uint32(first+2))
		if b.checksums {
			reseal(b, image[512*(first+9):][:512])
		}
		c := collect(t, open(t, image).Entries)
		if len(c.problems) != 1 || !strings.Contains(c.problems[0], "entry 21: its chain of overflow pages goes in a circle") {
			t.Errorf("%s: a chain: problems %q", name, c.problems)
		}
		if len(c.order) != len(list)-1 {
			t.Errorf("%s: a chain: %d entries", name, len(c.order))
		}
	}
	b := builders(512)["2.x/x86"]
	image := b.build(list)
	root := image[512:1024]
	binary.LittleEndian.PutUint32(root[binary.LittleEndian.Uint16(root[28:])+4:], 1)
	c := collect(t, open(t, image).Entries)
	if len(c.problems) != 1 || !strings.Contains(c.problems[0], "page 1: item 1 leads to page 1, which is in the tree already") {
		t.Errorf("a tree: problems %q", c.problems)
	}
}

// reseal gives a page its checksum after a change.
func reseal(b builder, page []byte) { (&built{builder: b}).seal(page, 28) }

// TestChecksumsFindWhatNothingElseDoes changes one letter of a value.
func TestChecksumsFindWhatNothingElseDoes(t *testing.T) {
	m, list := machines["x86_64"], short(entries(200))
	image := db5(t, m, 512, list, "chksum=1")
	at := bytes.Index(image, []byte("#99#"))
	image[at-1] = 'R' // usR#99#
	c := collect(t, open(t, image).Entries)
	want := fmt.Sprintf("page %d: the page is damaged: its checksum does not fit", at/512)
	if len(c.problems) != 1 || c.problems[0] != want {
		t.Errorf("problems %q, want %q", c.problems, want)
	}
	if len(c.order) != len(list) {
		t.Errorf("%d entries, want all %d", len(c.order), len(list))
	}
}

// failing is a medium with a bad spot.
type failing struct {
	io.ReaderAt
	from, to int64
}

var errMedium = errors.New("input/output error")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at < f.to && at+int64(len(b)) > f.from {
		return 0, errMedium
	}
	return f.ReaderAt.ReadAt(b, at)
}

func TestMediumFails(t *testing.T) {
	list := short(entries(300))
	image := builders(512)["5.3/sparcv9"].build(list)
	n := leafOf(image, 512, 150)
	src := failing{bytes.NewReader(image), int64(n) * 512, int64(n)*512 + 512}
	f, err := berkeley.Open(src, int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	for _, walk := range []walkFunc{f.Entries, f.Salvage} {
		var reported []*berkeley.Problem
		given := 0
		err := walk(func(uint64, []byte) error { given++; return nil }, func(p *berkeley.Problem) error {
			reported = append(reported, p)
			return nil
		})
		lost := len(placesOf(image, list, 512).hit(n, n+1))
		if err != nil || given != len(list)-lost || lost == 0 {
			t.Errorf("%d of %d entries, %d were on the page; error %v", given, len(list), lost, err)
		}
		if len(reported) != 1 || reported[0].Page != uint32(n) || !errors.Is(reported[0], errMedium) || reported[0].Severity != berkeley.Lost {
			t.Errorf("reported: %v", reported)
		}
	}
	if err := f.Entries(func(uint64, []byte) error { return nil }, nil); !errors.Is(err, errMedium) {
		t.Errorf("strict: %v", err)
	}
	src.from, src.to = 0, 512
	if _, err := berkeley.Open(src, int64(len(image))); !errors.Is(err, errMedium) || !errors.Is(err, berkeley.ErrDamaged) {
		t.Errorf("Open: %v", err)
	}
	f, err = berkeley.OpenDamaged(src, int64(len(image)))
	if err != nil {
		t.Fatalf("OpenDamaged: %v", err)
	}
	c := collect(t, f.Salvage)
	c.problems = nil
	wantAll(t, c, list)
}

func TestCallerEndsTheWalk(t *testing.T) {
	enough := errors.New("enough")
	image := builders(512)["1.85/x86"].build(entries(100))
	clear(image[3*512:][:512])
	for _, walk := range []walkFunc{open(t, image).Entries, open(t, image).Salvage} {
		calls := 0
		err := walk(func(uint64, []byte) error {
			calls++
			return enough
		}, func(*berkeley.Problem) error { return nil })
		if err != enough || calls != 1 {
			t.Errorf("each: %v after %d calls", err, calls)
		}
		err = walk(func(uint64, []byte) error { return nil }, func(*berkeley.Problem) error { return enough })
		if err != enough {
			t.Errorf("report: %v", err)
		}
		var p *berkeley.Problem
		if err = walk(func(uint64, []byte) error { return nil }, nil); !errors.As(err, &p) {
			t.Errorf("no report: %v", err)
		}
	}
}

// TestPageOfNoiseIsNotAFloodOfReports has a page of 64 KiB whose items are all wrong.
func TestPageOfNoiseIsNotAFloodOfReports(t *testing.T) {
	b := builders(65536)["5.3/x86"]
	image := b.build(short(entries(400)))
	page := image[65536:]
	for at := 26; at < 26+2*int(binary.LittleEndian.Uint16(page[20:])); at++ {
		page[at] = 0xff
	}
	c := collect(t, open(t, image).Entries)
	if n := len(c.problems); n < 2 || n > 20 || !strings.Contains(c.problems[n-1], "more like these") {
		t.Errorf("%d problems, the last %q", n, c.problems[max(n-1, 0):])
	}
}
