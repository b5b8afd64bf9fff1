// spool.go: between the store and a slow reader.

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool takes a dump as fast as it is made. A file takes it as fast; for a pipe
// or a terminal it is kept in a file without a name, beside the store where there is
// room for it, until the server is no longer asked to hold its state.
type spool struct {
	direct io.Writer // nil: it is kept
	dir    string
	out    io.Writer
	temp   *os.File
	buf    *bufio.Writer
}

func newSpool(out io.Writer, f *os.File, dir string) *spool {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return &spool{direct: out}
	}
	return &spool{out: out, dir: dir}
}

// Write takes part of the dump.
func (s *spool) Write(p []byte) (int, error) {
	if s.direct != nil {
		return s.direct.Write(p)
	}
	if s.temp == nil {
		f, err := os.CreateTemp(s.dir, ".utldbmcat-*") // mode 0600
		if err != nil {
			return 0, fmt.Errorf("make a temporary file: %w", err)
		}
		if err := os.Remove(f.Name()); err != nil {
			return 0, errors.Join(err, f.Close())
		}
		s.temp, s.buf = f, bufio.NewWriterSize(f, outBuffer)
	}
	return s.buf.Write(p)
}

// copy passes on what is kept.
func (s *spool) copy() error {
	if s.temp == nil {
		return nil
	}
	if err := s.buf.Flush(); err != nil {
		return fmt.Errorf("write to a temporary file: %w", err)
	}
	if _, err := s.temp.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(s.out, s.temp); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	return nil
}

func (s *spool) close() error {
	if s.temp == nil {
		return nil
	}
	return s.temp.Close()
}
