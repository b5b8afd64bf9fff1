package backend

// One committed state, held for as long as somebody reads it: what a provider
// makes its batches from.

import (
	"encoding/binary"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/schema"
)

// Held is one committed state of a store. Its methods may be called by any
// number of goroutines, and all of them speak of that state, whatever has been
// committed since. Until Release the file grows with each commit. After it what
// reads the file finds nothing, with the error unavailable where there is one.
type Held struct {
	s        *Store
	sn       *snapshot
	released atomic.Bool
}

// Hold holds the state of the last commit until Release. The error is a
// *schema.Result, unavailable, if the store is closed.
func (s *Store) Hold() (*Held, error) {
	sn := s.take()
	if sn == nil {
		return nil, errClosed()
	}
	return &Held{s: s, sn: sn}, nil
}

func errClosed() *schema.Result { return schema.Refuse(schema.Unavailable, "the store is closed") }

// Release lets the state go. Calls that are under way end undisturbed; further
// calls of Release do nothing. A store waits for the release of all its held
// states when it is closed.
func (h *Held) Release() {
	if h.released.CompareAndSwap(false, true) {
		h.s.drop(h.sn)
	}
}

// take takes a reference for one call; nil once the state is released.
func (h *Held) take() *snapshot {
	if h.released.Load() || !h.sn.retain() {
		return nil
	}
	return h.sn
}

// reader gives a reader of the state, to be given back with done.
func (h *Held) reader() (*reader, error) {
	sn := h.take()
	if sn == nil {
		return nil, schema.Refuse(schema.Unavailable, "the state was released")
	}
	return h.s.readerOf(sn)
}

// Position is that of the state.
func (h *Held) Position() schema.Position { return h.sn.position() }

// Epochs is the history of epochs, oldest first, that the position is in.
func (h *Held) Epochs() []schema.Epoch { return slices.Clone(h.sn.lin.epochs) }

// ContextCSN is the CSN of the newest change; empty if there was none.
func (h *Held) ContextCSN() string { return h.sn.contextCSN() }

// Entries is how many entries there are.
func (h *Held) Entries() uint64 { return h.sn.st.entries }

// Oldest is the number of the first change that is still in the changelog;
// Position().Seq+1 if there is none.
func (h *Held) Oldest() uint64 { return h.sn.st.firstSeq }

// Changes hands the records from number from to that of the state to f, in
// order, until f returns false. It runs f within a read transaction; the
// records are f's to keep. Errors are ErrTrimmed, a *DamageError, or a
// *schema.Result if the state was released.
func (h *Held) Changes(from uint64, f func(rec schema.ChangeRecord) bool) error {
	sn := h.take()
	if sn == nil {
		return schema.Refuse(schema.Unavailable, "the state was released")
	}
	defer h.s.drop(sn)
	return h.s.changes(sn, from, f)
}

// HashAt is the state hash after change seq. It is known of all changes in the
// changelog, of the one before them, and of those at which an epoch ended.
func (h *Held) HashAt(seq uint64) (hash schema.StateHash, ok bool) {
	sn := h.take()
	if sn == nil {
		return hash, false
	}
	defer h.s.drop(sn)
	st := &sn.st
	switch {
	case seq > st.seq:
		return hash, false
	case seq == st.seq:
		return st.hash, true
	case seq >= st.firstSeq:
		rec, err := h.s.change(sn, seq)
		return rec.Hash, err == nil
	case seq+1 == st.firstSeq && st.hasBase:
		return st.base, true
	}
	for _, e := range sn.lin.epochs {
		if p, err := schema.ParsePosition(e.From); err == nil && p.Seq == seq {
			return p.Hash, true
		}
	}
	return hash, false
}

// SeqOfCSN finds the number of the change with exactly this CSN: among those in
// the changelog, and the newest one also if the changelog is empty.
func (h *Held) SeqOfCSN(csn string) (seq uint64, ok bool) {
	sn := h.take()
	if sn == nil {
		return 0, false
	}
	defer h.s.drop(sn)
	st := &sn.st
	if csn != "" && csn == sn.contextCSN() {
		return st.seq, true
	}
	var failed error
	i := sort.Search(int(st.seq+1-st.firstSeq), func(i int) bool {
		rec, err := h.s.change(sn, st.firstSeq+uint64(i))
		if err != nil {
			failed = err
		}
		return err != nil || rec.CSN >= csn
	})
	seq = st.firstSeq + uint64(i)
	if failed != nil || seq > st.seq {
		return 0, false
	}
	rec, err := h.s.change(sn, seq)
	return seq, err == nil && rec.CSN == csn
}

// change reads the record with number seq, which must be in the changelog.
func (s *Store) change(sn *snapshot, seq uint64) (ChangeRecord, error) {
	if err := s.sound(bucketChangelog); err != nil {
		return ChangeRecord{}, s.refusal(err)
	}
	key := idKey(seq)
	v := sn.log.Get(key)
	if v == nil {
		return ChangeRecord{}, s.refusal(s.seals.log.damage(key, "record is missing"))
	}
	rec, err := s.openLog(key, v)
	if err != nil {
		return rec, s.refusal(err)
	}
	return rec, nil
}

// ByUUID hands the entry with this entryUUID to f. The View is valid during the
// call. f's error is returned as it is if it is a *schema.Result.
func (h *Held) ByUUID(id schema.UUID, f func(v *schema.View) error) (found bool, err error) {
	rd, err := h.reader()
	if err != nil {
		return false, err
	}
	defer rd.done(&err)
	n, found, err := rd.uuid(id)
	if !found || err != nil {
		return false, err
	}
	if err := rd.mustEntry(n); err != nil {
		return false, err
	}
	if rd.view.UUID != id {
		return false, h.s.seals.uuids.damage(id[:], "is of another entry")
	}
	rd.theirs = true
	err = f(&rd.view)
	rd.theirs = false
	return true, err
}

// Search is Store.Search on the held state: one slice.
func (h *Held) Search(q *schema.Search, r schema.Receiver) error {
	rd, err := h.reader()
	if err != nil {
		return err
	}
	return rd.slice(q, r)
}

// uuid finds the id of the entry with this entryUUID.
func (rd *reader) uuid(u schema.UUID) (id uint64, found bool, err error) {
	c := rd.on(&rd.uuids, rd.t.uuids)
	if err := rd.s.sound(bucketUUIDs); err != nil {
		return 0, false, err
	}
	seal := &rd.s.seals.uuids
	k, v := c.Seek(u[:])
	if string(k) != string(u[:]) {
		return 0, false, absent(c, seal, u[:], k, v)
	}
	if v, err = seal.open(k, v); err != nil {
		return 0, false, err
	}
	if len(v) != idSize {
		return 0, false, seal.damage(k, "not an id")
	}
	return binary.BigEndian.Uint64(v), true, nil
}
