package backend

// Dumps: one state of a store as LDIF, read from its file.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"github.com/sunray-ds/utdsd/schema"
)

// DumpOptions say what a dump looks like.
type DumpOptions struct {
	// NoIDs leaves the id lines out, NoComments the comments at the beginning
	// and the end: other programs know neither.
	NoIDs      bool
	NoComments bool
	Jobs       int // goroutines that make text; 1
	// Confirm is asked when all entries are written, before the last line: an
	// error tells that what was read cannot be trusted. nil asks nobody.
	Confirm  func() error
	Progress func(entries, total uint64)
}

// State is one state of a store's file, open for reading. It needs no schema.
type State struct {
	file    *os.File
	pages   *pageReader
	root    uint64
	head    dumpHeader
	state   state
	entries pageBucket
	names   pageBucket
}

// OpenState opens the store at path as it is on the disk. ErrLocked tells that
// a server has it open (ask that one for a Pin); no server can open it until Close.
func OpenState(path string) (*State, error) {
	if err := recognise(path, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrLocked, path), f.Close())
	}
	meta, _, err := newestMeta(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", ErrForeign, path, err), f.Close())
	}
	return openState(path, f, meta)
}

// openState reads what a state knows about itself. It takes over f.
func openState(path string, f *os.File, meta boltMeta) (s *State, err error) {
	pages, err := mapPages(f, meta)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), f.Close())
	}
	s = &State{file: f, pages: pages, root: meta.root}
	if err := s.readMeta(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), s.Close())
	}
	return s, nil
}

// Close ends the reading.
func (s *State) Close() error { return errors.Join(s.pages.close(), s.file.Close()) }

// Entries is how many entries there are.
func (s *State) Entries() uint64 { return s.state.entries }

// Position is that of the state.
func (s *State) Position() schema.Position { return s.head.position }

// readMeta reads the meta bucket and finds the others.
func (s *State) readMeta() (err error) {
	defer s.pages.guard(debugFaults(), &err)
	bucket, err := s.pages.bucket(s.root, bucketMeta)
	if err != nil {
		return err
	}
	sealed := newSeal(bucketMeta)
	get := func(name string) ([]byte, error) {
		value, _, err := s.pages.get(bucket, []byte(name))
		if err != nil {
			return nil, err
		}
		return sealed.open([]byte(name), value)
	}
	version, err := get(metaFormat)
	if err != nil {
		return err
	}
	if len(version) != 1 || version[0] != formatVersion {
		return fmt.Errorf("%w: its format is version %d and this program reads version %d", ErrForeign, version, formatVersion)
	}
	suffix, err := get(metaSuffix)
	if err != nil {
		return err
	}
	epochs, err := get(metaEpochs)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(epochs, &s.head.epochs); err != nil || len(s.head.epochs) == 0 {
		return sealed.damage([]byte(metaEpochs), "not a list of epochs")
	}
	text, err := get(metaState)
	if err != nil {
		return err
	}
	var ok bool
	if s.state, ok = readState(text); !ok {
		return sealed.damage([]byte(metaState), "not a state")
	}
	s.head.suffix = string(suffix)
	s.head.position = schema.Position{Epoch: s.head.epochs[len(s.head.epochs)-1].ID, Seq: s.state.seq, Hash: s.state.hash}
	if s.entries, err = s.pages.bucket(s.root, bucketEntries); err != nil {
		return err
	}
	s.names, err = s.pages.bucket(s.root, bucketNames)
	return err
}

// errOtherEntries tells of entries that are all there and not what was written.
func errOtherEntries() error {
	return &DamageError{Bucket: bucketEntries, What: "the entries are not those of the state hash"}
}

// WriteLDIF writes all entries, each behind its superior, in the order of their
// names, with all attributes as they are stored. The same state gives the same
// bytes. The first comment tells the position and the state hash, the last line
// how many entries there are; it is missing in a dump that is not complete. The
// number of entries written comes with any error.
func (s *State) WriteLDIF(ctx context.Context, w io.Writer, o DumpOptions) (entries uint64, err error) {
	d := newDump(s, w, o)
	head := s.head.untouched()
	if !o.NoComments {
		if err := d.comment(head.text()); err != nil {
			return 0, err
		}
	}
	if err := d.run(ctx); err != nil {
		return d.written, err
	}
	if d.written != s.state.entries {
		return d.written, &DamageError{Bucket: bucketNames, What: fmt.Sprintf("has %d names for %d entries", d.written, s.state.entries)}
	}
	if d.hash != s.state.hash {
		return d.written, errOtherEntries()
	}
	if o.Confirm != nil {
		if err := o.Confirm(); err != nil {
			return d.written, err
		}
	}
	if !o.NoComments {
		err = d.write([]byte(head.end(d.written)))
	}
	return d.written, err
}
