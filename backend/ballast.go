package backend

// The ballast: a file beside the store that keeps room on its disk for the day
// on which that is full. Then it is given up, so that entries can be deleted.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	ballastSuffix = ".ballast"
	// ballastShare bounds the ballast on a small disk: one part in so many.
	ballastShare = 64
	// ballastRetry is how long making it is not tried again after it has failed
	// although there seemed to be room: a quota, say.
	ballastRetry = time.Minute
)

// ballast belongs to the writer at its path: one store after the other has it, from
// the first change on.
type ballast struct {
	path   string
	wanted int64 // Options.Ballast
	log    *slog.Logger
	held   atomic.Int64 // bytes in the file; for the metric, which others read
	size   int64        // wanted, as far as the disk is large enough; 0 before it is known
	failed time.Time    // when making it has last failed
}

// take makes the ballast, if it is not there from the time before and there is
// room for twice as much: it must not be what fills the disk. That it cannot be
// made is logged and no error.
func (b *ballast) take() {
	switch {
	case b.wanted < 0 && b.size == 0: // perhaps there was one with other settings
		b.size = b.wanted
		if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.log.Warn("cannot remove the ballast", "path", b.path, "error", err)
		}
		return
	case b.wanted <= 0 || b.held.Load() > 0 || time.Since(b.failed) < ballastRetry:
		return
	}
	level := slog.LevelDebug // at the start that it is there is nothing to tell
	if b.size > 0 {
		level = slog.LevelInfo
	}
	free, total, err := diskRoom(b.path)
	if err == nil {
		b.size = min(b.wanted, total/ballastShare)
		if b.there() {
			b.held.Store(b.size)
			return
		}
		if free < 2*b.size {
			return
		}
		err = b.make()
	}
	if err != nil {
		b.failed = time.Now()
		b.log.Warn("there is no ballast: on a full disk nothing can be deleted", "path", b.path, "error", err)
		return
	}
	b.held.Store(b.size)
	b.log.Log(context.Background(), level, "the ballast is in its place: room to delete entries on a full disk", "path", b.path, "bytes", b.size)
}

// there tells whether the file has the blocks that it should have, and cuts off
// what is beyond them.
func (b *ballast) there() bool {
	var st unix.Stat_t
	if unix.Lstat(b.path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Blocks*512 < b.size {
		return false
	}
	return st.Size <= b.size || os.Truncate(b.path, b.size) == nil
}

// make writes the file. Blocks are what it is for, so it must not be sparse.
func (b *ballast) make() (err error) {
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	for {
		err = unix.Fallocate(int(f.Fd()), 0, 0, b.size)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		err = fillZeros(f, b.size)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(b.path))
	}
	return nil
}

// fillZeros is for file systems that cannot set blocks aside.
func fillZeros(f *os.File, size int64) error {
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(int64(len(zeros)), size-at)]); err != nil {
			return err
		}
	}
	return nil
}

// give gives the room back to the disk, if there is any. Some file systems hand
// out freed blocks only when it is durable that they are free.
func (b *ballast) give() bool {
	if b.held.Swap(0) == 0 {
		return false
	}
	if err := errors.Join(os.Remove(b.path), syncDir(filepath.Dir(b.path))); err != nil {
		b.log.Error("cannot give up the ballast", "path", b.path, "error", err)
		return false
	}
	b.log.Error("the disk is full and the ballast is given up: entries can be deleted, what needs room is refused; make room on the disk",
		"path", b.path, "bytes", b.size)
	return true
}

// scarce tells that there is no ballast any more and less room than it had, which
// is for deleting alone.
func (b *ballast) scarce() bool {
	if b.wanted <= 0 || b.held.Load() > 0 {
		return false
	}
	free, _, err := diskRoom(b.path)
	return err == nil && free < b.size
}

// diskRoom is what this process may still write to the disk of a file in a folder
// that is there, and the size of the disk.
func diskRoom(path string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil {
		return 0, 0, fmt.Errorf("look for room on the disk: %w", err)
	}
	blocks := st.Bavail
	if os.Geteuid() == 0 {
		blocks = st.Bfree // what is kept back is kept for root
	}
	return int64(blocks) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}

// A change of an entry writes the pages that it stands on anew, in each bucket and
// index with the branches above: about so many, and those of long values.
const (
	pagesPerBatch  = 64
	pagesPerChange = 16
	pagesPerByte   = 3 // as a factor: the entry, its record in the log, an index
)

// pages is how many of them a change may need, amply.
func pages(c *schema.Change, size int) int {
	bytes := len(c.DN) + len(c.NewRDN) + len(c.NewSuperior)
	for _, a := range c.Attributes {
		for _, v := range a.Values {
			bytes += len(v)
		}
	}
	for _, m := range c.Mods {
		for _, v := range m.Values {
			bytes += len(v)
		}
	}
	return pagesPerChange + pagesPerByte*bytes/size
}

// admitted picks those of jobs that may be tried now. With room or ballast these
// are all. Else they are the deletes, and as many others as find room in the
// file's own free pages; the rest is answered with results. counted is how many of
// these pages the changes of the same transaction take.
func (w *writer) admitted(jobs []*job, results []schema.ChangeDone, counted *int) (picked []int) {
	b := w.s.lasting.ballast
	b.take()
	scarce := b.scarce()
	spare := 0
	if scarce {
		w.cramp()
		spare = w.s.commits.reuse.free(w.s.db) - pagesPerBatch - *counted
	}
	refused := false
	for i, j := range jobs {
		if scarce && j.change.Kind != schema.ChangeDelete {
			need := pages(j.change, w.s.db.Info().PageSize)
			if spare -= need; spare < 0 {
				results[i].Result, refused = *errFull(), true
				continue
			}
			*counted += need
		}
		picked = append(picked, i)
	}
	if refused {
		w.s.metrics.full.Inc()
		w.tellFull(errScarce)
	}
	return picked
}

var errScarce = errors.New("the room that is left is for deleting entries")

// deletes are those of the picked jobs that delete an entry.
func deletes(jobs []*job, picked []int) (list []int) {
	for _, i := range picked {
		if jobs[i].change.Kind == schema.ChangeDelete {
			list = append(list, i)
		}
	}
	return list
}
