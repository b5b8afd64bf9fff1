// input.go: what is read, whatever its form, as one stream of LDIF.

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// source is the input as LDIF.
type source struct {
	io.Reader
	name    string
	dialect backend.Dialect
	size    int64        // of the file, 0 if not known
	read    atomic.Int64 // bytes of the file
	pages   *pageInput   // an id2entry.dbb; else nil
	close   func() error
}

// counting counts what is read of the file itself.
type counting struct {
	*source
	from io.Reader
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read.Add(int64(n))
	return n, err
}

const peek = 512 // bytes in which a file shows what it is

// openSource opens the file, - for standard input. report is told what cannot
// be read of an id2entry.dbb.
func (r *restore) openSource() (*source, error) {
	f, s := os.Stdin, &source{name: "standard input"}
	if r.input != "-" {
		var err error
		if f, err = os.Open(r.input); err != nil {
			return nil, fmt.Errorf("open the input: %w", err)
		}
		s.name = r.input
	}
	s.close = f.Close
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder; name the file in it", s.name)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the input: %w", err), f.Close())
	}
	if info.Mode().IsRegular() {
		s.size = info.Size()
	}
	in := bufio.NewReaderSize(counting{s, f}, 64<<10)
	head, err := in.Peek(peek)
	if errors.Is(err, io.EOF) {
		err = nil // a short input, or none
	}
	switch {
	case err != nil:
		err = fmt.Errorf("read %s: %w", s.name, err)
	case bytes.HasPrefix(head, gzipMagic):
		s.Reader, err = newUnpacker(in, s.name)
	case backend.IsBerkeley(head):
		err = r.openPages(s, f)
	case backend.IsStore(head):
		err = fmt.Errorf("%s is a store of this program; make a dump of it with utldbmcat and load that", s.name)
	case r.salvage:
		err = r.openPages(s, f) // a file whose first page is lost
	default:
		s.Reader = in
		err = refuse(s.name, head)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// pageInput makes a stream of the entries of an id2entry.dbb, each with its id
// line, and knows which line is of which entry.
type pageInput struct {
	mu    sync.Mutex
	lines []int // first line of each entry
	ids   []uint64
	lost  int
}

// entryAt gives the id of the entry with this line of the stream, and the
// line of its text.
func (p *pageInput) entryAt(line int) (id uint64, within int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := sort.SearchInts(p.lines, line+1) - 1
	if i < 0 {
		return 0, line
	}
	return p.ids[i], line - p.lines[i] + 1
}

func (r *restore) openPages(s *source, f *os.File) error {
	if s.size == 0 {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return fmt.Errorf("%s is empty: there is nothing to salvage", s.name)
		}
		return fmt.Errorf("%s is to be read as a Berkeley DB file, which can only be done from a file, not from a pipe: save it first", s.name)
	}
	open := berkeley.Open
	if r.salvage {
		open = berkeley.OpenDamaged
	}
	file, err := open(f, s.size)
	if err != nil {
		hint := ""
		switch {
		case errors.Is(err, berkeley.ErrDamaged) && !r.salvage:
			hint = "; try -salvage"
		case errors.Is(err, berkeley.ErrNotBtree) && r.salvage:
			hint = ": -salvage is for damaged id2entry.dbb files of the original data store; load a dump without -salvage"
		}
		return fmt.Errorf("read %s: %w%s", s.name, err, hint)
	}
	r.tell(1, "%s is a %s", s.name, file)
	s.dialect, s.pages, s.size = backend.DialectAncestor, &pageInput{}, 0
	reader, writer := io.Pipe()
	s.Reader = reader
	var walking sync.WaitGroup
	walking.Go(func() { writer.CloseWithError(r.walk(s.pages, file, writer)) })
	closeFile := s.close
	s.close = func() error {
		err := reader.Close() // ends the walk
		walking.Wait()
		return errors.Join(err, closeFile())
	}
	return nil
}

// walk writes the entries of file to out.
func (r *restore) walk(p *pageInput, file *berkeley.File, out io.Writer) error {
	w := bufio.NewWriterSize(out, 256<<10)
	line := 1
	var id []byte
	each := func(n uint64, text []byte) error {
		p.mu.Lock()
		p.lines, p.ids = append(p.lines, line), append(p.ids, n)
		p.mu.Unlock()
		text = bytes.TrimRight(text, "\n")
		if n > 0 {
			id = append(strconv.AppendUint(id[:0], n, 10), '\n')
			_, _ = w.Write(id) // errors stick
			line++
		}
		_, _ = w.Write(text)
		_, err := w.WriteString("\n\n")
		line += bytes.Count(text, []byte{'\n'}) + 2
		return err
	}
	report := func(problem *berkeley.Problem) error {
		if problem.Severity != berkeley.Note {
			if r.strict {
				return problem
			}
			p.mu.Lock()
			p.lost++
			p.mu.Unlock()
		}
		r.complain("%v", problem)
		return nil
	}
	read := file.Entries
	if r.salvage {
		read = file.Salvage
	}
	if err := read(each, report); err != nil {
		return err
	}
	return w.Flush()
}
