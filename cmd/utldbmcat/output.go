// output.go: where the dump goes, and that nobody else can read it there.

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	secretMode = 0o600
	othersMask = 0o077
	outBuffer  = 64 << 10 // less than most parts of a dump, which need not be copied into it
	flushPart  = 4 << 20
)

// output gives write the place for the dump. A file by name appears only when
// write has succeeded and all is on disk.
func (d *dump) output(ctx context.Context, write func(*file) error) error {
	// A reader that is gone becomes an error of the write, and a sentence.
	signal.Ignore(syscall.SIGPIPE)
	if d.file != "" {
		return d.toFile(write)
	}
	if err := d.closeToOthers(); err != nil {
		return err
	}
	return buffered(d.out, &endable{ctx, d.out}, write)
}

// endable is an output whose reader may never read: a write is not waited for any
// more when ctx has ended.
type endable struct {
	ctx context.Context
	f   *os.File
}

// Write takes part of the dump. What is in p must not change any more after an
// error.
func (e *endable) Write(p []byte) (n int, err error) {
	if e.ctx.Err() != nil {
		return 0, context.Cause(e.ctx)
	}
	written := make(chan struct{})
	var size int
	var fault error
	go func() {
		defer close(written)
		size, fault = e.f.Write(p)
	}()
	select {
	case <-written:
		return size, fault
	case <-e.ctx.Done():
		return 0, context.Cause(e.ctx)
	}
}

// file is where a dump goes, with a buffer.
type file struct {
	*bufio.Writer
	f *os.File
}

// flushed is a file of which the kernel begins to write each part to the disk as
// it comes, so that the sync at the end has less to wait for.
type flushed struct {
	*os.File
	begun, at int64 // begun: of these bytes
}

// Write takes part of the dump. That the kernel begins is no promise, so its
// error says nothing.
func (f *flushed) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if f.at += int64(n); f.at-f.begun >= flushPart {
		_ = unix.SyncFileRange(int(f.Fd()), f.begun, f.at-f.begun, unix.SYNC_FILE_RANGE_WRITE)
		f.begun = f.at
	}
	return n, err
}

func buffered(f *os.File, out io.Writer, write func(*file) error) error {
	w := &file{bufio.NewWriterSize(out, outBuffer), f}
	if err := write(w); err != nil {
		if fault := w.Flush(); fault != nil && !errors.Is(err, fault) { // what there is may help somebody
			err = errors.Join(err, fault)
		}
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	return nil
}

// toFile writes to a file beside the one that is wanted, and renames it.
func (d *dump) toFile(write func(*file) error) (err error) {
	dir := filepath.Dir(d.file)
	if info, err := os.Stat(d.file); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file; without -o the dump goes to standard output", d.file)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(d.file)+".*") // mode 0600, less the umask
	if err != nil {
		var place *fs.PathError // with the name of a file that nobody has asked for
		if errors.As(err, &place) {
			err = place.Err
		}
		return &outputError{dir, err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
			if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	if err := f.Chmod(secretMode); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	if err := buffered(f, &flushed{File: f}, write); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	if err := os.Rename(f.Name(), d.file); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	return errors.Join(f.Close(), folder.Sync(), folder.Close())
}

// closeToOthers looks whether standard output is a file that others can read,
// says so and takes their rights away, before there is anything in it.
func (d *dump) closeToOthers() error {
	info, err := d.out.Stat()
	if err != nil {
		return fmt.Errorf("look at standard output: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&othersMask == 0 {
		return nil
	}
	const what = "utldbmcat: the output file can be read or written by others (mode %04o) and the dump holds passwords; "
	if err := d.out.Chmod(secretMode); err != nil {
		_, err = fmt.Fprintf(d.errOut, what+"its mode cannot be changed: take care of it\n", info.Mode().Perm())
		return err
	}
	_, err = fmt.Fprintf(d.errOut, what+"its mode is now 0600\n", info.Mode().Perm())
	return err
}
