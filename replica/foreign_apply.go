package replica

// From what a provider of another make sent to batches for the store.

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// apply takes works to the store until there is nothing more to come.
func (f *foreignSession) apply(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case w, more := <-f.works:
			if !more {
				return f.ended
			}
			if err := f.do(ctx, &w); err != nil {
				return err
			}
		}
	}
}

func (f *foreignSession) do(ctx context.Context, w *foreignWork) error {
	switch {
	case w.text != nil:
		return f.replace(ctx, w.text)
	case w.refresh:
		return f.refreshStage(ctx, w)
	}
	return f.persistStage(ctx, w)
}

// replace is the whole state. The cookie comes as the next work.
func (f *foreignSession) replace(ctx context.Context, text *refreshText) error {
	defer text.abandon()
	if err := f.c.o.Applier.Refresh(ctx, text.reader, RefreshOptions{ForeignProvider: true}); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	f.c.note(func(s *ConsumerState) {
		s.Refreshes++
		s.Received, s.Expected = 0, 0
		s.Outcome, s.Reason = Stream, "the whole state was received, now changes are sent"
	})
	return nil
}

// refreshStage applies what the refresh stage brought: one state, whatever the
// order in which it came.
func (f *foreignSession) refreshStage(ctx context.Context, w *foreignWork) error {
	held, err := f.c.o.Applier.Hold()
	if err != nil {
		return err
	}
	defer held.Release()
	b := f.newBatch(held)
	for i := range w.events {
		if err := b.add(&w.events[i]); err != nil {
			return err
		}
	}
	if w.all {
		if err := f.removeAbsent(b, w.present); err != nil {
			return err
		}
	}
	return f.commit(ctx, b, w.cookie)
}

// persistStage applies changes in the order in which they were made. A renamed
// entry takes those below it along without a word about them, so what was
// listed before under an old name must be in the store first.
func (f *foreignSession) persistStage(ctx context.Context, w *foreignWork) error {
	for rest := w.events; ; {
		n, b, err := f.step(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		cookie := ""
		if len(rest) == 0 {
			cookie = w.cookie // it covers all events, not some
		}
		if err := f.commit(ctx, b, cookie); err != nil || len(rest) == 0 {
			return err
		}
	}
}

// step collects events up to the next rename.
func (f *foreignSession) step(events []foreignEvent) (n int, b *foreignBatch, err error) {
	held, err := f.c.o.Applier.Hold()
	if err != nil {
		return 0, nil, err
	}
	defer held.Release()
	b = f.newBatch(held)
	for n = range events {
		renamed, err := b.renames(&events[n])
		if err != nil {
			return 0, nil, err
		}
		if renamed && n > 0 {
			return n, b, nil
		}
		if err := b.add(&events[n]); err != nil {
			return 0, nil, err
		}
	}
	return len(events), b, nil
}

// commit makes a batch durable, with the cookie that is known for it.
func (f *foreignSession) commit(ctx context.Context, b *foreignBatch, cookie string) error {
	if cookie == "" {
		cookie = f.cookie
	}
	batch := b.batch(cookie)
	changes := len(batch.Entries) + len(batch.Deleted)
	if changes > 0 || cookie != f.cookie {
		if err := f.c.o.Applier.ApplyBatch(ctx, batch); err != nil {
			return fmt.Errorf("apply %d changes: %w", changes, err)
		}
	}
	f.cookie = cookie
	f.applied.Store(cookie)
	f.c.note(func(s *ConsumerState) {
		s.Batches++
		s.Changes += uint64(changes)
	})
	f.c.followed()
	f.c.levelled(len(f.works) == 0)
	return nil
}

// foreignBatch collects the last state of each entry.
type foreignBatch struct {
	held    State
	names   *schema.Schema
	entries []schema.View
	place   map[schema.UUID]int // in entries
	gone    map[schema.UUID]struct{}
}

func (f *foreignSession) newBatch(held State) *foreignBatch {
	return &foreignBatch{held: held, names: f.p.Schema, place: map[schema.UUID]int{}, gone: map[schema.UUID]struct{}{}}
}

func (b *foreignBatch) add(e *foreignEvent) error {
	id := e.view.UUID
	if at, ok := b.place[id]; ok {
		b.entries[at].UUID = schema.UUID{} // replaced, or gone
		delete(b.place, id)
	}
	if !e.gone {
		delete(b.gone, id)
		b.place[id] = len(b.entries)
		b.entries = append(b.entries, e.view)
		return nil
	}
	found, err := b.held.ByUUID(id, func(*schema.View) error { return nil })
	if found {
		b.gone[id] = struct{}{}
	}
	return err
}

// renames tells whether an entry gets another name than it has.
func (b *foreignBatch) renames(e *foreignEvent) (renamed bool, err error) {
	if e.gone {
		return false, nil
	}
	if at, ok := b.place[e.view.UUID]; ok {
		return b.moved(b.entries[at].DN, e.view.DN), nil
	}
	_, err = b.held.ByUUID(e.view.UUID, func(v *schema.View) error {
		renamed = b.moved(v.DN, e.view.DN)
		return nil
	})
	return renamed, err
}

// moved tells whether two names differ in more than spelling.
func (b *foreignBatch) moved(from, to []byte) bool {
	if bytes.Equal(from, to) {
		return false
	}
	x, errX := b.names.AppendDNKey(nil, from)
	y, errY := b.names.AppendDNKey(nil, to)
	return errX != nil || errY != nil || !bytes.Equal(x, y)
}

// removeAbsent removes all entries that are neither present nor listed.
func (f *foreignSession) removeAbsent(b *foreignBatch, present map[schema.UUID]struct{}) error {
	ids, err := f.ownIDs(b.held)
	for _, id := range ids {
		_, here := present[id]
		_, listed := b.place[id]
		if !here && !listed {
			b.gone[id] = struct{}{}
		}
	}
	return err
}

func (b *foreignBatch) batch(cookie string) *schema.Batch {
	out := &schema.Batch{Cookie: cookie}
	for i := range b.entries {
		if at, ok := b.place[b.entries[i].UUID]; ok && at == i {
			out.Entries = append(out.Entries, b.entries[i])
		}
	}
	for id := range b.gone {
		out.Deleted = append(out.Deleted, id)
	}
	return out
}

// ownIDs lists all entries of a state.
func (f *foreignSession) ownIDs(held State) (ids uuidLister, err error) {
	everything := everything(f.c.o.Suffix)
	q := &schema.Search{Scope: everything.Scope, Filter: &everything.Filter, BaseDN: everything.Base, ManageDsaIT: true}
	q.Filter.Resolve(f.p.Schema, nil)
	if q.Base, err = f.p.Schema.AppendDNKey(nil, q.BaseDN); err != nil {
		return nil, fmt.Errorf("suffix %s: %w", q.BaseDN, err)
	}
	for !q.Resume.Done {
		err := held.Search(q, &ids)
		if r := (*schema.Result)(nil); errors.As(err, &r) && r.Code == schema.NoSuchObject {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the own entries: %w", err)
		}
	}
	return ids, nil
}

// uuidLister is a receiver that keeps the UUIDs of what it gets.
type uuidLister []schema.UUID

// Entry is schema.Receiver.
func (l *uuidLister) Entry(v *schema.View) schema.Next {
	*l = append(*l, v.UUID)
	return schema.Continue
}

// Reference is schema.Receiver; with ManageDsaIT there are none.
func (l *uuidLister) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }
