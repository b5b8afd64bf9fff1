// A builder of files of every version and byte order, from the layout in the
// package comment: for the machines and releases that no package writes for any
// more. That it builds what the library understands is a test of its own.

package berkeley_test

import (
	"bytes"
	"sort"
)

// builder says what kind of file to build.
type builder struct {
	machine
	version   uint32 // 3 is release 1.85
	pageSize  int
	checksums bool
}

// built is a file being put together.
type built struct {
	builder
	pages [][]byte
}

// node is a page of the tree before it has its place.
type node struct {
	level int
	key   []byte   // its least key
	items [][]byte // as they stand on the page
	number,
	prev, next uint32
}

func (b builder) old() bool { return b.version == 3 }

// head is the length of a page header.
func (b builder) head() int {
	switch {
	case b.old():
		return 20
	case b.checksums:
		return 32
	}
	return 26
}

// pair is a key and its data.
type pair struct{ key, data []byte }

// build makes the file with the entries of list in it.
func (b builder) build(list []record) []byte {
	pairs := make([]pair, len(list))
	for i, r := range list {
		pairs[i] = pair{b.key(r.id), r.stored()}
	}
	return b.buildPairs(pairs...)
}

func (b builder) buildPairs(pairs ...pair) []byte {
	f := &built{builder: b, pages: make([][]byte, 2)}
	sort.SliceStable(pairs, func(i, j int) bool { return bytes.Compare(pairs[i].key, pairs[j].key) < 0 })
	level := []*node{{level: 1}}
	for _, p := range pairs {
		level = f.append(level, p.key, f.leafItems(p.key, p.data)...)
	}
	for len(level) > 1 {
		above := []*node{{level: level[0].level + 1}}
		for i, n := range level {
			n.number = uint32(len(f.pages) + i)
		}
		for i, n := range level {
			if i > 0 {
				n.prev = level[i-1].number
			}
			if i+1 < len(level) {
				n.next = level[i+1].number
			}
			f.pages = append(f.pages, f.treePage(n))
			above = f.append(above, n.key, f.pointer(n))
		}
		level = above
	}
	level[0].number = 1
	f.pages[1] = f.treePage(level[0])
	f.pages[0] = f.meta()
	return bytes.Join(f.pages, nil)
}

// append puts items on the last node of level, or on a new one.
func (f *built) append(level []*node, key []byte, items ...[]byte) []*node {
	last := level[len(level)-1]
	size := f.head()
	for _, it := range last.items {
		size += 2 + len(it)
	}
	for _, it := range items {
		size += 2 + len(it)
	}
	if size > f.pageSize && len(last.items) > 0 {
		last = &node{level: last.level}
		level = append(level, last)
	}
	if len(last.items) == 0 {
		last.key = key
	}
	last.items = append(last.items, items...)
	return level
}

// aligned pads an item to a multiple of 4 bytes.
func aligned(item []byte) []byte { return append(item, make([]byte, -len(item)&3)...) }

func (f *built) leafItems(key, data []byte) [][]byte {
	long := len(data) > (f.pageSize-f.head())/4-16
	if f.old() {
		item := f.order.AppendUint32(nil, uint32(len(key)))
		flags, tail := byte(0), data
		if long {
			flags, tail = 1, f.order.AppendUint32(nil, f.chain(data))
			tail = f.order.AppendUint32(tail, uint32(len(data)))
			item = f.order.AppendUint32(item, 8)
		} else {
			item = f.order.AppendUint32(item, uint32(len(data)))
		}
		item = append(append(append(item, flags), key...), tail...)
		return [][]byte{aligned(item)}
	}
	return [][]byte{f.plain(key), f.modernData(data, long)}
}

func (f *built) plain(b []byte) []byte {
	return aligned(append(append(f.order.AppendUint16(nil, uint16(len(b))), 1), b...))
}

func (f *built) modernData(data []byte, long bool) []byte {
	if !long {
		return f.plain(data)
	}
	item := f.order.AppendUint32([]byte{0, 0, 3, 0}, f.chain(data))
	return f.order.AppendUint32(item, uint32(len(data)))
}

// pointer is the item of an internal page that leads to n.
func (f *built) pointer(n *node) []byte {
	var item []byte
	if f.old() {
		item = f.order.AppendUint32(item, uint32(len(n.key)))
		item = append(f.order.AppendUint32(item, n.number), 0)
	} else {
		item = append(f.order.AppendUint16(item, uint16(len(n.key))), 1, 0)
		item = f.order.AppendUint32(item, n.number)
		item = append(item, 0, 0, 0, 0)
	}
	return aligned(append(item, n.key...))
}

// chain puts data on overflow pages and returns the number of the first.
func (f *built) chain(data []byte) uint32 {
	first, prev := uint32(len(f.pages)), uint32(0)
	for len(data) > 0 {
		number := uint32(len(f.pages))
		use := min(len(data), f.pageSize-f.head())
		next := number + 1
		if use == len(data) {
			next = 0
		}
		page := f.page(number, prev, next)
		if f.old() {
			f.order.PutUint32(page[12:], 4)
		} else {
			f.order.PutUint16(page[20:], 1)
			f.order.PutUint16(page[22:], uint16(use))
			page[25] = 7
		}
		copy(page[f.head():], data[:use])
		f.seal(page, 28)
		f.pages = append(f.pages, page)
		data, prev = data[use:], number
	}
	return first
}

// page is an empty page with the fields that all have.
func (f *built) page(number, prev, next uint32) []byte {
	page := make([]byte, f.pageSize)
	at := 8
	if f.old() {
		at = 0
	}
	f.order.PutUint32(page[at:], number)
	f.order.PutUint32(page[at+4:], prev)
	f.order.PutUint32(page[at+8:], next)
	return page
}

func (f *built) treePage(n *node) []byte {
	page := f.page(n.number, n.prev, n.next)
	end := f.pageSize
	for i, it := range n.items {
		end -= len(it)
		copy(page[end:], it)
		f.order.PutUint16(page[f.head()+2*i:], uint16(end))
	}
	leaf := n.level == 1
	if f.old() {
		flags := uint32(1)
		if leaf {
			flags = 2
		}
		f.order.PutUint32(page[12:], flags)
		f.order.PutUint16(page[16:], uint16(20+2*len(n.items)))
		f.order.PutUint16(page[18:], uint16(end))
		return page
	}
	f.order.PutUint16(page[20:], uint16(len(n.items)))
	f.order.PutUint16(page[22:], uint16(end))
	page[24], page[25] = byte(n.level), 3
	if leaf {
		page[25] = 5
	} else {
		f.order.PutUint32(page[12:], 0)
		f.order.PutUint32(page[16:], 0)
	}
	f.seal(page, 28)
	return page
}

func (f *built) meta() []byte {
	page := make([]byte, f.pageSize)
	put := func(at int, v uint32) { f.order.PutUint32(page[at:], v) }
	if f.old() {
		put(0, 0x053162)
		put(4, 3)
		put(8, uint32(f.pageSize))
		put(20, 0x20) // no duplicates
		return page
	}
	put(12, 0x053162)
	put(16, f.version)
	put(20, uint32(f.pageSize))
	page[25] = 9
	switch f.version {
	case 6:
		put(24, 0) // most keys on a page; there is no type
		put(28, 2)
	case 7:
		put(60, 2)
		put(72, 1)
	default:
		put(76, 2)
		put(88, 1)
		put(32, uint32(len(f.pages)-1))
	}
	if f.version == 8 {
		put(32, 0)
	}
	if f.checksums {
		page[26] = 1
		f.seal(page[:512], 492)
	}
	return page
}

// seal writes the checksum of a page to byte at.
func (f *built) seal(page []byte, at int) {
	if f.checksums {
		f.order.PutUint32(page[at:], 0)
		var h uint32
		for _, c := range page {
			h = h<<5 + h + uint32(c)
		}
		f.order.PutUint32(page[at:], h)
	}
}

// builders are all kinds of files with pages of pageSize.
func builders(pageSize int) map[string]builder {
	releases := map[string]builder{
		"1.85":     {version: 3},
		"2.x":      {version: 6},
		"3.0":      {version: 7},
		"3.1":      {version: 8},
		"5.3":      {version: 9},
		"5.3 sums": {version: 9, checksums: true},
		"6.x":      {version: 10},
	}
	all := map[string]builder{}
	for release, b := range releases {
		for name, m := range machines {
			b.machine, b.pageSize = m, pageSize
			all[release+"/"+name] = b
		}
	}
	return all
}
