package backend

// Refresh: the whole content of a provider in the place of what is served,
// while reads go on.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// RefreshOptions say what the content of a refresh is.
type RefreshOptions struct {
	// From is where the store must be when it is replaced, so that no change is
	// lost that was made meanwhile; with an empty From.Epoch: where it is when
	// Refresh is called.
	From schema.Position
	// Position is that of the content, which Refresh verifies, Epochs the
	// history that it is in, ContextCSN the CSN of the provider's newest change
	// (empty: the newest entryCSN of the content). None of a ForeignProvider.
	Position   schema.Position
	Epochs     []schema.Epoch
	ContextCSN string

	ForeignProvider bool   // a server of another make, without positions
	Cookie          string // of a ForeignProvider; it is kept with the state

	Jobs     int                // goroutines at work; the number of processors
	Progress func(LoadProgress) // told from time to time how far it is; may be nil
}

// content is what the loader has to know about the input of a refresh.
type content struct {
	RefreshOptions
	store schema.UUID
}

// check looks at what can be wrong with o.
func (o *RefreshOptions) check() error {
	if o.ForeignProvider {
		return nil
	}
	if err := validEpochs(o.Epochs); err != nil {
		return fmt.Errorf("%w: %w", ErrStructure, err)
	}
	if last := o.Epochs[len(o.Epochs)-1].ID; last != o.Position.Epoch {
		return fmt.Errorf("%w: the history ends with epoch %s and the position is in %q", ErrStructure, last, o.Position.Epoch)
	}
	if o.ContextCSN != "" {
		if _, ok := parseCSN([]byte(o.ContextCSN)); !ok {
			return fmt.Errorf("%w: %q is no CSN", ErrStructure, o.ContextCSN)
		}
	}
	return nil
}

// finish gives the new store its lineage.
func (c *content) finish(d *loaded, began time.Time) error {
	d.head.store = c.store // the copy is another, the store the same
	if c.ForeignProvider {
		d.st.seq = d.st.entries // as if each had been added, and the log trimmed
		d.lin = firstEpoch(schema.EpochRestored, began)
		d.lin.follows, d.lin.cookie = followsForeign, c.Cookie
		return nil
	}
	if d.st.hash != c.Position.Hash {
		return fmt.Errorf("%w: %s and not %s at change %d", ErrHash, d.st.hash, c.Position.Hash, c.Position.Seq)
	}
	d.st.seq = c.Position.Seq
	d.lin = &lineage{epochs: slices.Clone(c.Epochs), follows: followsMember}
	if csn, ok := parseCSN([]byte(c.ContextCSN)); ok {
		d.st.csn = csn
	}
	return nil
}

// Refresh makes a store of src, LDIF as a dump has it, beside the one that is
// served, and has it take its place when it is complete, synced and verified:
// its changelog is empty and goes on behind o.Position, and it follows the
// provider. The store that is replaced is kept under its path with the suffix
// .previous. Until then reads and changes go on; only while the place is taken
// changes are refused with busy. switched, which may be nil, is called soon
// after, from a goroutine of its own: what still stands on the old store is to
// be ended there. Until it returns, searches that were begun on the old store
// can go on; states that are held stay until they are released. Close waits for
// all of them.
//
// An error means that nothing was replaced: ErrHash, ErrPosition, ErrStructure,
// ErrLocked (a load is running), a *LoadProblem of an input that is not as it
// should be, that of src, of ctx or of Close, or a *schema.Result (busy if a
// refresh is running already), all of them wrapped. After an error src may
// still be read from until a read returns: close it.
func (v *Served) Refresh(ctx context.Context, src io.Reader, o RefreshOptions, switched func()) error {
	ctx, end, err := v.begin(ctx)
	if err == nil {
		defer end()
		err = v.refresh(ctx, src, o, switched)
	}
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	return nil
}

// begin makes sure that one refresh runs at a time, and none after Close.
func (v *Served) begin(ctx context.Context) (context.Context, func(), error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.closing, v.opts.ReadOnly:
		return nil, nil, schema.Refuse(schema.Unavailable, "the store is closed or open for reading only")
	case v.cancel != nil:
		return nil, nil, schema.Refuse(schema.Busy, "another refresh is running")
	}
	ctx, v.cancel = context.WithCancelCause(ctx)
	v.refreshing.Add(1)
	return ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.cancel(nil)
		v.cancel = nil
		v.refreshing.Done()
	}, nil
}

// refresh is Refresh, alone.
func (v *Served) refresh(ctx context.Context, src io.Reader, o RefreshOptions, switched func()) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	old := v.current.Load()
	if o.From.Epoch == "" {
		o.From = old.Position()
	}
	l, err := newLoader(LoadOptions{Schema: v.opts.Schema, Suffix: old.Suffix(), Indexes: v.opts.Indexes, Jobs: o.Jobs,
		Strict: true, Dialect: DialectRFC2849, Clock: old.opts.Clock, Progress: o.Progress})
	if err != nil {
		return err
	}
	l.refresh = &content{o, old.ID()}
	site, err := lockServed(v.path, old.identity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.release()) }()
	if _, err := l.load(ctx, site, src); err != nil {
		return err
	}
	next, err := v.open(site.work, old.generation+1)
	if err != nil {
		return err
	}
	if err := v.replace(ctx, site, old, next, o.From); err != nil {
		return errors.Join(err, next.Close())
	}
	v.retire(old, switched)
	return nil
}

// replace puts next, which is open under its working name, in the place of old.
// From the first to the last step no change is made: not to old, where it would
// be lost, and not to next, which could still be given up.
func (v *Served) replace(ctx context.Context, site *loadSite, old, next *Store, from schema.Position) error {
	if err := old.writer.freeze(); err != nil {
		return err
	}
	if here := old.Position(); here != from || ctx.Err() != nil {
		old.writer.thaw()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%w: it was changed during the refresh, from %s to %s", ErrPosition, from, here)
	}
	if _, err := site.install(); err != nil {
		old.writer.thaw()
		return err
	}
	if err := syncDir(site.dir); err != nil {
		// Nobody knows which of the two a crash would leave: what either of them
		// acknowledged from now on could be lost.
		old.opts.Fatal(err)
		return errors.Join(errFailed, err)
	}
	v.mu.Lock()
	v.retired[old.generation] = old
	v.current.Store(next)
	v.mu.Unlock()
	v.lasting.subs.tell()
	return nil
}

// retire closes old when all have left it.
func (v *Served) retire(old *Store, switched func()) {
	v.retiring.Go(func() {
		if switched != nil {
			switched()
		}
		v.mu.Lock()
		delete(v.retired, old.generation)
		v.mu.Unlock()
		if err := old.Close(); err != nil {
			old.opts.Log.Error("closing the store that was replaced", "error", err)
		}
	})
}

// lockServed is lockLoad for the process that has the store open itself, as the
// file with the given identity.
func lockServed(path string, device [2]uint64) (*loadSite, error) {
	s, err := openSite(path)
	if err != nil {
		return nil, err
	}
	var info os.FileInfo
	if s.old != nil {
		info, err = s.old.Stat()
	}
	var at [2]uint64
	if info != nil {
		at[0], at[1] = identity(info)
	}
	if err == nil && at != device {
		err = fmt.Errorf("%w: %s is not the file that is served any more", ErrForeign, path)
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}
