// Physical lines to logical ones: unfolding, comments, line ends, BOM.

package ldif

import (
	"bytes"
	"errors"
	"io"
)

const (
	readSize      = 64 << 10
	maxKeptLine   = 4 << 20 // a longer scratch line is given back after use
	maxEmptyReads = 100
)

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	errReadCount  = errors.New("source returned an impossible count")
)

// lineScanner gives one logical line after the other. A line that lies whole
// in the buffer and is not folded is not copied.
type lineScanner struct {
	src    io.Reader
	srcErr error // what the source ended with; io.EOF is the good end
	buf    []byte
	pos    int // buf[pos:end] is unread
	end    int
	limit  int  // longest logical line kept; 0 is no limit
	begun  bool // the place of a byte order mark is past
	pushed bool // the next call of next gives cur once more

	cur   []byte // the logical line, valid until the next call; empty is a blank line
	start int    // its first physical line, from 1
	num   int    // physical lines consumed
	over  bool   // cur was cut at limit
	long  []byte // memory of lines that had to be put together
}

func (s *lineScanner) reset(src io.Reader) {
	if s.buf == nil {
		s.buf = make([]byte, readSize)
	}
	*s = lineScanner{src: src, buf: s.buf, long: s.long}
}

// failed is the source's error, nil at a good end.
func (s *lineScanner) failed() error {
	if s.srcErr == io.EOF {
		return nil
	}
	return s.srcErr
}

// push makes next give the current line again.
func (s *lineScanner) push() { s.pushed = true }

// next moves to the next logical line that is no comment. It is false at the
// end of the input and when the source failed. A blank line is given without
// looking at what follows it, so a record typed at a terminal is complete at
// its blank line.
func (s *lineScanner) next() bool {
	if s.pushed {
		s.pushed = false
		return true
	}
	if !s.begun {
		s.skipMark()
	}
	for {
		s.start, s.over = s.num+1, false
		if s.pos == s.end && !s.fill() {
			s.cur = nil
			return false
		}
		if s.buf[s.pos] == '#' {
			s.skipComment()
			continue
		}
		rest := s.buf[s.pos:s.end]
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return s.join()
		}
		line := rest[:i]
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		if len(line) > 0 && (i+1 == len(rest) || isFold(rest[i+1])) {
			return s.join()
		}
		s.cur = line
		s.pos += i + 1
		s.num++
		return true
	}
}

// join puts a folded line, or one across buffers, together in s.long.
func (s *lineScanner) join() bool {
	if cap(s.long) > maxKeptLine {
		s.long = nil
	}
	s.long = s.long[:0]
	s.take(true)
	// A "\r\n" cut by the end of the buffer is a blank line like any other.
	if len(s.long) > 0 {
		for s.foldFollows() {
			s.pos++
			s.take(true)
		}
	}
	s.cur = s.long
	return s.failed() == nil
}

func (s *lineScanner) skipComment() {
	s.take(false)
	for s.foldFollows() {
		s.take(false)
	}
}

// foldFollows tells whether the next physical line continues the last.
func (s *lineScanner) foldFollows() bool {
	return (s.pos < s.end || s.fill()) && isFold(s.buf[s.pos])
}

// take consumes the rest of a physical line and, if asked, appends it to
// s.long without its end.
func (s *lineScanner) take(keep bool) {
	from := len(s.long)
	for s.pos < s.end || s.fill() {
		rest := s.buf[s.pos:s.end]
		i := bytes.IndexByte(rest, '\n')
		if i >= 0 {
			rest = rest[:i]
			s.pos++
		}
		s.pos += len(rest)
		if keep {
			s.keep(rest)
		}
		if i >= 0 {
			break
		}
	}
	s.num++
	if n := len(s.long); n > from && s.long[n-1] == '\r' {
		s.long = s.long[:n-1]
	}
}

func (s *lineScanner) keep(part []byte) {
	if room := s.limit - len(s.long); s.limit > 0 && len(part) > room {
		part = part[:room]
		s.over = true
	}
	s.long = append(s.long, part...)
}

// skipMark passes over a UTF-8 byte order mark at the start of the input.
func (s *lineScanner) skipMark() {
	s.begun = true
	for s.end < len(byteOrderMark) && s.read() {
	}
	if bytes.HasPrefix(s.buf[:s.end], byteOrderMark) {
		s.pos = len(byteOrderMark)
	}
}

// fill reads into the emptied buffer.
func (s *lineScanner) fill() bool {
	s.pos, s.end = 0, 0
	return s.read()
}

// read appends to the buffer; false when nothing more comes.
func (s *lineScanner) read() bool {
	for range maxEmptyReads {
		if s.srcErr != nil {
			return false
		}
		n, err := s.src.Read(s.buf[s.end:])
		if n < 0 || n > len(s.buf)-s.end {
			n, err = 0, errReadCount
		}
		s.end += n
		s.srcErr = err
		if n > 0 {
			return true
		}
	}
	if s.srcErr == nil {
		s.srcErr = io.ErrNoProgress
	}
	return false
}

func isFold(c byte) bool { return c == ' ' || c == '\t' }
