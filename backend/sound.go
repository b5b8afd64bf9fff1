package backend

// What a store does with the inspection of its file while that is not complete.
//
// Readers wait for the buckets whose keys they rely upon, see sound. That is not
// needed to look an id up in id2entry: where dn2id or an index names an id, it is
// damage that there is no entry. Changes wait for all of it, so that none is
// acknowledged that is made on damaged pages, and no page is used again that the
// inspection has still to read.

import "errors"

// sound returns when the page tree of a bucket is known to be in order, at once
// if it is by now. The error is a *DamageError, or a *schema.Result if the store
// is being closed.
func (s *Store) sound(bucket string) error {
	v := s.pending.Load()
	if v == nil {
		return nil
	}
	err := v.bucket(bucket)
	if errors.Is(err, errStopped) {
		return errClosed()
	}
	return err
}

// soundAll is sound for all buckets.
func (s *Store) soundAll() error {
	v := s.pending.Load()
	if v == nil {
		return nil
	}
	for _, b := range v.order {
		if err := s.sound(b.name); err != nil {
			return err
		}
	}
	return nil
}

// settle completes the inspection.
func (s *Store) settle() error {
	v := s.pending.Load()
	if v == nil {
		return nil
	}
	if err := v.all(); err != nil {
		return err
	}
	s.pending.Store(nil)
	return v.close()
}

// verify is settle beside the readers. Damage ends the store as it would have
// kept it from being opened.
func (s *Store) verify() {
	if s.pending.Load() == nil {
		return
	}
	if s.opts.beforeWalk != nil {
		s.opts.beforeWalk()
	}
	err := s.settle()
	if err == nil || errors.Is(err, errStopped) {
		return
	}
	s.opts.Fatal(damagedFile(s.path, err))
	s.writer.fail()
}

// fatal is Options.Fatal of a store, after which nothing is written any more.
func (s *Store) fatal(tell func(error)) func(error) {
	return func(err error) {
		s.failed.Store(true)
		tell(err)
	}
}
