package backend

// Sorting more pairs of key and value than memory holds: full buffers are
// sorted and written to a temporary file as runs, which a merge reads again.

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

const (
	runSize     = 8 << 20 // bytes of a buffer
	mergeMemory = 16 << 20
	minMergeBuf = 16 << 10
	maxMergeBuf = 256 << 10
)

// sorter puts pairs in the order of their keys; pairs with equal keys keep the
// order in which they came. Only one goroutine may add.
type sorter struct {
	dir     string // of the temporary file
	workers chan struct{}

	full *sortBuffer // being filled

	mu    sync.Mutex
	runs  []run
	file  *os.File // without a name, made with the first run
	end   int64
	err   error
	spill sync.WaitGroup
	spare []*sortBuffer
}

// sortBuffer holds pairs one behind the other: length of key, length of value
// (uvarints), key, value.
type sortBuffer struct {
	bytes []byte
	items []sortItem
}

// sortItem finds a pair; head is the key's beginning as a number, which
// decides most comparisons.
type sortItem struct {
	head uint64
	at   uint32
	size uint32 // of the two lengths and the key
}

// run is a sorted part of the file, or of memory.
type run struct {
	at, size int64
	held     *sortBuffer // nil: in the file
	number   int         // runs of earlier pairs have lower numbers
}

// newSorter makes a sorter whose temporary file is in dir. Each element of
// workers is leave to sort one buffer in the background.
func newSorter(dir string, workers chan struct{}) *sorter {
	return &sorter{dir: dir, workers: workers}
}

// add takes a pair; it copies.
func (s *sorter) add(key, value []byte) error {
	if s.full == nil {
		s.full = s.buffer()
	}
	b := s.full
	at := len(b.bytes)
	b.bytes = binary.AppendUvarint(b.bytes, uint64(len(key)))
	b.bytes = binary.AppendUvarint(b.bytes, uint64(len(value)))
	b.bytes = append(b.bytes, key...)
	b.items = append(b.items, sortItem{keyHead(key), uint32(at), uint32(len(b.bytes) - at)})
	b.bytes = append(b.bytes, value...)
	if len(b.bytes) < runSize {
		return nil
	}
	s.full = nil
	return s.spillBuffer(b)
}

// keyHead is the first eight bytes of a key as a number that compares alike.
func keyHead(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func (s *sorter) buffer() *sortBuffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.spare); n > 0 {
		b := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return b
	}
	return &sortBuffer{}
}

// key of item i.
func (b *sortBuffer) key(i int) []byte {
	it := b.items[i]
	rec := b.bytes[it.at : it.at+it.size]
	n, used := binary.Uvarint(rec)
	return rec[uint64(len(rec))-n:][:n:n][:n+0*uint64(used)]
}

// pair is item i: its stored form, key and value.
func (b *sortBuffer) pair(i int) (raw, key, value []byte) {
	it := b.items[i]
	rec := b.bytes[it.at:]
	n, a := binary.Uvarint(rec)
	v, c := binary.Uvarint(rec[a:])
	from := uint64(a + c)
	return rec[:from+n+v], rec[from : from+n : from+n], rec[from+n : from+n+v : from+n+v]
}

func (b *sortBuffer) sort() {
	slices.SortFunc(b.items, func(x, y sortItem) int {
		if x.head != y.head {
			return cmp.Compare(x.head, y.head)
		}
		if c := bytes.Compare(b.keyOf(x), b.keyOf(y)); c != 0 {
			return c
		}
		return cmp.Compare(x.at, y.at)
	})
}
