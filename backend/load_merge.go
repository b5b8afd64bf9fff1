package backend

// Reading the runs of a sorter again, as one sequence in order.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	mergeMemory = 16 << 20 // bytes, for the buffers of all runs together
	minMergeBuf = 16 << 10
	maxMergeBuf = 512 << 10
)

// merger gives the pairs of a sorter in order.
type merger struct {
	heap  []*runReader // a heap by key and number
	begun bool
	err   error
}

// runReader reads one run.
type runReader struct {
	number     int // earlier pairs have lower numbers
	key, value []byte
	head       uint64

	file     *os.File // nil: all is in buf
	at, left int64
	buf      []byte
	rest     []byte      // of buf
	held     *sortBuffer // instead of a file
	next     int
}

// merge ends the adding and begins the reading. Pairs are valid until the next
// call of next.
func (s *sorter) merge() (*merger, error) {
	s.pending.Wait()
	if s.err != nil {
		return nil, s.err
	}
	m := &merger{}
	size := int64(maxMergeBuf)
	if n := int64(len(s.runs)); n > 0 {
		size = min(max(mergeMemory/n, minMergeBuf), maxMergeBuf)
	}
	for i, r := range s.runs {
		m.heap = append(m.heap, &runReader{number: i, file: s.file, at: r.at, left: r.size,
			buf: make([]byte, min(size, r.size))})
	}
	if s.filling != nil {
		s.filling.sort()
		m.heap = append(m.heap, &runReader{number: len(s.runs), held: s.filling})
	}
	for i := len(m.heap) - 1; i >= 0; i-- {
		if !m.heap[i].step(&m.err) {
			m.heap = append(m.heap[:i], m.heap[i+1:]...)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, m.err
}

// next gives the next pair; ok is false at the end and after an error.
func (m *merger) next() (key, value []byte, ok bool) {
	if m.begun && len(m.heap) > 0 {
		if top := m.heap[0]; !top.step(&m.err) {
			last := len(m.heap) - 1
			m.heap[0] = m.heap[last]
			m.heap = m.heap[:last]
		}
		m.down(0)
	}
	m.begun = true
	if len(m.heap) == 0 || m.err != nil {
		return nil, nil, false
	}
	return m.heap[0].key, m.heap[0].value, true
}

// each calls f with every pair in order.
func (s *sorter) each(f func(key, value []byte) error) error {
	m, err := s.merge()
	if err != nil {
		return err
	}
	for key, value, ok := m.next(); ok; key, value, ok = m.next() {
		if err := f(key, value); err != nil {
			return err
		}
	}
	return m.err
}

func (m *merger) less(a, b *runReader) bool {
	if a.head != b.head {
		return a.head < b.head
	}
	if c := bytes.Compare(a.key, b.key); c != 0 {
		return c < 0
	}
	return a.number < b.number
}

// down moves element i to its place in the heap.
func (m *merger) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.heap) {
			return
		}
		if child+1 < len(m.heap) && m.less(m.heap[child+1], m.heap[child]) {
			child++
		}
		if !m.less(m.heap[child], m.heap[i]) {
			return
		}
		m.heap[i], m.heap[child] = m.heap[child], m.heap[i]
		i = child
	}
}

// step moves to the next pair of the run; false at its end or with an error.
func (r *runReader) step(err *error) bool {
	if r.held != nil {
		if r.next == len(r.held.items) {
			return false
		}
		r.key, r.value, _, _ = readPair(r.held.bytes[r.held.items[r.next].at:])
		r.head = r.held.items[r.next].head
		r.next++
		return true
	}
	var ok bool
	for {
		if r.key, r.value, r.rest, ok = readPair(r.rest); ok {
			r.head = keyHead(r.key)
			return true
		}
		if r.left == 0 && len(r.rest) == 0 {
			return false
		}
		if fail := r.fill(); fail != nil {
			*err = errors.Join(*err, fmt.Errorf("read a temporary file: %w", fail))
			return false
		}
	}
}

// fill reads on, in a larger buffer if a pair does not fit into this one.
func (r *runReader) fill() error {
	if r.left == 0 {
		return io.ErrUnexpectedEOF
	}
	if len(r.rest) == len(r.buf) {
		r.buf = make([]byte, 2*len(r.buf))
	}
	n := copy(r.buf, r.rest)
	want := r.buf[n:]
	if int64(len(want)) > r.left {
		want = want[:r.left]
	}
	if _, err := r.file.ReadAt(want, r.at); err != nil {
		return err
	}
	r.at += int64(len(want))
	r.left -= int64(len(want))
	r.rest = r.buf[:n+len(want)]
	return nil
}
