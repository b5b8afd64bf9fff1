package backend

// Cursors of readers. bbolt's own tells nothing about the page that it stands on,
// from which plans estimate how many keys there are under a term, and a step of it
// through an index takes more than twice as long (BenchmarkCursorNext: 22 ns and
// 8 ns; BenchmarkCursorSeek: 560 ns and 430 ns, mostly spent waiting for memory). A
// snapshot's pages do not change, so they are walked where they are mapped.
//
// What is damaged panics here, as in bbolt, and reader.done makes an error of it:
// searches have no time to look at everything first. The dump of a file that
// another process serves has, see pageReader.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"go.etcd.io/bbolt"
)

// mapped is the memory in which bbolt has mapped the file: one map of a fixed
// size for as long as the file is open, see mapSizes. Its pages are those of a
// snapshot while that is held.
type mapped struct {
	data []byte
	size uint64 // of a page
}

// mappedBy is the map of db, which is size bytes.
func mappedBy(db *bbolt.DB, size int) mapped {
	info := db.Info()
	// bbolt tells the address as a number; it is outside of Go's heap.
	return mapped{unsafe.Slice(*(**byte)(unsafe.Pointer(&info.Data)), size), uint64(info.PageSize)}
}

// page is a page with its overflow. A damaged number of a page panics here or
// in what reads it, as bbolt would; reader.done makes an error of that.
func (m *mapped) page(id uint64) []byte {
	p := m.data[id*m.size:]
	if native.Uint64(p) != id {
		panic(fmt.Sprintf("page %d is not where it should be", id))
	}
	n := (1 + uint64(native.Uint32(p[12:]))) * m.size
	return p[:n:n]
}

// meta is the meta page that the commit txid has written, or has yet to.
func (m *mapped) meta(txid uint64) []byte { return m.data[txid%2*m.size:][:m.size] }

// place is an element of a page.
type place struct {
	page  []byte
	at, n int
	leaf  bool
}

// key is that of element i. Elements of leaves begin with flags.
func (p *place) key(i int) []byte {
	at := pageHeader + i*pageElement
	e := p.page[at : at+pageElement]
	if p.leaf {
		e = e[4:]
	}
	from := at + int(native.Uint32(e))
	return p.page[from : from+int(native.Uint32(e[4:]))]
}

// pair is the key and value of the element of a leaf.
func (p *place) pair() (k, v []byte) { return pairAt(p.page, pageHeader+uint64(p.at)*pageElement) }

// pairAt is the key and value of the element of a leaf that begins at byte at of b,
// which is the page or the whole file.
func pairAt(b []byte, at uint64) (k, v []byte) {
	e := b[at : at+pageElement]
	from := at + uint64(native.Uint32(e[4:]))
	end := from + uint64(native.Uint32(e[8:]))
	to := end + uint64(native.Uint32(e[12:]))
	return b[from:end:end], b[end:to:to]
}

// spot is where in the file the element is on which the cursor stands.
func (c *cursor) spot() uint64 {
	p := &c.path[len(c.path)-1]
	return native.Uint64(p.page)*c.pages.size + pageHeader + uint64(p.at)*pageElement
}

// find is the first element of at least key. It looks first around the element near,
// which may be any.
func (p *place) find(key []byte, near int) (at int, equal bool) {
	from, to := 0, p.n
	for step := 1; uint(near-from) < uint(to-from); step *= 2 {
		switch c := bytes.Compare(p.key(near), key); {
		case c < 0:
			from = near + 1
			near += step
		case c == 0:
			return near, true
		default:
			to = near
			near -= step
		}
	}
	for from < to {
		mid := int(uint(from+to) / 2)
		switch c := bytes.Compare(p.key(mid), key); {
		case c < 0:
			from = mid + 1
		case c == 0:
			return mid, true
		default:
			to = mid
		}
	}
	return from, false
}

// cursor walks through a bucket in the order of its keys. It can be used as
// bbolt's can: what it gives is valid while the transaction is open.
type cursor struct {
	bolt  *bbolt.Cursor // instead of all below: of the writer, or of a bucket within a value
	pages *mapped
	root  uint64
	path  []place // from the root to the leaf; empty before the first Seek
}

// ready tells whether c has been opened.
func (c *cursor) ready() bool { return c.bolt != nil || c.pages != nil }

// open makes c a cursor of b. pages is nil in a transaction that writes.
func (c *cursor) open(pages *mapped, b *bbolt.Bucket) {
	c.path = c.path[:0]
	if c.root = uint64(b.Root()); pages == nil || c.root == 0 {
		c.bolt, c.pages = b.Cursor(), nil
		return
	}
	c.bolt, c.pages = nil, pages
}

// shut forgets the bucket, and keeps the memory.
func (c *cursor) shut() { c.bolt, c.pages = nil, nil }

// Seek goes to the first key of at least key, nil if there is none.
func (c *cursor) Seek(key []byte) (k, v []byte) {
	if c.bolt != nil {
		return c.bolt.Seek(key)
	}
	c.path = c.path[:0]
	p := c.enter(c.root)
	for !p.leaf {
		at, equal := p.find(key, c.near(key))
		if !equal && at > 0 {
			at--
		}
		p.at = at
		p = c.enter(p.child())
	}
	if p.at, _ = p.find(key, c.near(key)); p.at < p.n {
		return p.pair()
	}
	return c.turn(1)
}

// near is about where key is on the page entered last if it is an id: ids are spread
// evenly over the pages of a branch and have no gaps on a leaf, mostly. Each comparison
// that is not made is memory that need not be fetched. It is -1 for other keys.
func (c *cursor) near(key []byte) int {
	n := len(c.path)
	if len(key) != idSize || n < 2 {
		return -1
	}
	above, p := &c.path[n-2], &c.path[n-1]
	first := above.key(above.at)
	if len(first) != idSize {
		return -1
	}
	from := binary.BigEndian.Uint64(first)
	at := binary.BigEndian.Uint64(key) - from
	if p.leaf {
		return int(min(at, uint64(p.n-1)))
	}
	if above.at+1 >= above.n {
		return -1
	}
	next := above.key(above.at + 1)
	if len(next) != idSize {
		return -1
	}
	to := binary.BigEndian.Uint64(next)
	return int(at * uint64(p.n) / max(to-from, 1))
}

// child is the page below the element of a branch.
func (p *place) child() uint64 { return native.Uint64(p.page[pageHeader+p.at*pageElement+8:]) }

// enter puts the first element of a page onto the path.
func (c *cursor) enter(id uint64) *place {
	if len(c.path) == maxPageDepth {
		panic(fmt.Sprintf("page %d is too deep in the tree", id))
	}
	page := c.pages.page(id)
	kind := native.Uint16(page[8:])
	if kind != leafPage && kind != branchPage {
		panic(fmt.Sprintf("page %d is neither branch nor leaf", id))
	}
	c.path = append(c.path, place{page: page, n: int(native.Uint16(page[10:])), leaf: kind == leafPage})
	return &c.path[len(c.path)-1]
}

// Next goes one key further, nil at the end, where it then stays.
func (c *cursor) Next() (k, v []byte) {
	if c.bolt != nil {
		return c.bolt.Next()
	}
	if n := len(c.path); n > 0 {
		if p := &c.path[n-1]; p.at+1 < p.n {
			p.at++
			return p.pair()
		}
	}
	return c.turn(1)
}

// ahead goes n keys further if that is Next or does not leave the page, else it stays
// and gives nil.
func (c *cursor) ahead(n uint64) (k, v []byte) {
	if n == 1 {
		return c.Next()
	}
	if depth := len(c.path); c.bolt == nil && depth > 0 {
		if p := &c.path[depth-1]; n < uint64(p.n-p.at) {
			p.at += int(n)
			return p.pair()
		}
	}
	return nil, nil
}

// Prev goes one key back, nil at the start.
func (c *cursor) Prev() (k, v []byte) {
	if c.bolt != nil {
		return c.bolt.Prev()
	}
	if n := len(c.path); n > 0 {
		if p := &c.path[n-1]; p.at > 0 && p.at <= p.n {
			p.at--
			return p.pair()
		}
	}
	return c.turn(-1)
}

// turn goes to the next leaf that has keys, in the direction of step.
func (c *cursor) turn(step int) (k, v []byte) {
	for {
		level := len(c.path) - 2
		for ; level >= 0; level-- {
			if p := &c.path[level]; p.at+step >= 0 && p.at+step < p.n {
				break
			}
		}
		if level < 0 {
			return nil, nil
		}
		c.path[level].at += step
		c.path = c.path[:level+1]
		for p := &c.path[level]; !p.leaf; {
			p = c.enter(p.child())
			if step < 0 {
				p.at = max(p.n-1, 0)
			}
		}
		if p := &c.path[len(c.path)-1]; p.n > 0 {
			return p.pair()
		}
	}
}

// estimate tells about how many keys there are from here to below end, as if all pages
// of a level had as many elements as the one on the way here. It moves the cursor.
func (c *cursor) estimate(end []byte) (keys int) {
	depth := len(c.path)
	if depth == 0 {
		return 0 // a bucket within a value has few
	}
	leaf := &c.path[depth-1]
	if to, _ := leaf.find(end, -1); to < leaf.n {
		return max(to-leaf.at, 0)
	}
	var from [maxPageDepth]place
	copy(from[:], c.path)
	c.Seek(end)
	for level := range min(depth, len(c.path)) {
		keys = keys*from[level].n + c.path[level].at - from[level].at
	}
	return max(keys, 0)
}
