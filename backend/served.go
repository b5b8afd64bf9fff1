package backend

// Served: the store that a server serves, which can be replaced as a whole
// while it runs.

import (
	"context"

	"github.com/sunray-ds/utdsd/schema"
)

// Served is the store at a path, whichever it is at the time.
type Served struct {
	store *Store
}

// Serve opens the store at path, like Open.
func Serve(path string, o Options) (*Served, error) {
	s, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	return &Served{store: s}, nil
}

// Search is Store.Search. All slices of a search read the store in which it began.
func (v *Served) Search(q *schema.Search, r schema.Receiver) error { return v.store.Search(q, r) }

// Get is Store.Get.
func (v *Served) Get(key []byte, f func(v *schema.View) error) error { return v.store.Get(key, f) }

// Target is Store.Target.
func (v *Served) Target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) error {
	return v.store.Target(key, dn, manageDsaIT, f)
}

// Apply is Store.Apply.
func (v *Served) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	v.store.Apply(ctx, c, done)
}

// ApplyBatch is Store.ApplyBatch.
func (v *Served) ApplyBatch(ctx context.Context, b *schema.Batch) error {
	return v.store.ApplyBatch(ctx, b)
}

// Promote is Store.Promote.
func (v *Served) Promote(ctx context.Context) error { return v.store.Promote(ctx) }

// MarkFresh is Store.MarkFresh.
func (v *Served) MarkFresh() error { return v.store.MarkFresh() }

// Hold is Store.Hold.
func (v *Served) Hold() (*Held, error) { return v.store.Hold() }

// HoldState is Holder.HoldState.
func (v *Served) HoldState() (description []byte, release func(), err error) {
	return NewHolder(v.store).HoldState()
}

// Subscribe is Store.Subscribe; it goes on when the store is replaced, of which
// it tells too.
func (v *Served) Subscribe(wake chan<- struct{}) (cancel func()) { return v.store.Subscribe(wake) }

// Changelog is Store.Changelog.
func (v *Served) Changelog(from uint64, f func(rec ChangeRecord) bool) error {
	return v.store.Changelog(from, f)
}

// Position is Store.Position.
func (v *Served) Position() schema.Position { return v.store.Position() }

// Epochs is Store.Epochs.
func (v *Served) Epochs() []schema.Epoch { return v.store.Epochs() }

// ContextCSN is Store.ContextCSN.
func (v *Served) ContextCSN() string { return v.store.ContextCSN() }

// Stats is Store.Stats.
func (v *Served) Stats() Stats { return v.store.Stats() }

// Following is Store.Following.
func (v *Served) Following() bool { return v.store.Following() }

// Fresh is Store.Fresh.
func (v *Served) Fresh() bool { return v.store.Fresh() }

// SyncCookie is Store.SyncCookie.
func (v *Served) SyncCookie() string { return v.store.SyncCookie() }

// Confirmed is Store.Confirmed; it counts for the stores to come too.
func (v *Served) Confirmed(seq uint64) { v.store.Confirmed(seq) }

// Suffix is Store.Suffix.
func (v *Served) Suffix() string { return v.store.Suffix() }

// ID is Store.ID.
func (v *Served) ID() schema.UUID { return v.store.ID() }

// Check is Store.Check.
func (v *Served) Check(ctx context.Context, report func(problem string)) error {
	return v.store.Check(ctx, report)
}

// Close closes what is open.
func (v *Served) Close() error { return v.store.Close() }
