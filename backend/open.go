package backend

// Opening and making the file, with a clear sentence for each way it can fail.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

const (
	lockTimeout = time.Second
	fileMode    = 0o600 // the store holds password values
	dirMode     = 0o700
	newSuffix   = ".new"
)

// mapSizes are tried in turn. The file cannot grow beyond its map: growing the
// map would have to wait for the snapshot, which is always open. A large map
// costs address space alone, which some machines limit.
var mapSizes = [...]int{64 << 30, 8 << 30, 1 << 30}

// opened is an open file and its inspection, which is complete but if later is
// set.
type opened struct {
	db    *bbolt.DB
	file  *os.File // that of db
	found *inspection
	later bool
}

// openFile opens an existing store. It holds the file's lock (shared) while it
// looks at the pages, because bbolt would end the process on damaged ones that it
// reads when it opens the file: without a list of the free pages that is all.
func openFile(path string, o *Options) (file *opened, err error) {
	if err := recognise(path, o.Log); err != nil {
		return nil, err
	}
	if err := restore(path, o); err != nil {
		return nil, err
	}
	file = &opened{}
	if file.db, file.file, err = openBolt(path, true); err != nil {
		return nil, err
	}
	if file.found, err = inspectFile(path); err != nil {
		return nil, errors.Join(err, file.db.Close())
	}
	if err := file.agrees(path); err != nil {
		return nil, errors.Join(err, file.close())
	}
	if o.WalkLater && !o.ReadOnly {
		if file.later = file.found.closedInOrder(); !file.later {
			o.Log.Info("the store was not closed in order: all of it is read before it is served", "path", path)
		}
	}
	if err := file.look(); err != nil {
		return nil, errors.Join(damagedFile(path, err), file.close())
	}
	if o.ReadOnly {
		return file, nil
	}
	if err := file.db.Close(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), file.found.close())
	}
	if file.db, file.file, err = openBolt(path, false); err != nil {
		return nil, errors.Join(err, file.found.close())
	}
	if err := file.agrees(path); err != nil {
		return nil, errors.Join(err, file.close())
	}
	return file, nil
}

// agrees makes sure that bbolt has the state open that was inspected.
func (f *opened) agrees(path string) error {
	tx, err := f.db.Begin(false)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	id := uint64(tx.ID())
	if err := tx.Rollback(); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if !f.found.current(path) || id != f.found.meta.txid {
		return fmt.Errorf("%w: %s: another program has changed it while it was being opened", ErrLocked, path)
	}
	return nil
}

// look inspects what must be in order when the file is opened for writing and
// the first request is answered.
func (f *opened) look() error {
	if !f.later {
		return f.found.all()
	}
	for _, step := range [...]func() error{
		f.found.sane,
		func() error { return f.found.bucket(bucketMeta) },
		func() error { return f.found.branches(bucketEntries) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (f *opened) close() error { return errors.Join(f.found.close(), f.db.Close()) }

// recognise looks at the first bytes before anything else touches the file.
func recognise(path string, log *slog.Logger) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s: set this server up with utconfig, or load a dump with utldif2ldbm -c", ErrNotThere, path)
	}
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%w: %s is a folder: name the id2entry.dbb in it", ErrForeign, path)
	}
	head := make([]byte, pageHeader+metaSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("open store: %w", err)
	}
	if isBerkeley(head[:n]) {
		return fmt.Errorf("%w: %s is a Berkeley DB file, probably of the original data store: load it with utldif2ldbm -c -i", ErrForeign, path)
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil {
		return nil // who has it may be writing: what is read does not belong together
	}
	meta, both, err := newestMeta(f)
	if errors.Is(err, errBothDamaged) {
		return damagedFile(path, err)
	}
	if err != nil {
		return foreign(path, head[:n], err)
	}
	if !both && !takenBack(f, meta) {
		log.Warn("one of the two meta pages of the store is damaged: after a crash nothing is missing, otherwise the last commit may be", "path", path)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	if err := meta.fits(info.Size()); err != nil {
		return damagedFile(path, err)
	}
	return nil
}

// foreign is the error for a file that has none of a store's meta pages.
func foreign(path string, head []byte, err error) error {
	switch {
	case len(head) == 0:
		return fmt.Errorf("%w: %s is empty: put a copy in its place, or load a dump with utldif2ldbm -c", ErrForeign, path)
	case ldifBegins.Match(head):
		return fmt.Errorf("%w: %s is LDIF: utldif2ldbm -c -i loads it", ErrForeign, path)
	}
	return fmt.Errorf("%w: %s: %w: if it was one, put a copy in its place, or load a dump", ErrForeign, path, err)
}

// ldifBegins knows the first line of a dump: a comment, a version, an id or a dn.
var ldifBegins = regexp.MustCompile(`^(# |version:|\d{1,20}\r?\n|dn:)`)

// damagedFile is the error for a store that must not be opened.
func damagedFile(path string, err error) error {
	var damage *DamageError
	if !errors.As(err, &damage) {
		err = &DamageError{Bucket: wholeFile, What: err.Error()}
	}
	return fmt.Errorf("store %s: %w: put a copy in its place, or load a dump", path, err)
}

// isBerkeley knows the magic numbers of Berkeley DB btree and hash files, in
// either byte order, of version 1 (at the start) and later (at 12).
func isBerkeley(head []byte) bool {
	for _, at := range [...]int{0, 12} {
		if len(head) < at+4 {
			break
		}
		switch native.Uint32(head[at:]) {
		case 0x053162, 0x62310500, 0x061561, 0x61150600:
			return true
		}
	}
	return false
}

// openBolt opens the file with bbolt, with the largest map that can be had.
// bbolt answers some damage with a panic, which becomes an error.
func openBolt(path string, readOnly bool) (db *bbolt.DB, file *os.File, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db, file, err = nil, nil, damagedFile(path, fmt.Errorf("%v", p))
		}
	}()
	for _, size := range mapSizes {
		db, err = bbolt.Open(path, fileMode, &bbolt.Options{
			Timeout:         lockTimeout,
			ReadOnly:        readOnly,
			NoFreelistSync:  true,
			FreelistType:    bbolt.FreelistArrayType,
			InitialMmapSize: size,
			MaxSize:         size,
			NoSync:          sabotageNoSync,
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				var err error
				file, err = os.OpenFile(name, flag, mode)
				return file, err
			},
		})
		switch {
		case err == nil:
			return db, file, nil
		case errors.Is(err, berrors.ErrTimeout):
			return nil, nil, lockedFile(path)
		case errors.Is(err, fs.ErrPermission):
			return nil, nil, fmt.Errorf("open store: %w", err)
		}
	}
	return nil, nil, fmt.Errorf("open store %s: %w", path, err)
}

// lockedFile is the error for a store that another program has open.
func lockedFile(path string) error {
	return fmt.Errorf("%w: %s: stop the server that serves it with utstop, or ask that server instead", ErrLocked, path)
}

// createFile makes a store with the given first content. It is there as a
// whole or not at all: it is made under another name and renamed.
func createFile(path string, fill func(*bbolt.Tx) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create store: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("create store: %w", err)
	}
	work := path + newSuffix
	if err := os.Remove(work); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create store: %w", err)
	}
	db, _, err := openBolt(work, false)
	if err != nil {
		return err
	}
	db.NoFreelistSync = false // see keepFreelist
	if err := errors.Join(os.Chmod(work, fileMode), db.Update(fill), db.Close()); err != nil {
		return fmt.Errorf("create store: %w", errors.Join(err, os.Remove(work)))
	}
	if err := os.Rename(work, path); err != nil {
		return fmt.Errorf("create store: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
