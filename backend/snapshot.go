package backend

// Snapshots: one open read transaction that all readers share until the next
// commit replaces it. bbolt's own way, a transaction for each search, costs ten
// allocations and three locks.

import (
	"bytes"
	"fmt"
	"sort"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// tables are the buckets of one transaction and what is known about them as of
// that transaction.
type tables struct {
	tx                                  *bbolt.Tx
	entries, names, uuids, log, metaRaw *bbolt.Bucket
	index                               []*bbolt.Bucket // in the order of Store.indexes
	pages                               *mapped         // nil in a transaction that writes
	st                                  state
	special                             special
	lin                                 *lineage
}

// position is that of the state, as far as the transaction has come.
func (t *tables) position() schema.Position {
	return schema.Position{Epoch: t.lin.epoch(), Seq: t.st.seq, Hash: t.st.hash}
}

// special lists the entries that searches must treat specially, so that a
// store without any pays nothing. The lists are never changed in place.
type special struct {
	referrals [][]byte // keys of all referral entries, sorted
	aliases   [][]byte // keys of all alias entries, sorted
	outer     [][]byte // the referrals that lie below no other
}

// openTables fetches the buckets of tx; st, special and lin are the caller's.
func (s *Store) openTables(tx *bbolt.Tx) (tables, error) {
	t := tables{tx: tx, index: make([]*bbolt.Bucket, len(s.indexes))}
	for _, b := range [...]struct {
		name string
		to   **bbolt.Bucket
	}{{bucketMeta, &t.metaRaw}, {bucketEntries, &t.entries}, {bucketNames, &t.names}, {bucketUUIDs, &t.uuids}, {bucketChangelog, &t.log}} {
		if *b.to = tx.Bucket([]byte(b.name)); *b.to == nil {
			return t, &DamageError{Bucket: b.name, What: "no such bucket"}
		}
	}
	for i, ix := range s.indexes {
		if t.index[i] = tx.Bucket([]byte(ix.name)); t.index[i] == nil {
			return t, &DamageError{Bucket: ix.name, What: "no such bucket"}
		}
	}
	return t, nil
}

// snapshot is one committed state of the store, held open for readers.
type snapshot struct {
	tables
	// refs counts the readers, and one for being the current snapshot. At 0
	// the transaction is closed, and nobody can take a reference any more.
	refs atomic.Int64
}

// publish makes the last commit what readers see from now on.
func (s *Store) publish(st state, sp special, lin *lineage) error {
	tx, err := s.db.Begin(false)
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	t, err := s.openTables(tx)
	if err != nil {
		tx.Rollback()
		return fmt.Errorf("open snapshot: %w", err)
	}
	t.pages, t.st, t.special, t.lin = &s.pages, st, sp, lin
	next := &snapshot{tables: t}
	next.refs.Store(1)
	s.snapshots.Add(1)
	s.metrics.snapshots.Inc()
	s.drop(s.current.Swap(next))
	s.lasting.subs.tell()
	return nil
}

// take takes a reference to the current snapshot; nil when the store is closed.
func (s *Store) take() *snapshot {
	for {
		sn := s.current.Load()
		if sn == nil {
			return nil
		}
		if sn.retain() {
			return sn
		}
	}
}

// retain takes a reference; false if the snapshot is closed already.
func (sn *snapshot) retain() bool {
	for {
		n := sn.refs.Load()
		if n == 0 {
			return false
		}
		if sn.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// drop gives a reference back. The last one closes the transaction, and with
// it frees the pages that only it could see.
func (s *Store) drop(sn *snapshot) {
	if sn == nil || sn.refs.Add(-1) > 0 {
		return
	}
	if err := sn.tx.Rollback(); err != nil {
		s.opts.Log.Error("closing a snapshot", "error", err)
	}
	s.metrics.snapshots.Dec()
	s.snapshots.Done()
}

// contextCSN is the CSN of the newest change; empty if there was none.
func (t *tables) contextCSN() string {
	if t.st.seq == 0 {
		return ""
	}
	return t.st.csn.String()
}

// makeSpecial completes the lists.
func makeSpecial(referrals, aliases [][]byte) special {
	sp := special{referrals: referrals, aliases: aliases}
	for _, key := range referrals { // sorted: what lies below key follows it
		if n := len(sp.outer); n == 0 || !schema.KeyUnder(key, sp.outer[n-1]) {
			sp.outer = append(sp.outer, key)
		}
	}
	return sp
}

// referralAbove finds the outermost referral at or above key; nil if none.
func (sp *special) referralAbove(key []byte) []byte {
	if len(sp.outer) == 0 {
		return nil
	}
	i := sort.Search(len(sp.outer), func(i int) bool { return bytes.Compare(sp.outer[i], key) > 0 })
	if i == 0 {
		return nil
	}
	if r := sp.outer[i-1]; bytes.Equal(r, key) || schema.KeyUnder(key, r) {
		return r
	}
	return nil
}

// withKey is list, sorted, with key added or taken away, in new memory.
func withKey(list [][]byte, key []byte, add bool) [][]byte {
	i := sort.Search(len(list), func(i int) bool { return bytes.Compare(list[i], key) >= 0 })
	out := append(make([][]byte, 0, len(list)+1), list[:i]...)
	if add {
		out = append(out, bytes.Clone(key))
	}
	if i < len(list) && bytes.Equal(list[i], key) {
		i++
	}
	return append(out, list[i:]...)
}
