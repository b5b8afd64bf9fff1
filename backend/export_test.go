package backend

import (
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// FewAnswers is how many the writer says are few.
const FewAnswers = fewAnswers

// SetCommit replaces the commit of s, for tests of commits that fail. It must be
// called while no change is on its way.
func SetCommit(s *Store, commit func(*bbolt.Tx) error) { s.commitTx = commit }

// SetSync replaces the flush of s, and gives the one that it had. It must be called
// while no change is on its way.
func SetSync(s *Store, sync func() error) (before func() error) {
	before, s.syncFile = s.syncFile, sync
	return before
}

// SetAlarm replaces the clock of s for groups that wait, and has it forget what waits
// have brought. It must be called while no change is on its way.
func SetAlarm(s *Store, alarm func(time.Duration) (rings <-chan time.Time, stop func() bool)) {
	s.writer.gathering = gathering{next: 1, alarm: alarm}
}

// CannotGrow keeps the file of s as large as it is. It must be called while no change
// is on its way.
func CannotGrow(s *Store) { s.db.MaxSize = 1 }

// HoldBack has s hold back all pages that are free, which are so many. It must be called
// while no change is on its way.
func HoldBack(s *Store) int {
	r := s.commits.reuse
	r.take()
	r.given, r.freed, r.whole = 0, 0, false
	return r.count
}

// LoseList has s not find bbolt's list of free pages. It must be called while no change
// is on its way.
func LoseList(s *Store) { s.commits.reuse = &reuse{} }

// MakeScarce has s believe that its ballast is given up and its disk nearly full.
func MakeScarce(s *Store) {
	b := s.lasting.ballast
	b.wanted, b.size, b.failed = 1, math.MaxInt64, time.Now()
	b.held.Store(0)
}

// Queued is how many changes the writer of s has not taken yet.
func Queued(s *Store) int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queue)
}

// Settle waits until the writer of s has made the changes that are queued, but for their
// commit. It queues what was given up already: to take that leads to nothing.
func Settle(s *Store) {
	j := &job{task: func(*batch) error { return nil }}
	j.state.Store(jobGivenUp)
	s.writer.enqueue(j)
	for Queued(s) > 0 {
		runtime.Gosched()
	}
}

// CommitBolt is the real commit.
func CommitBolt(tx *bbolt.Tx) error { return commitBolt(tx) }

// CountKeys walks the pages of the file at path.
func CountKeys(path string) (map[string]uint64, error) {
	v, err := inspectFile(path)
	if err != nil {
		return nil, err
	}
	err = v.all()
	keys := map[string]uint64{}
	for name, b := range v.buckets {
		keys[name] = b.keys
	}
	return keys, errors.Join(err, v.close())
}

// BeforeWalk has f called before the walk that follows the opening.
func BeforeWalk(o Options, f func()) Options {
	o.beforeWalk = f
	return o
}

// OnDraft has f told of each draft whether it held.
func OnDraft(o Options, f func(held bool)) Options {
	o.onDraft = f
	return o
}

// Freelist is the page with the list of free pages; ok is false if there is none.
func Freelist(path string) (page uint64, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	m, _, err := newestMeta(f)
	return m.freelist, m.listed(), err
}

// RootOf is the first page of a bucket of the file at path; 0 if it has none.
func RootOf(path, bucket string) (page uint64, err error) {
	v, err := inspectFile(path)
	if err != nil {
		return 0, err
	}
	return v.buckets[bucket].at.root, v.close()
}

// Current is the store that v serves now.
func Current(v *Served) *Store { return v.current.Load() }

// Frozen tells whether s refuses changes because it is being replaced.
func Frozen(s *Store) bool {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.writer.frozen
}

// LastCommit is the number of the last commit that is believed.
func LastCommit(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m, _, err := newestMeta(f)
	return m.txid, err
}

// IDsUnder are the ids of at least from that an index lists under a form, at most max.
func IDsUnder(s *Store, name, form string, from uint64, max int) (ids []uint64, err error) {
	rd, err := s.reader()
	if err != nil {
		return nil, err
	}
	defer rd.done(&err)
	i, term := termOf(s, name, form)
	if s.indexes[i].isPart(term) && from == 0 {
		return rd.listed(nil, i, term, max)
	}
	return rd.listTerm(nil, i, term, from, max)
}

// Estimated is about how many ids IDsUnder would give, as plans have it.
func Estimated(s *Store, name, form string) (n int, err error) {
	rd, err := s.reader()
	if err != nil {
		return 0, err
	}
	defer rd.done(&err)
	i, term := termOf(s, name, form)
	return (&slice{reader: rd}).about(i, term), nil
}

// termOf finds the index of a name, and what is looked for in it: of a form that is
// shorter than grams, all grams that begin so.
func termOf(s *Store, name, form string) (i int, term []byte) {
	i = slices.IndexFunc(s.indexes, func(ix *index) bool { return ix.name == name })
	if s.indexes[i].isPart([]byte(form)) {
		return i, []byte(form)
	}
	return i, appendTerm(nil, []byte(form))
}

// Facts are those of no store.
type Facts struct{ *facts }

// NewFacts makes empty ones.
func NewFacts() Facts { return Facts{newFacts()} }

// About is what was remembered for key.
func (f Facts) About(key []byte) (uint64, bool) { return f.about(key) }

// Remember keeps value for key.
func (f Facts) Remember(key []byte, value uint64) { f.remember(key, value) }

// FactsKept is how many there is room for.
const FactsKept = factLines * factLine

// NoteSpot has s look for the entry with id where that with the id of was found, for
// the newest commit.
func NoteSpot(s *Store, id, of uint64) {
	sn := s.take()
	defer s.drop(sn)
	at := s.spots[of%spotSlots].Load() >> spotBits * spotUnit
	s.spots.note(id, uint64(sn.tx.ID()), at)
}
