package backend

// Reuse: which of the free pages are written to. bbolt takes any one of them, so the
// pages of a commit lie all over the file, and a disk takes 17 µs to flush each; it
// takes 2 µs for one in a row with others. Therefore free pages go round: bbolt is
// given what a few commits take, in ascending order and leaving out pages that are
// alone; what becomes free meanwhile is held back until its turn comes. If too little
// lies together the file grows: by two thirds where every change is of another entry.
// Where half of it is free, or more, single pages are used before it grows further
// (TestFileThatIsHalfFreeDoesNotGrow). The figures are in docs/performance.md.
//
// bbolt has no way to say this, so its list is reached by reflection. For the file
// that is safe, because the list loses pages and gets the same ones back. One that is
// forgotten is not used until the store is opened without a list of free pages. One
// that is there twice would be written over; see renewed.

import (
	"math"
	"math/bits"
	"reflect"
	"slices"
	"sync/atomic"

	"go.etcd.io/bbolt"
)

const (
	// freeRow is how many free pages have to lie in a row. With 2 of them 46 of 100 pages
	// begin a row, with 3 it is 30, with 4 it is 22; the file has 1.4, 1.7 and 1.9 times as
	// many pages as are in use then.
	freeRow = 3
	// leastGiven is how many pages bbolt is given at a time at least.
	leastGiven = 512
)

// reuse belongs to the writer.
type reuse struct {
	// list is bbolt's own list of pages that can be written to; it takes the first that
	// fits. nil: it is not where it is looked for.
	list  *[]uint64
	held  []uint64     // a bit for each page that is held back
	count int          // of them
	shown atomic.Int64 // count when the last transaction ended, for others
	given int          // length of list, when it was last completed
	whole bool         // the list is in order and has all free pages
	hand  uint64       // the page from which the next ones are given
	freed int          // pages that have become free since bbolt was last given some
	wrote int          // pages of the last commit
	pages int          // of the file, when the last transaction began
	long  bool         // there are values that do not fit into what bbolt is given
}

// newReuse finds the list of db, which is open with bbolt.FreelistArrayType.
func newReuse(db *bbolt.DB) *reuse {
	r := &reuse{}
	list := reflect.ValueOf(db).Elem().FieldByName("freelist")
	if list.Kind() != reflect.Interface || list.Elem().Kind() != reflect.Pointer || list.Elem().Elem().Kind() != reflect.Struct {
		return r
	}
	ids := list.Elem().Elem().FieldByName("ids")
	if ids.Kind() == reflect.Slice && ids.Type().Elem().Kind() == reflect.Uint64 {
		r.list = (*[]uint64)(ids.Addr().UnsafePointer())
	}
	return r
}

// begin is db.Begin(true). all tells to hold nothing back: there is no room to grow,
// or the list is about to be written.
func (r *reuse) begin(db *bbolt.DB, all bool) (*bbolt.Tx, error) {
	if r.list == nil {
		return db.Begin(true)
	}
	r.renewed()
	given, merges := *r.list, all && r.whole
	if !merges {
		*r.list = nil // or bbolt would merge into it, page by page, what becomes free now
	}
	tx, err := db.Begin(true)
	if err != nil {
		*r.list = given
		return nil, err
	}
	pages := int(tx.Size()) / db.Info().PageSize
	if !merges {
		r.freed += len(*r.list)
		r.hold(*r.list)
		*r.list = given
		r.deal(pages, all)
	}
	r.given, r.pages, r.whole = len(*r.list), pages, all
	return tx, nil
}

// deal completes bbolt's list for a transaction on a file of so many pages.
func (r *reuse) deal(pages int, all bool) {
	given, held, least := len(*r.list), r.count, max(leastGiven, 2*r.wrote)
	plenty, want := 2*(given+held) > pages, least
	if plenty {
		want = max(least, given+held)
	}
	// Where the file has grown although there were pages left, a value was too long for
	// the rows of them. All free pages together may have room for it.
	r.long = plenty && (r.long || given > 0 && r.pages > 0 && pages > r.pages)
	switch {
	case all, r.long && held > given/8:
		r.take()
		r.give(1, math.MaxInt)
	case r.long:
	case given > 2*want: // bbolt has made the list
		r.take()
		r.give(freeRow, want)
	case given < want/2 && (r.freed >= least/4 || plenty && given < least/2):
		r.give(freeRow, want)
		if plenty && len(*r.list) < want/2 {
			r.give(1, want)
		}
	}
}

// renewed forgets what is held back if bbolt has made its list anew, as it does when a
// commit fails: then that is in the list, which has become longer. That is so as long
// as the state before is in force. After another failure (a flush, a meta page that was
// written) the store must write no more, and does not: see Store.untouched.
func (r *reuse) renewed() {
	if r.list != nil && len(*r.list) > r.given {
		r.held, r.count, r.whole = nil, 0, false
	}
}

// ended tells that the transaction has ended, whichever way.
func (r *reuse) ended() {
	r.renewed()
	r.shown.Store(int64(r.count))
}

// free is how many pages of db the transaction that is under way, or the next one, may
// write to, without those that become free when that begins.
func (r *reuse) free(db *bbolt.DB) int {
	if r.list == nil {
		return db.Stats().FreePageN
	}
	return len(*r.list) + r.count
}

// hold holds pages back.
func (r *reuse) hold(pages []uint64) {
	for _, id := range pages {
		at, bit := id/64, uint64(1)<<(id%64)
		if n := at + 1; n > uint64(len(r.held)) {
			r.held = append(r.held, make([]uint64, n-uint64(len(r.held)))...)
		}
		if r.held[at]&bit == 0 {
			r.held[at] |= bit
			r.count++
		}
	}
}

// take takes all that bbolt was given.
func (r *reuse) take() {
	r.hold(*r.list)
	*r.list, r.hand = nil, 0
}

// give completes bbolt's list to so many pages, of those that lie in rows of at least
// so many.
func (r *reuse) give(row, want int) {
	r.freed = 0
	*r.list = slices.Grow(*r.list, max(min(want-len(*r.list), r.count), 0))
	from, end := r.hand, uint64(len(r.held))*64
	r.sweep(end, row, want)
	if len(*r.list) < want {
		r.hand = 0
		r.sweep(min(from, end), row, want)
	}
}

// sweep goes on to the page end.
func (r *reuse) sweep(end uint64, row, want int) {
	for r.hand < end && len(*r.list) < want {
		first := r.next(r.hand, end, 0)
		r.hand = r.next(first, end, ^uint64(0))
		if int(r.hand-first) < row {
			continue
		}
		for id := first; id < r.hand; id++ {
			r.held[id/64] &^= 1 << (id % 64)
			*r.list = append(*r.list, id)
		}
		r.count -= int(r.hand - first)
	}
}

// next is the first page from at on whose bit is not that of not; end if there is none.
func (r *reuse) next(at, end, not uint64) uint64 {
	for at < end {
		if set := (r.held[at/64] ^ not) >> (at % 64); set != 0 {
			return min(at+uint64(bits.TrailingZeros64(set)), end)
		}
		at = at/64*64 + 64
	}
	return end
}
