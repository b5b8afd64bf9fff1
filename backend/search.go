package backend

// Searching, slice by slice. A slice reads one snapshot; between slices the
// store may change, and the search goes on behind the entry it saw last.

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

// Search works on q for one slice and hands what it finds to r. When it returns
// nil and q.Resume.Done is false, the caller calls it again, any time later: in
// between, no resource of the store is held. An entry is given at most once
// unless it is renamed while the search goes on; entries deleted in between are
// left out. The error is always a *schema.Result. Search does not allocate for
// a base object or an equality filter with an index.
func (s *Store) Search(q *schema.Search, r schema.Receiver) error {
	rd, err := s.reader()
	if err != nil {
		return err
	}
	return rd.slice(q, r)
}

// slice searches for one slice and gives rd back.
func (rd *reader) slice(q *schema.Search, r schema.Receiver) (err error) {
	defer rd.done(&err)
	return rd.search(q, r)
}

// Get hands the entry with the given key to f, whatever kind it is. The View is
// valid during the call. If there is no such entry the error is noSuchObject
// with the matchedDN; f's error is returned as it is if it is a
// *schema.Result.
func (s *Store) Get(key []byte, f func(v *schema.View) error) error {
	return s.Target(key, nil, true, f)
}

// Target is Get for the target of a compare or bind: without manageDsaIT an
// entry at or below a referral is answered by the referral (RFC 3296 5.2). dn
// is the name as the client sent it.
func (s *Store) Target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) error {
	rd, err := s.reader()
	if err != nil {
		return err
	}
	return rd.target(key, dn, manageDsaIT, f)
}

// target is Target; it gives rd back.
func (rd *reader) target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) (err error) {
	defer rd.done(&err)
	if !manageDsaIT {
		if err := rd.referred(key, dn, referNoScope); err != nil {
			return err
		}
	}
	found, err := rd.named(key)
	if err != nil {
		return err
	}
	if !found {
		return rd.noSuchObject(key)
	}
	rd.theirs = true
	err = f(&rd.view)
	rd.theirs = false
	return err
}

// noSuchObject makes the Result for a name that is not there, with the longest
// existing ancestor as matchedDN. Names outside of the suffix have none.
func (rd *reader) noSuchObject(key []byte) error {
	res := schema.Refuse(schema.NoSuchObject, "")
	for key = schema.KeyParent(key); rd.s.holds(key); key = schema.KeyParent(key) {
		found, err := rd.named(key)
		if err != nil {
			return err
		}
		if found {
			res.MatchedDN = string(rd.view.DN)
			break
		}
	}
	return res
}

// holds tells whether key is at or below the suffix.
func (s *Store) holds(key []byte) bool {
	return bytes.Equal(key, s.suffixKey) || schema.KeyUnder(key, s.suffixKey)
}

// slice is one slice of a search at work.
type slice struct {
	*reader
	q    *schema.Search
	r    schema.Receiver
	left int // candidates that may still be looked at
	// matched is the entry of which the filter has been found true already; 0 is none.
	matched uint64
}

func (rd *reader) search(q *schema.Search, r schema.Receiver) error {
	res := &q.Resume
	if res.Done {
		return nil
	}
	sl := slice{reader: rd, q: q, r: r, left: q.Examine}
	if !res.Started {
		if err := sl.begin(); err != nil {
			return err
		}
		res.Started = true
	}
	for !res.Done {
		paused, err := sl.base()
		if err != nil || paused || res.Done {
			return err
		}
		if len(res.More) == 0 {
			res.Done = true
			break
		}
		res.Base, res.Scope = append(res.Base[:0], res.More[0].Key...), res.More[0].Scope
		res.More = res.More[1:]
		if err := sl.plan(); err != nil {
			return err
		}
	}
	return nil
}

// begin finds the base and plans.
func (sl *slice) begin() error {
	q, res := sl.q, &sl.q.Resume
	res.Base, res.Scope = append(res.Base[:0], q.Base...), q.Scope
	if q.Deref&schema.DerefFinding != 0 && len(sl.t.special.aliases) > 0 {
		key, err := sl.follow(q.Base)
		if err != nil {
			return err
		}
		res.Base = append(res.Base[:0], key...)
	}
	if !q.ManageDsaIT {
		if err := sl.referred(res.Base, q.BaseDN, int(q.Scope)); err != nil {
			return err
		}
	}
	var found bool
	var err error
	switch {
	case q.Scope == schema.ScopeBase:
		found, err = sl.named(res.Base)
	case bytes.Equal(res.Base, sl.s.suffixKey):
		found = sl.t.st.entries > 0 // the others stand below it
	default:
		_, _, found, err = sl.id(res.Base)
	}
	if err != nil {
		return err
	}
	if !found {
		return sl.noSuchObject(res.Base)
	}
	if q.Scope == schema.ScopeBase {
		res.Plan, res.Seq, res.IDs = planIDs, sl.t.st.seq, append(res.IDs[:0], sl.view.ID)
		return nil
	}
	if q.Deref&schema.DerefSearching != 0 && len(sl.t.special.aliases) > 0 {
		if err := sl.followAll(); err != nil {
			return err
		}
	}
	return sl.plan()
}

// base searches the current base to its end, or to the end of the slice.
func (sl *slice) base() (paused bool, err error) {
	if sl.q.Resume.References {
		if paused, err = sl.references(); paused || err != nil || sl.q.Resume.Done {
			return paused, err
		}
	}
	switch sl.q.Resume.Plan {
	case planAll:
		return sl.scanAll()
	case planTree:
		return sl.scanTree()
	case planIndex:
		return sl.scanIndex()
	}
	return sl.scanIDs()
}

// offer gives the entry in view to the receiver if it is in scope and matches.
// It reports whether the slice ends here.
func (sl *slice) offer() (stop bool) {
	q := sl.q
	q.Examined++
	if sl.left--; sl.left == 0 {
		stop = true
	}
	if !sl.wanted() {
		return stop
	}
	sl.theirs = true
	next := schema.Continue
	if sl.view.ID == sl.matched || q.Filter.Match(sl.s.schema, &sl.view) == schema.True {
		next = sl.r.Entry(&sl.view)
	}
	sl.theirs = false
	if next == schema.Stop {
		q.Resume.Done = true
	}
	return stop || next != schema.Continue
}

// wanted tells whether the entry in view belongs into the answer, but for the
// filter. Referrals have been told already, and what lies below them is not
// ours; aliases in scope have been followed.
func (sl *slice) wanted() bool {
	q, res, v := sl.q, &sl.q.Resume, &sl.view
	if !schema.KeyInScope(v.Key, res.Base, res.Scope) {
		return false
	}
	if !q.ManageDsaIT && sl.t.special.referralAbove(v.Key) != nil {
		return false
	}
	return v.Kind&schema.KindAlias == 0 || q.Deref&schema.DerefSearching == 0 || bytes.Equal(v.Key, res.Base)
}
