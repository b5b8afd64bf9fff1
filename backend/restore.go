package backend

// What is done to a file that was not closed in order, before bbolt sees it.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockRetry is how long the next attempt to lock a file is waited for.
const lockRetry = 10 * time.Millisecond

// restore takes back the last commit of the store at path if it was not completed:
// nobody was told of it, unless the disk has damaged it. bbolt, which knows nothing
// of proofs, would believe its meta page.
//
// If the store is to be changed, a commit that was completed is written once more:
// its flush may have failed, and then the kernel gives its pages to all who read
// them until it forgets them. Each commit before it was flushed without an error, or
// there would be none behind it. From then on it is believed without its pages, and
// what is committed behind it need not have a proof: to make an index, for instance.
func restore(path string, o *Options) error {
	var cut, again bool
	err := withMetas(path, os.O_RDONLY, func(_ *os.File, m *metas, unproven bool) error {
		cut, again = unproven, !o.ReadOnly && !m[0].meta.listed()
		return nil
	})
	if err != nil || !cut && !again {
		return err
	}
	err = withMetas(path, os.O_RDWR, func(f *os.File, m *metas, unproven bool) error {
		last := &m[0]
		if unproven {
			last = &m[1]
			if _, err := f.WriteAt(make([]byte, m[0].meta.pageSize), m[0].at); err != nil {
				return err
			}
			o.Log.Warn("the last commit of the store is not whole and is taken back: if a crash has cut it short, nobody was told of it; "+
				"if the disk has damaged it since, a change is lost", "path", path)
		} else if err := last.writeAgain(f); err != nil {
			return err
		}
		if err := f.Sync(); err != nil || o.ReadOnly || !last.proven || last.proof.kind == provesEnd {
			return err
		}
		return last.end(f)
	})
	if cut && errors.Is(err, ErrLocked) {
		return fmt.Errorf("%w: %s: its last commit was cut short and another program reads it: ask again when that has ended", ErrLocked, path)
	}
	if cut && errors.Is(err, fs.ErrPermission) || cut && errors.Is(err, unix.EROFS) {
		return fmt.Errorf("open store: %w: its last commit was cut short, and whoever opens it next must be able to write to it", err)
	}
	return err
}

// withMetas calls f with the meta pages of the store at path, which is locked
// meanwhile: what a server writes in between does not belong together.
func withMetas(path string, flag int, f func(file *os.File, m *metas, unproven bool) error) (err error) {
	file, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
	}()
	how := unix.LOCK_SH
	if flag != os.O_RDONLY {
		how = unix.LOCK_EX
	}
	if err := lockFile(file, path, how); err != nil {
		return err
	}
	m, err := readMetas(file)
	if err != nil {
		return damagedFile(path, err)
	}
	unproven, err := m.unproven(file)
	if err != nil {
		return damagedFile(path, err)
	}
	if err := f(file, &m, unproven); err != nil {
		return fmt.Errorf("complete the last commit of %s: %w", path, err)
	}
	return nil
}

// lockFile locks as bbolt does, and waits as long.
func lockFile(file *os.File, path string, how int) error {
	for until := time.Now().Add(lockTimeout); ; time.Sleep(lockRetry) {
		err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: %w", path, err)
		}
		if time.Now().After(until) {
			return lockedFile(path)
		}
	}
}

// writeAgain writes the pages of the commit, and its meta page, as they are.
func (m *metaFound) writeAgain(f *os.File) error {
	write := func(at int64, page []byte) error {
		_, err := f.WriteAt(page, at)
		return err
	}
	if err := m.proof.each(f, m.meta, write); err != nil {
		return err
	}
	page := make([]byte, m.meta.pageSize)
	if _, err := f.ReadAt(page, m.at); err != nil {
		return err
	}
	return write(m.at, page)
}

// end gives a commit that is durable the proof with which a store is closed. It is
// shorter than a sector, in which bbolt's bytes are, too: all of it is there or
// nothing.
func (m *metaFound) end(f *os.File) error {
	meta := make([]byte, pageHeader+metaSize)
	if _, err := f.ReadAt(meta, m.at); err != nil {
		return err
	}
	p := proof{kind: provesEnd, txid: m.meta.txid}
	if _, err := f.WriteAt(p.append(nil, meta), m.at+proofAt); err != nil {
		return err
	}
	return f.Sync()
}
