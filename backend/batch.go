package backend

// A batch: the changes of one transaction. Each change is checked as a whole
// before its first put, because bbolt cannot undo a part of a transaction.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/sunray-ds/utdsd/schema"
)

// maxKey bounds the key of a name: bbolt takes 32,768 bytes, and a descendant's
// name grows when an entry above it is renamed.
const maxKey = 16 << 10

// batch is one write transaction. Its tables' state runs ahead of the
// committed one.
type batch struct {
	tables
	s       *Store
	rd      *reader
	now     time.Time
	csn     csn // that the next change gets, see nextCSN
	changes int
	deletes bool // an entry, among other things
	// unconfirmed counts the trimmed records that a secondary still needs.
	unconfirmed int
	// partly tells that it may not write to all pages that are free: see reuse.
	partly bool
	// known is the lineage as it is committed. While replicating, what is
	// recorded is not the store's own writing.
	known       *lineage
	replicating bool
	keys        [2]indexKeys
	changed     [][]byte // scratch of putIndexes
	ids         []uint64 // see posting
}

func (w *writer) begin() (*batch, error) {
	tx, err := w.s.commits.reuse.begin(w.s.db, w.tight())
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	var t tables
	err = w.s.guarded(func() (err error) { t, err = w.s.openTables(tx); return err })
	if err != nil {
		w.s.rollBack(tx)
		return nil, err
	}
	t.st, t.special, t.lin = w.st.clone(), w.special, w.lin
	t.entries.FillPercent, t.log.FillPercent = 0.8, 0.95 // both grow at the end
	b := &batch{tables: t, s: w.s, rd: &w.rd, now: w.s.opts.Clock(), known: w.lin, partly: w.s.commits.reuse.count > 0}
	b.rd.use(&b.tables)
	return b, nil
}

// guarded is f with the panics of damaged pages made errors.
func (s *Store) guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.opts.Log.Error("panic in the writer", "panic", p, "stack", string(debug.Stack()))
			err = &DamageError{Bucket: wholeFile, What: fmt.Sprint(p)}
		}
	}()
	return f()
}

// rollBack ends a transaction of the writer without its changes. If that fails, the
// transaction stays open, and no other one can be begun.
func (s *Store) rollBack(tx *bbolt.Tx) {
	if err := s.guarded(tx.Rollback); err != nil && !errors.Is(err, berrors.ErrTxClosed) {
		s.opts.Fatal(fmt.Errorf("give a transaction up: %w", err))
	}
	s.commits.reuse.ended()
}

// apply makes the change of j. An error means that the transaction is spoiled; a
// refused change is no error.
func (b *batch) apply(j *job) (done schema.ChangeDone, err error) {
	before := b.changes
	b.now, b.csn = j.at, j.csn
	err = b.s.guarded(func() error {
		if d := j.drafted(); b.holds(d) {
			return b.changeAs(d, j.change)
		}
		return b.change(j, &done)
	})
	var res *schema.Result
	var damage *DamageError
	switch {
	case err == nil:
		done.Position = b.position()
		return done, nil
	case errors.As(err, &res):
	case errors.As(err, &damage) && b.changes == before:
		res = b.s.refusal(err) // met while reading: the neighbours are not concerned
	default:
		return done, err
	}
	return schema.ChangeDone{Result: *res}, nil
}

// change finds the target's place and makes the change.
func (b *batch) change(j *job, done *schema.ChangeDone) error {
	c, key := j.change, j.key
	if j.unnamed {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid DN")
	}
	if !b.s.holds(key) {
		return schema.Refuse(schema.UnwillingToPerform, "no global superior knowledge")
	}
	if len(key) > maxKey {
		return schema.Refuse(schema.UnwillingToPerform, "the name is too long")
	}
	if err := b.referred(c, key); err != nil {
		return err
	}
	switch c.Kind {
	case schema.ChangeAdd:
		return b.add(c, key, done)
	case schema.ChangeDelete:
		return b.delete(c, key, done)
	case schema.ChangeModify:
		return b.modify(c, key, done)
	case schema.ChangeModifyDN:
		return b.modifyDN(c, key, done)
	}
	return schema.Refuse(schema.ProtocolError, "no such kind of change")
}

// changeAs makes the modify of which d is the draft.
func (b *batch) changeAs(d *draft, c *schema.Change) error {
	if err := b.referred(c, d.old.Key); err != nil {
		return err
	}
	return b.recordDraft(d, c)
}

// referred answers with a referral where key is at or below one.
func (b *batch) referred(c *schema.Change, key []byte) error {
	if c.ManageDsaIT {
		return nil
	}
	at := key
	if c.Kind == schema.ChangeAdd {
		at = schema.KeyParent(key)
	}
	return b.rd.referredAt(at, key, []byte(c.DN), referNoScope)
}

// nextCSN is the CSN of the next change: the one that it got when it was queued,
// unless that is not later than all others.
func (b *batch) nextCSN() csn {
	if b.st.csn.before(b.csn) {
		return b.csn
	}
	return b.st.csn.next(b.now)
}

// edit is one entry before and after a change; nil where it does not exist.
type edit struct {
	old, new *schema.View
	draft    *draft // of both, if there is one
}

// record makes a checked change: all its edits and its changelog record. The
// first one of a store that follows another ends that. Whatever fails from here
// on spoils the transaction.
func (b *batch) record(edits []edit, c *schema.Change, rec *ChangeRecord) error {
	if b.lin.follows != followsNobody && !b.replicating {
		b.promote()
	}
	b.changes++
	b.st.seq++
	if err := b.put(edits); err != nil {
		return err
	}
	rec.Seq, rec.Kind, rec.Time, rec.CSN, rec.Hash = b.st.seq, c.Kind, b.now, b.st.csn.String(), b.st.hash
	return b.appendLog(rec, c)
}

// put writes entries with all that hangs on them, in any order: every name that
// is given up is gone before one is taken. The loader of dumps and the writer
// share appendRecord, appendName and indexKeys; this is the rest.
func (b *batch) put(edits []edit) error {
	for _, e := range edits {
		if e.old == nil {
			continue
		}
		subHash(&b.st.hash, e.hash(false))
		b.count(e.old, ^uint64(0))
		if !e.keepsName() {
			if err := b.names.Delete(e.old.Key); err != nil {
				return err
			}
		}
	}
	for _, e := range edits {
		v := e.new
		if v == nil {
			v, b.deletes = e.old, true
		} else {
			addHash(&b.st.hash, e.hash(true))
			b.count(v, 1)
		}
		if err := errors.Join(b.putEntry(v.ID, e), b.putName(e), b.putUUID(v, e), b.putIndexes(e)); err != nil {
			return err
		}
	}
	return nil
}

// keepsName tells whether the entry has the same place before and after.
func (e edit) keepsName() bool {
	return e.old != nil && e.new != nil && bytes.Equal(e.old.Key, e.new.Key)
}

// count adds d (1 or -1) to the counters that v is in, and keeps special.
func (b *batch) count(v *schema.View, d uint64) {
	b.st.entries += d
	if v.Kind == 0 {
		return
	}
	referrals, aliases := b.tables.special.referrals, b.tables.special.aliases
	if v.Kind&schema.KindReferral != 0 {
		b.st.referrals += d
		referrals = withKey(referrals, v.Key, d == 1)
	}
	if v.Kind&schema.KindAlias != 0 {
		b.st.aliases += d
		aliases = withKey(aliases, v.Key, d == 1)
	}
	b.tables.special = makeSpecial(referrals, aliases)
}

// hash is that of the entry before or after.
func (e edit) hash(after bool) schema.StateHash {
	switch {
	case e.draft != nil && after:
		return e.draft.after
	case e.draft != nil:
		return e.draft.before
	case after:
		return entryHash(e.new)
	}
	return entryHash(e.old)
}

func (b *batch) putEntry(id uint64, e edit) error {
	switch {
	case e.new == nil:
		return b.entries.Delete(idKey(id))
	case e.draft != nil:
		return b.entries.Put(idKey(id), e.draft.record)
	}
	return b.entries.Put(idKey(id), b.s.sealedRecord(e.new))
}

// putName takes the new name, which must be free.
func (b *batch) putName(e edit) error {
	keeps := e.keepsName()
	switch {
	case e.new == nil, keeps && e.old.Kind == e.new.Kind:
		return nil
	case !keeps && b.names.Get(e.new.Key) != nil:
		return fmt.Errorf("%w: two entries are called %q", ErrStructure, e.new.DN)
	}
	value := appendName(make([]byte, 0, idSize+1+sealSize), e.new.ID, e.new.Kind)
	return b.names.Put(e.new.Key, b.s.seals.names.close(e.new.Key, value))
}

func (b *batch) putUUID(v *schema.View, e edit) error {
	switch {
	case e.new == nil:
		return b.uuids.Delete(v.UUID[:])
	case e.old == nil:
		value := binary.BigEndian.AppendUint64(make([]byte, 0, idSize+sealSize), v.ID)
		return b.uuids.Put(v.UUID[:], b.s.seals.uuids.close(v.UUID[:], value))
	}
	return nil
}

// putIndexes writes the difference between what the indexes list.
func (b *batch) putIndexes(e edit) error {
	some := e.old != nil && e.new != nil
	changed := b.changed[:0]
	switch {
	case e.draft != nil:
		changed = e.draft.changed
	case some:
		changed = changedAttributes(changed, e.old, e.new)
		b.changed = changed
	}
	for i, ix := range b.s.indexes {
		if some && !slices.ContainsFunc(changed, ix.covers) {
			continue
		}
		var before, after [][]byte
		if e.old != nil {
			before = b.keys[0].of(b.s.schema, ix, e.old)
		}
		if e.new != nil {
			after = b.keys[1].of(b.s.schema, ix, e.new)
		}
		for len(before) > 0 || len(after) > 0 {
			side := 0
			switch {
			case len(before) == 0:
				side = 1
			case len(after) > 0:
				side = bytes.Compare(before[0], after[0])
			}
			var err error
			switch {
			case side == 0 && len(after) > 0:
				before, after = before[1:], after[1:]
			case side <= 0:
				err = b.unlist(i, before[0])
				before = before[1:]
			default:
				err = b.list(i, after[0])
				after = after[1:]
			}
			b.st.indexChanged[i] = uint64(b.tx.ID())
			if err != nil {
				return fmt.Errorf("index %s: %w", ix.name, err)
			}
		}
	}
	return nil
}

// altered tells whether there is anything to commit.
func (b *batch) altered() bool { return b.changes > 0 || b.lin != b.known }

// finish writes what a transaction has once.
func (b *batch) finish() error { return b.s.guarded(b.complete) }

func (b *batch) complete() error {
	if err := b.trim(); err != nil {
		return err
	}
	meta := metaBucket{b.metaRaw, b.s.seals.meta}
	if b.lin != b.known {
		if err := meta.putLineage(b.lin); err != nil {
			return err
		}
	}
	if sabotageSplitPosition {
		return nil
	}
	return meta.put(metaState, b.st.append(nil))
}
