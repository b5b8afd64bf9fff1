package backend

// Whom a store follows, and the end of that.

import (
	"context"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// Following tells whether the last change came from a provider. The store's
// first own change, or Promote, ends that: it begins an epoch of the kind
// promoted.
func (s *Store) Following() bool {
	sn := s.take()
	if sn == nil {
		return false
	}
	defer s.drop(sn)
	return sn.lin.follows != followsNobody
}

// SyncCookie is the cookie that came with the last batch, or the refresh, of a
// provider of another make; empty if the store follows none.
func (s *Store) SyncCookie() string {
	sn := s.take()
	if sn == nil {
		return ""
	}
	defer s.drop(sn)
	return sn.lin.cookie
}

// Promote begins a new epoch, as the first own change of a store that follows
// another does, but without a change. It does nothing if the store follows
// nobody. Errors are as those of ApplyBatch, but for its own.
func (s *Store) Promote(ctx context.Context) error {
	if s.writer != nil && s.leads() {
		return nil // without the writer: a start does not wait for the walk
	}
	err := s.perform(ctx, func(b *batch) error {
		if b.lin.follows != followsNobody {
			b.promote()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	return nil
}

// leads tells that the store, which is open, follows nobody.
func (s *Store) leads() bool {
	sn := s.take()
	if sn == nil {
		return false
	}
	defer s.drop(sn)
	return sn.lin.follows == followsNobody
}

// promote begins the new epoch at the present position.
func (b *batch) promote() {
	b.lin = b.lin.begin(newEpoch(schema.EpochPromoted, b.now, b.position().String()))
}

// Fresh tells whether the store has nothing but what its setup wrote, so that
// the content of any other store of the group is better.
func (s *Store) Fresh() bool {
	sn := s.take()
	if sn == nil {
		return false
	}
	defer s.drop(sn)
	return sn.lin.isFresh(sn.st.seq)
}

// MarkFresh says that all changes so far were made by the setup of the store.
func (s *Store) MarkFresh() error {
	err := s.perform(context.Background(), func(b *batch) error {
		if b.lin.fresh != b.st.seq {
			lin := *b.lin
			lin.fresh = b.st.seq
			b.lin = &lin
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark fresh: %w", err)
	}
	return nil
}
