package backend

// Cutting LDIF text into blocks of whole records, which can then be read by
// several goroutines at once. A blank line ends a record wherever it stands
// (nothing is folded across one), so any blank line is a place to cut.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	blockSize = 256 << 10
	// maxBlock bounds a record: bbolt takes values of up to 2 GiB, and memory
	// for one must be had several times over.
	maxBlock = 512 << 20
)

// textBlock is a part of the input.
type textBlock struct {
	number int // of the block, from 0
	line   int // lines of the input before it
	data   []byte
}

// splitter reads an input block by block. The memory of a block is given back
// with recycle.
type splitter struct {
	src   io.Reader
	size  int    // of a block at least
	rest  []byte // read, and part of the next block
	line  int
	next  int
	bytes int64
	ended bool
	free  chan []byte
	tail  []byte // the last bytes of the input so far, at most tailSize
}

// tailSize is enough for the last comment of a dump.
const tailSize = 512

func newSplitter(src io.Reader, blocks int) *splitter {
	return &splitter{src: src, size: blockSize, free: make(chan []byte, blocks)}
}

func (s *splitter) recycle(b *textBlock) {
	if cap(b.data) > 4*blockSize {
		return
	}
	select {
	case s.free <- b.data[:0]:
	default:
	}
}

func (s *splitter) memory() []byte {
	select {
	case b := <-s.free:
		return b
	default:
		return make([]byte, 0, 2*blockSize)
	}
}

// block gives the next block; nil at the end of the input and with an error.
func (s *splitter) block() (*textBlock, error) {
	buf := append(s.memory(), s.rest...)
	s.rest = s.rest[:0]
	searched := 0 // no cut before
	for !s.ended {
		if len(buf) >= s.size {
			if cut := lastCut(buf, searched); cut > 0 {
				s.rest = append(s.rest, buf[cut:]...)
				buf = buf[:cut]
				break
			}
			searched = max(len(buf)-3, 0)
			if len(buf) >= maxBlock {
				return nil, fmt.Errorf("read the input: no blank line in %d bytes from line %d on: this is no LDIF", len(buf), s.line+1)
			}
		}
		var err error
		if buf, err = s.fill(buf); err != nil {
			return nil, err
		}
	}
	if len(buf) == 0 {
		return nil, nil
	}
	b := &textBlock{number: s.next, line: s.line, data: buf}
	s.next++
	s.line += bytes.Count(buf, []byte{'\n'})
	s.tail = append(s.tail, buf[max(0, len(buf)-tailSize):]...)
	s.tail = s.tail[max(0, len(s.tail)-tailSize):]
	return b, nil
}

// fill appends what one read gives.
func (s *splitter) fill(buf []byte) ([]byte, error) {
	if cap(buf)-len(buf) < blockSize/4 {
		buf = append(make([]byte, 0, 2*cap(buf)), buf...)
	}
	n, err := s.src.Read(buf[len(buf):cap(buf)])
	if n < 0 || n > cap(buf)-len(buf) {
		return nil, errors.New("read the input: the source gave an impossible count")
	}
	buf = buf[:len(buf)+n]
	s.bytes += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		s.ended = true
	case err != nil:
		return nil, fmt.Errorf("read the input behind line %d: %w", s.line+bytes.Count(buf, []byte{'\n'}), err)
	}
	return buf, nil
}

// lastCut is the place behind the last blank line of buf that begins at or
// after from; 0 if there is none. A line end may be CR LF.
func lastCut(buf []byte, from int) int {
	for end := len(buf); ; {
		i := bytes.LastIndexByte(buf[from:end], '\n')
		if i < 0 {
			return 0
		}
		i += from
		before := i
		if before > 0 && buf[before-1] == '\r' {
			before--
		}
		if before > 0 && buf[before-1] == '\n' {
			return i + 1
		}
		end = i
	}
}
