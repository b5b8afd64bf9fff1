package backend

// The list of free pages, which bbolt keeps in a page of its own. It is written
// when a store is closed and not while it is open, so it tells that the store
// was closed in order and that nothing was written since. bbolt believes it: a
// page that is listed though it is in use would be written over.

import "fmt"

const (
	freeEntry = 8      // bytes of a page number in the list
	manyFree  = 0xFFFF // as the count of the page: the first number is the count
)

// listed tells whether the file has a list of free pages.
func (m boltMeta) listed() bool { return m.freelist != noFreelist }

// freePages calls f with all numbers of the list of free pages. The error, but
// for that of f, tells that the list is not one: numbers ascend and are inside of
// the file.
func (v *inspection) freePages(f func(id uint64) error) error {
	at := v.meta.freelist
	p, err := v.pages.page(at)
	if err != nil {
		return err
	}
	if native.Uint16(p[8:]) != freePage {
		return v.pages.err.bad(at, "no list of free pages")
	}
	count, list := uint64(native.Uint16(p[10:])), p[pageHeader:]
	if count == manyFree {
		count, list = native.Uint64(list), list[freeEntry:]
	}
	if count > uint64(len(list))/freeEntry {
		return v.pages.err.bad(at, "the list of free pages is longer than its page")
	}
	last := uint64(firstPage - 1)
	for ; count > 0; count, list = count-1, list[freeEntry:] {
		id := native.Uint64(list)
		if id <= last || id >= v.meta.pages {
			return v.pages.err.bad(at, fmt.Sprintf("page %d is out of place in the list of free pages", id))
		}
		if last = id; f != nil {
			if err := f(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// sane looks at the list of free pages as far as bbolt needs it to be in order
// when it opens the file.
func (v *inspection) sane() error {
	return v.guarded(func() error { return v.freePages(nil) })
}

// unused makes sure that no free page, and no page of the list itself, is in use.
// All buckets have been walked.
func (v *inspection) unused() error {
	if !v.meta.listed() {
		return nil
	}
	return v.guarded(func() error {
		p, err := v.pages.page(v.meta.freelist)
		if err != nil {
			return err
		}
		free := func(id uint64) error {
			if !v.seen.add(id) {
				return v.pages.err.bad(id, "free and in use")
			}
			return nil
		}
		for n := range uint64(len(p)) / v.pages.size {
			if err := free(v.meta.freelist + n); err != nil {
				return err
			}
		}
		return v.freePages(free)
	})
}

// keepFreelist writes the list of free pages, so that the next opening need not
// look for them. Readers and writer have ended. It adds nothing to what is
// durable already, and the file is good without it: that it fails is no error.
func (s *Store) keepFreelist() {
	if s.writer == nil || s.failed.Load() {
		return
	}
	tx, err := s.commits.reuse.begin(s.db, true)
	if err != nil {
		s.opts.Log.Warn("closing the store", "error", err)
		return
	}
	if s.opened.listed() && uint64(tx.ID()) == s.opened.txid+1 {
		tx.Rollback() // nothing was written
		return
	}
	s.db.NoFreelistSync = false // bbolt looks at it in Commit
	durable, err := s.writeTx(tx, true)
	if err == nil {
		err = durable()
	}
	if err != nil {
		s.opts.Log.Warn("the store is closed without a list of its free pages: the next start reads all of it first", "error", err)
	}
}
