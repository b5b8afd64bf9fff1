package backend

// Sorting more pairs of key and value than memory holds: full buffers are
// sorted and written to a temporary file as runs, which a merge reads again.

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

const (
	runSize    = 8 << 20 // bytes of a buffer
	pairHeader = 8       // length of the key, length of the value
)

// sorter puts pairs in the order of their keys; pairs with equal keys keep the
// order in which they came. Only one goroutine may add, and merge when all is
// added.
type sorter struct {
	dir     string        // of the temporary file
	workers chan struct{} // an element is leave to sort one buffer
	limit   int           // bytes of a buffer
	filling *sortBuffer

	pending sync.WaitGroup
	mu      sync.Mutex
	file    *os.File // has no name; made with the first run
	end     int64
	runs    []run // in the order in which their pairs came, once nothing is pending
	err     error
	spare   []*sortBuffer
}

// run is a sorted part of the file.
type run struct {
	at, size int64
}

// sortBuffer holds pairs one behind the other: header, key, value.
type sortBuffer struct {
	bytes []byte
	items []sortItem
}

// sortItem finds a pair. head is the beginning of its key as a number, which
// decides most comparisons.
type sortItem struct {
	head uint64
	at   uint32
	key  uint32 // its length
}

func newSorter(dir string, workers chan struct{}) *sorter {
	return &sorter{dir: dir, workers: workers, limit: runSize}
}

// add takes a pair; it copies.
func (s *sorter) add(key, value []byte) error {
	b := s.filling
	if b == nil {
		b = s.buffer()
		s.filling = b
	}
	at := len(b.bytes)
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, uint32(len(key)))
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, uint32(len(value)))
	b.bytes = append(append(b.bytes, key...), value...)
	b.items = append(b.items, sortItem{keyHead(key), uint32(at), uint32(len(key))})
	if len(b.bytes) < s.limit {
		return nil
	}
	s.filling = nil
	return s.spill(b)
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

func (b *sortBuffer) key(it sortItem) []byte {
	return b.bytes[it.at+pairHeader:][:it.key]
}

func (b *sortBuffer) sort() {
	slices.SortFunc(b.items, func(x, y sortItem) int {
		if x.head != y.head {
			return cmp.Compare(x.head, y.head)
		}
		if c := bytes.Compare(b.key(x), b.key(y)); c != 0 {
			return c
		}
		return cmp.Compare(x.at, y.at)
	})
}

// readPair takes the first pair off b, which may hold only a part of it; ok is
// false then.
func readPair(b []byte) (key, value, rest []byte, ok bool) {
	if len(b) < pairHeader {
		return nil, nil, b, false
	}
	k := uint64(binary.NativeEndian.Uint32(b))
	v := uint64(binary.NativeEndian.Uint32(b[4:]))
	if uint64(len(b)) < pairHeader+k+v {
		return nil, nil, b, false
	}
	b = b[pairHeader:]
	return b[:k:k], b[k : k+v : k+v], b[k+v:], true
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

// spill sorts and writes b in the background.
func (s *sorter) spill(b *sortBuffer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.file == nil {
		if s.file, s.err = tempFile(s.dir); s.err != nil {
			return s.err
		}
	}
	r := run{s.end, int64(len(b.bytes))}
	s.end += r.size
	s.runs = append(s.runs, r)
	s.workers <- struct{}{} // bounds the buffers in memory
	s.pending.Go(func() {
		b.sort()
		err := b.write(s.file, r.at)
		<-s.workers
		b.bytes, b.items = b.bytes[:0], b.items[:0]
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = errors.Join(s.err, err)
		if len(s.spare) < 1 && cap(b.bytes) <= 2*runSize {
			s.spare = append(s.spare, b)
		}
	})
	return nil
}

// tempFile makes a file without a name: it is gone when the process is.
func tempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, runsPrefix+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

// write writes the pairs in their order to f from at on.
func (b *sortBuffer) write(f *os.File, at int64) error {
	const chunk = 256 << 10
	out := make([]byte, 0, chunk+chunk/4)
	flush := func() error {
		n, err := f.WriteAt(out, at)
		at += int64(n)
		out = out[:0]
		if err != nil {
			return fmt.Errorf("write to a temporary file: %w", err)
		}
		return nil
	}
	for _, it := range b.items {
		size := pairHeader + it.key + binary.NativeEndian.Uint32(b.bytes[it.at+4:])
		out = append(out, b.bytes[it.at:it.at+size]...)
		if len(out) >= chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// close frees what the sorter holds.
func (s *sorter) close() error {
	s.pending.Wait()
	s.filling, s.spare = nil, nil
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
