package backend

import (
	"context"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
)

// Reasons why a batch is not made, for errors.Is. Nothing was changed.
var (
	// ErrPosition: the store is not where the batch begins.
	ErrPosition = errors.New("the store is at another position")
	// ErrHash: the result would not be the state of the provider.
	ErrHash = errors.New("the state hash differs from that of the provider")
	// ErrStructure: the batch contradicts itself or the tree.
	ErrStructure = errors.New("the batch does not fit the tree")
)

// ApplyBatch makes b in one transaction and returns when it is durable.
func (s *Store) ApplyBatch(ctx context.Context, b *schema.Batch) error {
	return errors.New("apply batch: not yet")
}

// Promote begins a new epoch of the kind promoted if the store follows another.
func (s *Store) Promote(ctx context.Context) error { return errors.New("promote: not yet") }

// MarkFresh says that all that the store has was written by its setup.
func (s *Store) MarkFresh() error { return errors.New("mark fresh: not yet") }

// Following tells whether the last change came from a provider.
func (s *Store) Following() bool {
	sn := s.take()
	if sn == nil {
		return false
	}
	defer s.drop(sn)
	return sn.lin.follows != followsNobody
}

// SyncCookie is the cookie of the last batch of a provider of another make.
func (s *Store) SyncCookie() string {
	sn := s.take()
	if sn == nil {
		return ""
	}
	defer s.drop(sn)
	return sn.lin.cookie
}

// Fresh tells whether the store has nothing but what its setup wrote.
func (s *Store) Fresh() bool {
	sn := s.take()
	if sn == nil {
		return false
	}
	defer s.drop(sn)
	return sn.lin.isFresh(sn.st.seq)
}

// Confirmed says up to which change every configured secondary has everything;
// math.MaxUint64 (the default) if there is no secondary.
func (s *Store) Confirmed(seq uint64) { s.lasting.confirmed.Store(seq) }
