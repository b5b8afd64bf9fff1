package backend

// Writing a bbolt file from sorted keys, page by page and each page once. Going
// through bbolt's own Put costs several times as much: it looks every key up,
// keeps nodes and copies pages. The format is what pages.go reads; a file that
// is made here is walked by it before it is used.

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	firstPage = 2 // behind the two meta pages
	pageBlock = 512 << 10
	// Pages get room for keys that come between others; entries come behind
	// the last one.
	fillPercent = 92
	fillEntries = 100
)

// pageSpace is the file being built. Several trees may grow in it at once.
type pageSpace struct {
	file *os.File
	size int // of a page
	next atomic.Uint64
}

func newPageSpace(file *os.File) *pageSpace {
	p := &pageSpace{file: file, size: os.Getpagesize()}
	p.next.Store(firstPage)
	return p
}

// put writes whole pages whose headers count from 0, and gives the first
// page's number.
func (p *pageSpace) put(pages []byte) (first uint64, err error) {
	n := uint64(len(pages) / p.size)
	first = p.next.Add(n) - n
	for at := 0; at < len(pages); {
		head := pages[at:]
		native.PutUint64(head, native.Uint64(head)+first)
		at += (int(native.Uint32(head[12:])) + 1) * p.size
	}
	if _, err := p.file.WriteAt(pages, int64(first)*int64(p.size)); err != nil {
		return 0, fmt.Errorf("write the store: %w", err)
	}
	startWriting(p.file, int64(first)*int64(p.size), int64(len(pages)))
	return first, nil
}

// startWriting makes the kernel begin to write a part of f to the disk, so that
// the sync at the end has less to wait for. It promises nothing, so its error
// says nothing either.
func startWriting(f *os.File, at, size int64) {
	_ = unix.SyncFileRange(int(f.Fd()), at, size, unix.SYNC_FILE_RANGE_WRITE)
}

// finish writes the list of free pages, of which there are none, and both meta
// pages: root is the tree of the buckets.
func (p *pageSpace) finish(root uint64) error {
	list := make([]byte, p.size)
	native.PutUint16(list[8:], freePage)
	freelist, err := p.put(list)
	if err != nil {
		return err
	}
	pages := make([]byte, firstPage*p.size)
	for n := range firstPage {
		page := pages[n*p.size:]
		native.PutUint64(page, uint64(n))
		native.PutUint16(page[8:], metaPage)
		m := page[pageHeader:]
		native.PutUint32(m, boltMagic)
		native.PutUint32(m[4:], boltVersion)
		native.PutUint32(m[8:], uint32(p.size))
		native.PutUint64(m[16:], root)
		native.PutUint64(m[32:], freelist)
		native.PutUint64(m[40:], p.next.Load())
		native.PutUint64(m[48:], uint64(n)) // transaction
		sum := fnv.New64a()
		sum.Write(m[:metaChecked])
		native.PutUint64(m[metaChecked:], sum.Sum64())
	}
	if _, err := p.file.WriteAt(pages, 0); err != nil {
		return fmt.Errorf("write the store: %w", err)
	}
	return nil
}

// treeBuilder makes one B+tree from pairs that come in the order of their keys.
type treeBuilder struct {
	space  *pageSpace
	fill   int          // percent of a page
	levels []*pageLevel // from the leaves up
	keys   uint64
}

// pageLevel is the pages of one level.
type pageLevel struct {
	kind  uint16
	table []byte // elements of the page being filled; positions count from data
	data  []byte
	block []byte // finished pages
	first []byte // keys that these begin with, each behind its length
	pages uint64
	begin uint64 // number of the first page of the block written last
}

func (p *pageSpace) newTree() *treeBuilder {
	return &treeBuilder{space: p, fill: fillPercent, levels: []*pageLevel{{kind: leafPage}}}
}

// add appends a pair; flags is bucketFlag in the tree of the buckets.
func (t *treeBuilder) add(key, value []byte, flags uint32) error {
	l := t.levels[0]
	if err := t.room(0, len(key)+len(value)); err != nil {
		return err
	}
	l.table = native.AppendUint32(l.table, flags)
	l.table = native.AppendUint32(l.table, uint32(len(l.data)))
	l.table = native.AppendUint32(l.table, uint32(len(key)))
	l.table = native.AppendUint32(l.table, uint32(len(value)))
	l.data = append(append(l.data, key...), value...)
	t.keys++
	return nil
}

// addChild appends a page of the level below.
func (t *treeBuilder) addChild(level int, key []byte, page uint64) error {
	if level == len(t.levels) {
		t.levels = append(t.levels, &pageLevel{kind: branchPage})
	}
	l := t.levels[level]
	if err := t.room(level, len(key)); err != nil {
		return err
	}
	l.table = native.AppendUint32(l.table, uint32(len(l.data)))
	l.table = native.AppendUint32(l.table, uint32(len(key)))
	l.table = native.AppendUint64(l.table, page)
	l.data = append(l.data, key...)
	return nil
}

// room ends the page if size more bytes of data do not fit. bbolt wants two
// children at least in a branch: the last one goes to the next page, where
// another one is about to follow.
func (t *treeBuilder) room(level, size int) error {
	l := t.levels[level]
	used := pageHeader + len(l.table) + len(l.data)
	if len(l.table) == 0 || used+pageElement+size <= t.space.size*t.fill/100 {
		return nil
	}
	if l.kind == leafPage {
		return t.endPage(level)
	}
	last := len(l.table) - pageElement
	if last < 2*pageElement {
		return nil // long keys: this page gets larger than others
	}
	element := l.table[last:]
	from, child := native.Uint32(element), native.Uint64(element[8:])
	key := bytes.Clone(l.data[from:])
	l.table, l.data = l.table[:last], l.data[:from]
	if err := t.endPage(level); err != nil {
		return err
	}
	return t.addChild(level, key, child)
}

// endPage puts the page being filled into the block.
func (t *treeBuilder) endPage(level int) error {
	l := t.levels[level]
	used := pageHeader + len(l.table) + len(l.data)
	n := max((used+t.space.size-1)/t.space.size, 1)
	at := len(l.block)
	l.block = native.AppendUint64(l.block, uint64(at/t.space.size))
	l.block = native.AppendUint16(l.block, l.kind)
	l.block = native.AppendUint16(l.block, uint16(len(l.table)/pageElement))
	l.block = native.AppendUint32(l.block, uint32(n-1))
	position, length := 4, 8
	if l.kind == branchPage {
		position, length = 0, 4
	}
	for i := 0; i < len(l.table); i += pageElement { // positions count from the element
		p := l.table[i+position:]
		native.PutUint32(p, native.Uint32(p)+uint32(len(l.table)-i))
	}
	first := l.data
	if len(l.table) > 0 {
		first = first[:native.Uint32(l.table[length:])]
	}
	l.first = append(native.AppendUint32(l.first, uint32(len(first))), first...)
	l.block = append(append(l.block, l.table...), l.data...)
	l.block = append(l.block, make([]byte, at+n*t.space.size-len(l.block))...)
	l.table, l.data = l.table[:0], l.data[:0]
	l.pages++
	if len(l.block) < pageBlock {
		return nil
	}
	return t.endBlock(level)
}

// endBlock writes the block and tells the level above.
func (t *treeBuilder) endBlock(level int) error {
	l := t.levels[level]
	base, err := t.space.put(l.block)
	if err != nil {
		return err
	}
	first := l.first
	for at := 0; at < len(l.block); {
		n := native.Uint32(first)
		key := first[4 : 4+n]
		first = first[4+n:]
		if err := t.addChild(level+1, key, base+uint64(at/t.space.size)); err != nil {
			return err
		}
		at += (int(native.Uint32(l.block[at+12:])) + 1) * t.space.size
	}
	l.block, l.first, l.begin = l.block[:0], l.first[:0], base
	return nil
}

// finish writes what is left and gives the page number of the root.
func (t *treeBuilder) finish() (root uint64, err error) {
	for level := 0; ; level++ {
		l := t.levels[level]
		if len(l.table) > 0 || l.pages == 0 {
			if err := t.endPage(level); err != nil {
				return 0, err
			}
		}
		switch {
		case l.pages == 1 && len(l.block) == 0: // a single page as large as a block
			return l.begin, nil
		case l.pages == 1:
			return t.space.put(l.block)
		case len(l.block) > 0:
			if err := t.endBlock(level); err != nil {
				return 0, err
			}
		}
	}
}
