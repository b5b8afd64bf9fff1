package backend

// Served: the store that a server serves, which can be replaced as a whole
// while it runs.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/schema"
)

// Served is the store at a path, whichever it is at the time. Its methods may
// be called by any number of goroutines, as those of Store, which they are but
// for what is said there. Errors of a moment at which the store is replaced are
// not seen, except that changes are refused with busy.
type Served struct {
	path    string
	opts    Options
	lasting *lasting
	holder  *Holder
	current atomic.Pointer[Store]

	mu      sync.Mutex
	closing bool
	cancel  context.CancelCauseFunc // of the refresh that is running; nil if none is
	retired map[uint64]*Store       // replaced, and not yet left by the searches begun there

	refreshing, retiring sync.WaitGroup
}

// Serve opens the store at path, like Open.
func Serve(path string, o Options) (*Served, error) {
	v := &Served{path: path, opts: o, retired: map[uint64]*Store{}}
	v.lasting = newLasting(path, &o, v.Stats)
	v.holder = &Holder{take: v.take}
	if o.Create {
		s, err := newStore(path, o, v.lasting)
		if err != nil {
			return nil, err
		}
		if err := createFile(path, s.fill); err != nil {
			return nil, err
		}
	}
	s, err := v.open(path, 1)
	if err != nil {
		return nil, err
	}
	v.current.Store(s)
	if err := v.lasting.metrics.register(o.Registry); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return v, nil
}

// open opens a store for v, which need not have its final name yet.
func (v *Served) open(path string, generation uint64) (*Store, error) {
	s, err := newStore(v.path, v.opts, v.lasting)
	if err != nil {
		return nil, err
	}
	s.generation = generation
	return s, s.open(path)
}

// take takes a reference to the current snapshot; nil when v is closed.
func (v *Served) take() (*Store, *snapshot) {
	for {
		s := v.current.Load()
		if sn := s.take(); sn != nil || s == v.current.Load() {
			return s, sn
		}
	}
}

// reader is Store.reader of the current store.
func (v *Served) reader() (*reader, error) {
	for {
		s := v.current.Load()
		rd, err := s.reader()
		if err == nil || s == v.current.Load() {
			return rd, err
		}
	}
}

// Search is Store.Search. All slices of a search read the store in which it was
// begun, and so does a whole search whose Resume.Generation was set before it
// began; when that store was replaced and is gone, the rest of it is refused
// with busy.
func (v *Served) Search(q *schema.Search, r schema.Receiver) error {
	if !q.Resume.Started {
		rd, err := v.reader()
		if err != nil {
			return err
		}
		if g := &q.Resume.Generation; *g == 0 || *g == rd.s.generation {
			*g = rd.s.generation
			return rd.slice(q, r)
		}
		var none error
		rd.done(&none)
	}
	s := v.current.Load()
	if s.generation != q.Resume.Generation {
		v.mu.Lock()
		s = v.retired[q.Resume.Generation]
		v.mu.Unlock()
	}
	if s != nil {
		rd, err := s.reader()
		if err == nil {
			return rd.slice(q, r)
		}
		if s == v.current.Load() {
			return err
		}
	}
	return schema.Refuse(schema.Busy, "the data was replaced during the search: search again")
}

// Get is Store.Get.
func (v *Served) Get(key []byte, f func(v *schema.View) error) error {
	return v.Target(key, nil, true, f)
}

// Target is Store.Target.
func (v *Served) Target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) error {
	rd, err := v.reader()
	if err != nil {
		return err
	}
	return rd.target(key, dn, manageDsaIT, f)
}

// Hold is Store.Hold. A state is held even after its store was replaced.
func (v *Served) Hold() (*Held, error) {
	s, sn := v.take()
	if sn == nil {
		return nil, errClosed()
	}
	return &Held{s: s, sn: sn}, nil
}

// HoldState is Holder.HoldState. If the store is replaced, the file at its path
// is another than the one of the description.
func (v *Served) HoldState() (description []byte, release func(), err error) {
	return v.holder.HoldState()
}

// Changelog is Store.Changelog.
func (v *Served) Changelog(from uint64, f func(rec ChangeRecord) bool) error {
	s, sn := v.take()
	if sn == nil {
		return errClosed()
	}
	defer s.drop(sn)
	return s.changes(sn, from, f)
}

// Subscribe is Store.Subscribe; it goes on when the store is replaced, of which
// wake is told too.
func (v *Served) Subscribe(wake chan<- struct{}) (cancel func()) { return v.lasting.subs.add(wake) }

// Confirmed is Store.Confirmed; it counts for the stores to come too.
func (v *Served) Confirmed(seq uint64) { v.lasting.confirmed.Store(seq) }

// Apply is Store.Apply.
func (v *Served) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	v.current.Load().Apply(ctx, c, done)
}

// ApplyBatch is Store.ApplyBatch.
func (v *Served) ApplyBatch(ctx context.Context, in *schema.Batch) error {
	return v.current.Load().ApplyBatch(ctx, in)
}

// Promote is Store.Promote.
func (v *Served) Promote(ctx context.Context) error { return v.current.Load().Promote(ctx) }

// MarkFresh is Store.MarkFresh.
func (v *Served) MarkFresh() error { return v.current.Load().MarkFresh() }

// Position is Store.Position.
func (v *Served) Position() schema.Position { return ask(v, (*Store).Position) }

// Epochs is Store.Epochs.
func (v *Served) Epochs() []schema.Epoch { return ask(v, (*Store).Epochs) }

// ContextCSN is Store.ContextCSN.
func (v *Served) ContextCSN() string { return ask(v, (*Store).ContextCSN) }

// Following is Store.Following.
func (v *Served) Following() bool { return ask(v, (*Store).Following) }

// Fresh is Store.Fresh.
func (v *Served) Fresh() bool { return ask(v, (*Store).Fresh) }

// SyncCookie is Store.SyncCookie.
func (v *Served) SyncCookie() string { return ask(v, (*Store).SyncCookie) }

// Stats is Store.Stats.
func (v *Served) Stats() Stats { return ask(v, (*Store).Stats) }

// ask asks the current store; if it is replaced meanwhile, the one after it.
func ask[T any](v *Served, f func(*Store) T) T {
	for {
		s := v.current.Load()
		if answer := f(s); s == v.current.Load() {
			return answer
		}
	}
}

// Suffix is Store.Suffix.
func (v *Served) Suffix() string { return v.current.Load().Suffix() }

// ID is Store.ID.
func (v *Served) ID() schema.UUID { return v.current.Load().ID() }

// Check is Store.Check.
func (v *Served) Check(ctx context.Context, report func(problem string)) error {
	return v.current.Load().Check(ctx, report)
}

// errClosing is what a refresh ends with that Close has interrupted.
var errClosing = errors.New("the store is being closed")

// Close ends a refresh that is running, and closes the store like Store.Close.
// It waits also for the stores that were replaced. Further calls do nothing.
func (v *Served) Close() error {
	v.mu.Lock()
	if v.closing {
		v.mu.Unlock()
		return nil
	}
	v.closing = true
	if v.cancel != nil {
		v.cancel(errClosing)
	}
	v.mu.Unlock()
	v.refreshing.Wait()
	err := v.current.Load().Close()
	v.retiring.Wait()
	v.lasting.metrics.unregister(v.opts.Registry)
	return err
}
