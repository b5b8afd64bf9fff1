package backend

// The check: every invariant of the file, from the records up.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// checker checks one snapshot.
type checker struct {
	*Store
	ctx    context.Context
	t      *tables
	report func(string)
	keys   indexKeys
	ids    []uint64
	found  state // counters and hash recomputed
	read   idSet // entries that can be
	expect []uint64
	index  []*bbolt.Cursor
}

// Check verifies all that must hold in the state of the last commit: every
// value's checksum; entries, names and UUIDs in one-to-one relation; a parent
// for every entry but the topmost; keys that fit the names; indexes that list
// what they must and nothing else; counters and state hash; a changelog without
// gaps that ends in the state; a lineage that makes sense. It calls report with
// a sentence for each fault and goes on. The error tells only that the check
// could not be completed.
func (s *Store) Check(ctx context.Context, report func(problem string)) (err error) {
	rd, err := s.reader()
	if err != nil {
		return err
	}
	var refused error
	defer func() { err = errors.Join(err, refused) }()
	defer rd.done(&refused)
	if err := s.soundAll(); err != nil {
		return err
	}
	c := &checker{Store: s, ctx: ctx, t: rd.t, report: report, expect: make([]uint64, len(s.indexes))}
	for _, b := range rd.t.index {
		c.index = append(c.index, b.Cursor())
	}
	for _, step := range []func() error{c.meta, c.entries, c.names, c.uuids, c.indexKeys, c.changelog} {
		if err := step(); err != nil {
			return err
		}
	}
	c.counters()
	return nil
}

func (c *checker) problem(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// each walks over a bucket. Keys out of order are a fault by themselves.
func (c *checker) each(b *bbolt.Bucket, bucket string, f func(k, v []byte)) error {
	cur := b.Cursor()
	var last []byte
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		if err := c.ctx.Err(); err != nil {
			return fmt.Errorf("check %s: %w", bucket, err)
		}
		if last != nil && bytes.Compare(k, last) <= 0 {
			c.problem("%s: key %q out of order", bucket, k)
		}
		last = k
		f(k, v)
	}
	return nil
}

func (c *checker) entries() error {
	return c.each(c.t.entries, bucketEntries, func(k, v []byte) {
		view, err := c.readEntry(k, v)
		if err != nil {
			c.problem("%v", err)
			return
		}
		c.found.entries++
		c.read.add(view.ID)
		if view.Kind&schema.KindReferral != 0 {
			c.found.referrals++
		}
		if view.Kind&schema.KindAlias != 0 {
			c.found.aliases++
		}
		addHash(&c.found.hash, entryHash(&view))
		if view.ID == 0 || view.ID >= c.t.st.nextID {
			c.problem("entry %d: id is not below the next id %d", view.ID, c.t.st.nextID)
		}
		c.entry(&view)
		c.listed(&view)
	})
}

// entry checks how one entry is named.
func (c *checker) entry(v *schema.View) {
	key, err := c.schema.AppendDNKey(nil, v.DN)
	if err != nil || !bytes.Equal(key, v.Key) {
		c.problem("entry %d: key %q does not fit the name %q", v.ID, v.Key, v.DN)
	}
	if id, kind, err := c.openName(v.Key, c.t.names.Get(v.Key)); err != nil || id != v.ID || kind != v.Kind {
		c.problem("entry %d: dn2id has id %d, kind %d (%v) for %q", v.ID, id, kind, err, v.Key)
	}
	if !c.holds(v.Key) {
		c.problem("entry %d: %q is outside of the suffix", v.ID, v.Key)
	} else if !bytes.Equal(v.Key, c.suffixKey) && c.t.names.Get(schema.KeyParent(v.Key)) == nil {
		c.problem("entry %d: %q has no parent", v.ID, v.Key)
	}
	uuid, err := c.seals.uuids.open(v.UUID[:], c.t.uuids.Get(v.UUID[:]))
	if err != nil || !bytes.Equal(uuid, idKey(v.ID)) {
		c.problem("entry %d: uuid2id has %x (%v)", v.ID, uuid, err)
	}
	if kind := c.schema.Entry(v).Kind(c.schema); kind != v.Kind {
		c.problem("entry %d: kind is %d and should be %d", v.ID, v.Kind, kind)
	}
	a, _ := v.Find("entryUUID")
	if text, _, ok := schema.NextValue(a.Values); ok && !bytes.Equal(text, uuidText(v.UUID)) {
		c.problem("entry %d: entryUUID is %q and the record has %q", v.ID, text, uuidText(v.UUID))
	}
}

// listed checks that the indexes list what they must for one entry. That they
// list nothing else follows from the number of ids, see indexKeys.
func (c *checker) listed(v *schema.View) {
	for i, ix := range c.Store.indexes {
		for _, key := range c.keys.of(c.schema, ix, v) {
			c.expect[i]++
			if !c.lists(i, key) {
				c.problem("index %s: entry %d is not listed under %q", ix.name, v.ID, key[:len(key)-idSize])
			}
		}
	}
}

// lists tells whether index i has the id of key under its term.
func (c *checker) lists(i int, key []byte) bool {
	if k, _ := c.index[i].Seek(key); bytes.Equal(k, key) {
		return true
	}
	k, v := lastPosting(c.index[i], key)
	if len(v) < sealSize {
		return false
	}
	var ok bool
	c.ids, ok = appendIDs(c.ids[:0], idOf(k), v[:len(v)-sealSize])
	_, there := slices.BinarySearch(c.ids, idOf(key))
	return ok && there
}

func (c *checker) names() error {
	n := uint64(0)
	err := c.each(c.t.names, bucketNames, func(k, v []byte) {
		n++
		id, _, err := c.openName(k, v)
		if err != nil {
			c.problem("%v", err)
		} else if !c.read.has(id) {
			c.problem("entry %d, %q, is not there or cannot be read", id, keyText(k))
		}
	})
	if n != c.found.entries {
		c.problem("%s: has %d names for %d entries", bucketNames, n, c.found.entries)
	}
	return err
}

func (c *checker) uuids() error {
	n := uint64(0)
	err := c.each(c.t.uuids, bucketUUIDs, func(k, v []byte) {
		n++
		if _, err := c.seals.uuids.open(k, v); err != nil {
			c.problem("%v", err)
		}
	})
	if n != c.found.entries {
		c.problem("%s: has %d UUIDs for %d entries", bucketUUIDs, n, c.found.entries)
	}
	return err
}

func (c *checker) indexKeys() error {
	for i, ix := range c.Store.indexes {
		keys, ids := uint64(0), uint64(0)
		var term []byte
		last := uint64(0) // under term
		err := c.each(c.t.index[i], ix.name, func(k, v []byte) {
			keys++
			gaps, err := ix.seal.open(k, v)
			ok := err == nil && len(k) > idSize
			if ok {
				c.ids, ok = appendIDs(c.ids[:0], idOf(k), gaps)
			}
			if !ok {
				c.problem("index %s: key %q: not a list of ids (%v)", ix.name, k, err)
				return
			}
			if at := len(k) - idSize; !bytes.Equal(k[:at], term) {
				term, last = append(term[:0], k[:at]...), 0
			}
			if c.ids[0] <= last {
				c.problem("index %s: key %q: begins before the list before it has ended", ix.name, k)
			}
			last = c.ids[len(c.ids)-1]
			ids += uint64(len(c.ids))
		})
		if err != nil {
			return err
		}
		if ids != c.expect[i] || keys != c.t.st.indexKeys[i] {
			c.problem("index %s: lists %d ids, the entries need %d; has %d keys, the state says %d", ix.name, ids, c.expect[i], keys, c.t.st.indexKeys[i])
		}
	}
	return nil
}

func (c *checker) changelog() error {
	next, csn := c.t.st.firstSeq, ""
	last := ChangeRecord{Hash: c.t.st.hash}
	err := c.each(c.t.log, bucketChangelog, func(k, v []byte) {
		rec, err := c.openLog(k, v)
		if err != nil || len(k) != idSize {
			c.problem("changelog: key %x: %v", k, err)
			next = binary.BigEndian.Uint64(append(bytes.Clone(k), make([]byte, idSize)...)) + 1
			return
		}
		if rec.Seq != next {
			c.problem("changelog: record %d where %d belongs", rec.Seq, next)
		}
		if rec.CSN <= csn {
			c.problem("changelog: CSN %s of record %d is not later than %s", rec.CSN, rec.Seq, csn)
		}
		next, csn, last = rec.Seq+1, rec.CSN, rec
	})
	if next != c.t.st.seq+1 {
		c.problem("changelog: ends before %d and should end with %d", next, c.t.st.seq)
	}
	if last.Hash != c.t.st.hash {
		c.problem("changelog: its last record has state hash %s, the state has %s", last.Hash, c.t.st.hash)
	}
	return err
}

func (c *checker) counters() {
	st := &c.t.st
	for _, n := range [...]struct {
		what        string
		have, found uint64
	}{{"entries", st.entries, c.found.entries}, {"referrals", st.referrals, c.found.referrals}, {"aliases", st.aliases, c.found.aliases},
		{"referrals in memory", uint64(len(c.t.special.referrals)), c.found.referrals},
		{"aliases in memory", uint64(len(c.t.special.aliases)), c.found.aliases}} {
		if n.have != n.found {
			c.problem("state: %s are %d and should be %d", n.what, n.have, n.found)
		}
	}
	if st.hash != c.found.hash {
		c.problem("state: hash is %s and should be %s", st.hash, c.found.hash)
	}
}
