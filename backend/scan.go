package backend

// The four ways through the store: all entries by id, a range of the tree, one
// range of an index, a list of ids.

import (
	"bytes"
	"encoding/binary"

	"github.com/sunray-ds/utdsd/schema"
)

// Plans of a search.
const (
	planIDs uint8 = iota
	planIndex
	planTree
	planAll
)

// indexPortion is how many ids are read at once from an index.
const indexPortion = 1024

// scanAll reads all entries in order of their ids.
func (sl *slice) scanAll() (paused bool, err error) {
	res := &sl.q.Resume
	if err := sl.s.sound(bucketEntries); err != nil {
		return false, err
	}
	c := sl.on(&sl.entries, sl.t.entries)
	sl.at = 0
	binary.BigEndian.PutUint64(sl.key[:], res.LastID+1)
	k, v := c.Seek(sl.key[:])
	for ; k != nil; k, v = c.Next() {
		if len(k) != idSize || binary.BigEndian.Uint64(k) <= res.LastID {
			return false, sl.s.seals.entries.damage(k, "out of order")
		}
		res.LastID = binary.BigEndian.Uint64(k)
		if err := sl.open(res.LastID, k, v); err != nil {
			return false, err
		}
		if sl.offer() {
			return true, nil
		}
	}
	return false, nil
}

// scanTree reads the entries below the base in order of their keys.
func (sl *slice) scanTree() (paused bool, err error) {
	res := &sl.q.Resume
	c := sl.on(&sl.names, sl.t.names)
	one := res.Scope == schema.ScopeOne
	k, v, err := seekGap(c, &sl.s.seals.names, sl.treeStart(one))
	if err != nil {
		return false, err
	}
	for k != nil && (schema.KeyUnder(k, res.Base) || bytes.Equal(k, res.Base)) {
		if len(res.Last) > 0 && bytes.Compare(k, res.Last) <= 0 {
			return false, sl.s.seals.names.damage(k, "out of order")
		}
		res.Last = append(res.Last[:0], k...)
		id, _, err := sl.s.openName(k, v)
		if err != nil {
			return false, err
		}
		if err := sl.mustEntry(id); err != nil {
			return false, err
		}
		if !bytes.Equal(sl.view.Key, k) {
			return false, sl.s.seals.names.damage(k, "names another entry")
		}
		if sl.offer() {
			return true, nil
		}
		k, v = c.Next()
		if one && schema.KeyUnder(k, res.Last) {
			k, v = c.Seek(sl.treeStart(one))
		}
	}
	if k != nil {
		_, _, err = sl.s.openName(k, v)
	}
	return false, err
}

// treeStart is the key at which the range goes on, in scratch memory.
func (sl *slice) treeStart(one bool) []byte {
	res := &sl.q.Resume
	from, behind := res.Base, byte(0)
	switch {
	case len(res.Last) > 0 && one:
		from, behind = res.Last, 1 // behind the subtree of the last child
	case len(res.Last) > 0:
		from = res.Last
	case res.Scope == schema.ScopeSub:
		sl.buf = append(sl.buf[:0], from...)
		return sl.buf
	}
	sl.buf = append(append(sl.buf[:0], from...), behind)
	return sl.buf
}

// seekGap seeks key and proves that nothing that belongs behind it stands
// before it.
func seekGap(c *cursor, seal *seal, key []byte) (k, v []byte, err error) {
	k, v = c.Seek(key)
	if k != nil && bytes.Equal(k, key) {
		return k, v, nil
	}
	if err := absent(c, seal, key, k, v); err != nil {
		return nil, nil, err
	}
	// The cursor stands before the gap: one step and no second search.
	if again, v := c.Next(); k != nil && bytes.Equal(again, k) {
		return again, v, nil
	}
	k, v = c.Seek(key)
	return k, v, nil
}

// scanIndex reads the entries that one term of an index lists.
func (sl *slice) scanIndex() (paused bool, err error) {
	res, p := &sl.q.Resume, &sl.probe
	for more := true; more; {
		if p.ids, err = sl.listTerm(p.ids[:0], res.Index, res.Term, res.LastID+1, indexPortion); err != nil {
			return false, err
		}
		more = len(p.ids) == indexPortion
		for _, id := range p.ids {
			res.LastID = id
			if err := sl.candidate(id); err != nil {
				return false, err
			}
			if sl.view.ID == id && sl.offer() {
				return true, nil
			}
		}
	}
	return false, nil
}

// scanIDs reads the entries with the ids of a list.
func (sl *slice) scanIDs() (paused bool, err error) {
	res := &sl.q.Resume
	for i, id := range res.IDs {
		if err := sl.candidate(id); err != nil {
			return false, err
		}
		if sl.view.ID == id && sl.offer() {
			res.IDs = res.IDs[:copy(res.IDs, res.IDs[i+1:])]
			return true, nil
		}
	}
	res.IDs = res.IDs[:0]
	return false, nil
}

// candidate reads an entry that an index has listed. In the state in which the
// list was made the entry must be there; later it may have been deleted, and
// view.ID is 0 then.
func (sl *slice) candidate(id uint64) error {
	if sl.q.Resume.Seq == sl.t.st.seq {
		return sl.mustEntry(id)
	}
	found, err := sl.entry(id)
	if err == nil && !found {
		sl.view.ID = 0
	}
	return err
}

// references tells the referrals in scope (RFC 3296 5.3).
func (sl *slice) references() (paused bool, err error) {
	res := &sl.q.Resume
	for _, key := range sl.t.special.outer {
		if !schema.KeyInScope(key, res.Base, res.Scope) || len(res.Last) > 0 && bytes.Compare(key, res.Last) <= 0 {
			continue
		}
		res.Last = append(res.Last[:0], key...)
		found, err := sl.named(key)
		if err != nil {
			return false, err
		}
		if !found {
			return false, sl.s.seals.names.damage(key, "referral is missing")
		}
		scope := schema.ScopeSub
		if res.Scope == schema.ScopeOne {
			scope = schema.ScopeBase
		}
		sl.theirs = true
		next := sl.r.Reference(&sl.view, scope)
		sl.theirs = false
		if next == schema.Stop {
			res.Done = true
		}
		if next != schema.Continue {
			return true, nil
		}
	}
	res.References, res.Last = false, res.Last[:0]
	return false, nil
}
