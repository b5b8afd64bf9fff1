package replica

// A persistent search (draft-ietf-ldapext-psearch-03): what matches, and then
// each change of what matches.
//
// A notification comes with the entry as it is when the change is told, which
// may be after further changes, and that of a delete with the name alone, for
// the entry is no more. An entry that a change takes out of the content is not
// told of, and of a renamed subtree only the topmost entry.

import (
	"context"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// watchSize is about how many bytes of records are read at a time.
const watchSize = 256 << 10

// watcher is such a session.
type watcher struct {
	*feed
	has contents
}

func (f *feed) serveWatch(ctx context.Context) error {
	w := &watcher{feed: f, has: contents{kind: just}}
	if f.whole {
		w.has.kind = allBut
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	for {
		if err := w.yield(ctx, true); err != nil { // no state is held for it
			return err
		}
		if err := w.follow(ctx); err != nil {
			return err
		}
	}
}

// begin sends what matches, or only looks what it is.
func (w *watcher) begin(ctx context.Context) error {
	st, err := w.p.o.Source.Hold()
	if err != nil {
		return err
	}
	defer st.Release()
	ctx, stop := w.hurry(ctx)
	defer stop()
	w.sent = st.Position()
	if w.q.Watch.ChangesOnly && w.whole {
		return nil
	}
	return w.search(ctx, st, w.content(), func(v *schema.View) {
		w.has.put(v.UUID, w.q.Watch.ChangesOnly || w.notify(v, nil))
	})
}

// notify sends an entry, nil for one that is no more.
func (w *watcher) notify(v *schema.View, rec *schema.ChangeRecord) (shown bool) {
	next, shown := w.out.Change(v, rec)
	w.next = max(w.next, next)
	if v == nil {
		w.told(len(rec.DN) + 100)
	}
	return shown
}

// follow waits for the next changes and tells them. The caller flushes.
func (w *watcher) follow(ctx context.Context) error {
	st, err := w.changed(ctx, nil)
	if err != nil {
		return err
	}
	defer st.Release()
	ctx, stop := w.hurry(ctx)
	defer stop()
	for first, to := w.sent.Seq+1, st.Position().Seq; first <= to; {
		var records []schema.ChangeRecord
		size := 0
		err := st.Changes(first, func(rec schema.ChangeRecord) bool {
			records = append(records, rec)
			size += len(rec.LDIF) + len(rec.DN) + len(rec.NewDN)
			return size < watchSize
		})
		if err == nil && len(records) == 0 {
			err = errors.New("a change is missing")
		}
		if err != nil {
			return fmt.Errorf("read the changelog: %w", err)
		}
		for i := range records {
			if err := w.record(ctx, st, &records[i]); err != nil {
				return err
			}
		}
		first += uint64(len(records))
	}
	w.sent = st.Position()
	return nil
}

// record tells of one change.
func (w *watcher) record(ctx context.Context, st State, rec *schema.ChangeRecord) error {
	asked := w.q.Watch.Kinds&schema.WatchBit(rec.Kind) != 0
	if rec.Kind == schema.ChangeDelete {
		if asked && w.has.has(rec.UUID) {
			w.notify(nil, rec)
		}
		w.has.drop(rec.UUID)
		return w.yield(ctx, false)
	}
	var key []byte
	found, err := st.ByUUID(rec.UUID, func(v *schema.View) error {
		key = append(key, v.Key...)
		w.has.put(v.UUID, w.wanted(v) && (!asked || w.notify(v, rec)))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read a changed entry: %w", err)
	}
	switch {
	case !found && rec.Kind == schema.ChangeAdd: // deleted since, which then is no news either
		w.has.put(rec.UUID, false)
	case found && rec.Kind == schema.ChangeModifyDN && !w.whole:
		below := &schema.Search{Base: key, Scope: schema.ScopeChildren, ManageDsaIT: true, Filter: anyEntry(w.p.o.Schema)}
		if err := w.search(ctx, st, below, func(v *schema.View) { w.has.put(v.UUID, w.wanted(v)) }); err != nil {
			return err
		}
	}
	return w.yield(ctx, false)
}
