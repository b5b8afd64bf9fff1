package backend

// The page tree of a bbolt file, walked before bbolt opens it. A damaged page
// makes bbolt end the process (a panic in a goroutine of its own, endless
// recursion, a fault on the mapped file), and a damaged count of keys makes it
// hide keys silently. Here each becomes an error.
//
// Read from bbolt's sources: a page has a header of 16 bytes (number, flags,
// count, overflow) and count elements of 16 bytes; all in the machine's order.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime/debug"
)

const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	pageHeader   = 16
	pageElement  = 16
	metaSize     = 64
	metaChecked  = 56 // the bytes that its checksum covers
	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	bucketFlag   = 0x01
	inlineHeader = 16 // of a bucket: root page, sequence
	maxPageDepth = 64
	maxPageSize  = 1 << 24
	pagesKept    = 4096 // pages read between two letGo
)

// native is the order of numbers in bbolt's pages.
var native = binary.NativeEndian

// boltMeta is a meta page of bbolt.
type boltMeta struct {
	pageSize, root, pages, txid uint64
}

// readBoltMeta reads the meta page that begins b.
func readBoltMeta(b []byte) (m boltMeta, ok bool) {
	if len(b) < pageHeader+metaSize || native.Uint16(b[8:]) != metaPage {
		return m, false
	}
	b = b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaChecked])
	if native.Uint32(b) != boltMagic || native.Uint32(b[4:]) != boltVersion || native.Uint64(b[metaChecked:]) != sum.Sum64() {
		return m, false
	}
	m = boltMeta{uint64(native.Uint32(b[8:])), native.Uint64(b[16:]), native.Uint64(b[40:]), native.Uint64(b[48:])}
	return m, m.pageSize >= 512 && m.pageSize <= maxPageSize
}

// fits tells whether a file of the given size can hold all pages.
func (m boltMeta) fits(size int64) error {
	if m.pages > uint64(size)/m.pageSize {
		return fmt.Errorf("the file is cut off: it has %d bytes and should have %d pages of %d", size, m.pages, m.pageSize)
	}
	return nil
}

// pageWalk walks one file.
type pageWalk struct {
	file  []byte // mapped, as far as its pages go
	meta  boltMeta
	seen  []bool
	keys  map[string]uint64 // number of keys by bucket
	read  int
	nowIn string
	each  func(bucket string, key, value []byte) error // nil, or asked about each pair
}

// countKeys walks the whole page tree and returns the number of keys in each
// bucket. The error names the first damaged page.
func countKeys(file *os.File, size int64) (keys map[string]uint64, err error) {
	meta, _, err := newestMeta(file)
	if err != nil {
		return nil, err
	}
	if err := meta.fits(size); err != nil {
		return nil, err
	}
	return walkPages(file, meta, nil)
}

// walkPages is countKeys from the given meta page on. each, if it is not nil,
// is asked about every pair.
func walkPages(file *os.File, meta boltMeta, each func(bucket string, key, value []byte) error) (keys map[string]uint64, err error) {
	pages, err := mapPages(file, meta)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pages.close()) }()
	defer pages.guard(debug.SetPanicOnFault(true), &err)
	w := &pageWalk{file: pages.data, meta: meta, seen: make([]bool, meta.pages), keys: map[string]uint64{}, each: each}
	return w.keys, w.tree(meta.root, 0, nil, nil)
}

// newestMeta finds the newer of the two meta pages that are in order. If one is
// not, the other tells of the commit before: it may be that a crash has torn
// the page while it was written, which loses nothing that was acknowledged, or
// that the disk has damaged it, which loses the last commit.
func newestMeta(file io.ReaderAt) (best boltMeta, both bool, err error) {
	buf := make([]byte, pageHeader+metaSize)
	found := 0
	try := func(at int64) {
		if _, err := file.ReadAt(buf, at); err != nil {
			return
		}
		m, ok := readBoltMeta(buf)
		if !ok || at != 0 && uint64(at) != m.pageSize {
			return
		}
		if found++; found == 1 || m.txid > best.txid {
			best = m
		}
	}
	try(0)
	if found == 1 {
		try(int64(best.pageSize))
		return best, found == 2, nil
	}
	for size := int64(512); size <= maxPageSize && found == 0; size *= 2 {
		try(size)
	}
	if found == 0 {
		return best, false, errors.New("both of its meta pages are damaged")
	}
	return best, false, nil
}

func (w *pageWalk) bad(id uint64, what string) error {
	return fmt.Errorf("page %d (bucket %q): %s", id, w.nowIn, what)
}

// page gives page id with its overflow.
func (w *pageWalk) page(id uint64, depth int) ([]byte, error) {
	if depth >= maxPageDepth {
		return nil, w.bad(id, "tree too deep")
	}
	if id < 2 || id >= w.meta.pages {
		return nil, w.bad(id, "no such page")
	}
	if w.read++; w.read%pagesKept == 0 {
		letGo(w.file)
	}
	p := w.file[id*w.meta.pageSize:]
	last := id + uint64(native.Uint32(p[12:]))
	if native.Uint64(p) != id || last >= w.meta.pages {
		return nil, w.bad(id, "wrong header")
	}
	for n := id; n <= last; n++ {
		if w.seen[n] {
			return nil, w.bad(n, "used twice")
		}
		w.seen[n] = true
	}
	return p[:(last-id+1)*w.meta.pageSize], nil
}

// tree checks the page id and all below it. Keys must be at least low and
// below high; nil is no bound.
func (w *pageWalk) tree(id uint64, depth int, low, high []byte) error {
	p, err := w.page(id, depth)
	if err != nil {
		return err
	}
	switch native.Uint16(p[8:]) {
	case leafPage:
		return w.leaf(id, p, depth, low, high)
	case branchPage:
	default:
		return w.bad(id, "neither branch nor leaf")
	}
	count := int(native.Uint16(p[10:]))
	if count == 0 {
		return w.bad(id, "empty branch")
	}
	for i := range count {
		key, _, err := w.element(id, p, i, branchPage)
		if err != nil {
			return err
		}
		end := high
		if i+1 < count {
			if end, _, err = w.element(id, p, i+1, branchPage); err != nil {
				return err
			}
		}
		if low != nil && bytes.Compare(key, low) < 0 || end != nil && bytes.Compare(key, end) >= 0 {
			return w.bad(id, "keys out of order")
		}
		child := native.Uint64(p[pageHeader+i*pageElement+8:])
		if err := w.tree(child, depth+1, key, end); err != nil {
			return err
		}
		low = key
	}
	return nil
}

// leaf checks a leaf page, which may be one within a value (an inline bucket).
func (w *pageWalk) leaf(id uint64, p []byte, depth int, low, high []byte) error {
	count := int(native.Uint16(p[10:]))
	w.keys[w.nowIn] += uint64(count)
	var last []byte
	for i := range count {
		key, value, err := w.element(id, p, i, leafPage)
		if err != nil {
			return err
		}
		if i == 0 && low != nil && bytes.Compare(key, low) < 0 ||
			i > 0 && bytes.Compare(key, last) <= 0 ||
			high != nil && bytes.Compare(key, high) >= 0 {
			return w.bad(id, "keys out of order")
		}
		last = key
		switch flags := native.Uint32(p[pageHeader+i*pageElement:]); {
		case flags == 0 && w.nowIn != "":
			if w.each == nil {
				continue
			}
			if err := w.each(w.nowIn, key, value); err != nil {
				return err
			}
		case flags == bucketFlag && w.nowIn == "":
			if err := w.bucket(id, string(key), value, depth); err != nil {
				return err
			}
		default:
			return w.bad(id, "a bucket where a value belongs, or the other way round")
		}
	}
	return nil
}

// bucket checks a bucket of the top level.
func (w *pageWalk) bucket(id uint64, name string, value []byte, depth int) error {
	w.nowIn = name
	defer func() { w.nowIn = "" }()
	w.keys[name] += 0
	if len(value) < inlineHeader {
		return w.bad(id, "bucket too short")
	}
	if root := native.Uint64(value); root != 0 {
		return w.tree(root, depth+1, nil, nil)
	}
	inline := value[inlineHeader:]
	if len(inline) < pageHeader || native.Uint16(inline[8:]) != leafPage {
		return w.bad(id, "inline bucket is no leaf")
	}
	return w.leaf(id, inline, depth, nil, nil)
}

// element takes key and value of element i out of page p.
func (w *pageWalk) element(id uint64, p []byte, i int, kind uint16) (key, value []byte, err error) {
	at := pageHeader + i*pageElement
	if at+pageElement > len(p) {
		return nil, nil, w.bad(id, "too many elements")
	}
	e := p[at : at+pageElement]
	var pos, ksize, vsize uint64
	if kind == branchPage {
		pos, ksize = uint64(native.Uint32(e)), uint64(native.Uint32(e[4:]))
	} else {
		pos, ksize, vsize = uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
	}
	from := uint64(at) + pos
	if from+ksize+vsize > uint64(len(p)) || pos < pageElement {
		return nil, nil, w.bad(id, "element outside of its page")
	}
	return p[from : from+ksize : from+ksize], p[from+ksize : from+ksize+vsize], nil
}
