package backend

// The writer: one goroutine that makes all changes. It takes everything that
// was queued while the last commit ran, and what others who can run queue then, so
// that many callers share one fsync. See group.go for what it does with them.

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/sunray-ds/utdsd/schema"
)

// maxBatch bounds the changes of one commit, and so how long one can take. What others
// cost is in docs/performance.md.
const maxBatch = 700

// lonely: of so many commits of one change each, all but one do not ask whether there
// could be more, which takes a seventh of the time of one.
const lonely = 16

// writer is the queue and the goroutine. st, special and lin belong to the
// goroutine; they are those of the last commit, which may still be flying.
type writer struct {
	s       *Store
	st      state
	special special
	lin     *lineage
	rd      reader
	// lastFull is when a commit last found no room, toldFull when that was last
	// logged; both are zero while there is room.
	lastFull, toldFull time.Time
	cramped            time.Time     // when there was last no room for a commit, or too little
	tightFor           time.Duration // from then on
	// unconfirmed counts since toldUnconfirmed, see tellUnconfirmed.
	unconfirmed     int
	toldUnconfirmed time.Time

	// filling is the transaction of the jobs taken last, flying the one before, while
	// it is flushed. nil is none.
	filling, flying *group
	gathering       gathering
	alone           int               // commits of one job since the last one of several
	flights         chan func() error // what fly has to do
	landed          chan error

	wake     chan struct{} // capacity 1
	finished chan struct{}

	mu      sync.Mutex
	queue   []*job
	csn     csn // that the last change got
	closing bool
	frozen  bool // see freeze
}

func newWriter(s *Store, st state, sp special, lin *lineage) *writer {
	return &writer{s: s, st: st, special: sp, lin: lin, rd: reader{s: s}, csn: st.csn, gathering: gathering{next: 1, alarm: startAlarm},
		flights: make(chan func() error), landed: make(chan error), wake: make(chan struct{}, 1), finished: make(chan struct{})}
}

// Apply queues c for the writer. done is called exactly once, when c is on disk
// or refused, from the writer's goroutine: it must not block, or all changes
// wait for it. If ctx ends before the writer has taken c, or the store is being
// closed, done gets canceled or unavailable and nothing is changed. c and what
// it points to must not be changed until then, nor before Apply returns. If a
// commit fails in a way that leaves open what is on disk, Options.Fatal is called
// and done is not.
func (s *Store) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	s.submit(ctx, &job{change: c, done: done})
}

// submit queues j, or refuses it.
func (s *Store) submit(ctx context.Context, j *job) {
	if s.writer == nil {
		j.refuse(schema.UnwillingToPerform, "the store is open for reading only")
		return
	}
	if ctx.Done() != nil {
		j.stop = context.AfterFunc(ctx, func() {
			if j.state.CompareAndSwap(jobWaiting, jobGivenUp) {
				j.refuse(schema.Canceled, "cancelled before it was begun")
			}
		})
	}
	if j.change != nil { // here, because the writer has enough to do
		key, err := s.schema.AppendDNKey(nil, []byte(j.change.DN))
		j.key, j.unnamed = key, err != nil
	}
	w := s.writer
	code, why, draft := w.enqueue(j)
	if code != schema.Success && w.take(j) {
		j.refuse(code, why)
	}
	if draft {
		defer j.drafting.Unlock()
		j.draft = s.draft(j)
	}
}

// enqueue tells with a code other than success why it did not. draft tells the
// caller to make a draft and then to unlock j.drafting: others come first.
func (w *writer) enqueue(j *job) (code schema.ResultCode, why string, draft bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.frozen: // and closed then
		return schema.Busy, "the data is being replaced: ask again", false
	case w.closing:
		return schema.Unavailable, "the store is being closed", false
	}
	if j.change != nil {
		j.at = w.s.opts.Clock()
		w.csn = w.csn.next(j.at)
		j.csn = w.csn
	}
	if draft = len(w.queue) >= draftFrom && j.draftable(); draft {
		j.drafting.Lock()
	}
	w.queue = append(w.queue, j)
	w.rouse()
	return schema.Success, "", draft
}

// rouse has the goroutine look at the queue.
func (w *writer) rouse() {
	select {
	case w.wake <- struct{}{}:
	default: // awake already
	}
}

// take makes j ours to answer, unless its caller has given up.
func (w *writer) take(j *job) bool {
	if j.stop != nil {
		j.stop()
	}
	return j.state.CompareAndSwap(jobWaiting, jobTaken)
}

// close ends the goroutine and waits for it. What is queued is refused.
func (w *writer) close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.rouse()
	<-w.finished
}

// run is the goroutine.
func (w *writer) run() {
	defer close(w.finished)
	debug.SetPanicOnFault(true) // see Store.reader
	if w.s.generation <= 1 {    // that of the store before is still at work: see admitted
		w.s.lasting.ballast.take()
	}
	go w.fly()
	defer close(w.flights)
	for open, ok := true, true; open; {
		select {
		case err := <-w.landed:
			answered := len(w.flying.jobs)
			if ok = w.land(err); ok && w.filling != nil {
				open, ok = w.gather(answered)
			}
		case <-w.wake:
		}
		if ok && w.flying == nil && w.alone%lonely == 0 {
			// Whoever can run goes first: what they bring shares the commit, of which
			// each takes processor time that searches would have.
			runtime.Gosched()
		}
		if ok && open {
			open, ok = w.woken()
		}
		if ok && w.flying == nil && w.filling != nil {
			if ok = w.depart(); !w.idle() {
				w.rouse() // there is room again
			}
		}
		if w.keepUp(); !ok {
			w.fail()
			return
		}
	}
}

// woken looks at the queue and fills a transaction. open is false when the store is
// being closed, ok when it has failed.
func (w *writer) woken() (open, ok bool) {
	room := maxBatch
	if w.filling != nil {
		room -= len(w.filling.jobs)
	}
	jobs, more, closing := w.next(room)
	if more && room > 0 {
		w.rouse()
	}
	switch {
	case closing:
		for _, j := range jobs {
			j.refuse(schema.Unavailable, "the store is being closed")
		}
		return false, w.landAll()
	case len(jobs) == 0: // or there is no room until the flight has landed
		return true, true
	case jobs[0].task != nil:
		if ok = w.landAll(); ok {
			ok = w.task(jobs[0])
		} else {
			jobs[0].ended(errFailed)
		}
	default:
		ok = w.fill(jobs)
	}
	return true, ok
}

// next takes what is queued: up to room changes for one commit, or one task.
func (w *writer) next(room int) (jobs []*job, more, closing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue := w.queue
	w.queue = nil
	if n := together(queue, room); n < len(queue) && !w.closing {
		queue, w.queue = queue[:n:n], queue[n:]
	}
	for _, j := range queue {
		if w.take(j) {
			jobs = append(jobs, j)
		}
	}
	return jobs, len(w.queue) > 0, w.closing
}

// keepUp has later changes get later CSNs than that of the last commit.
func (w *writer) keepUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.csn.before(w.st.csn) {
		w.csn = w.st.csn // a provider's clock is ahead of ours
	}
}

// idle tells whether nothing is queued.
func (w *writer) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) == 0
}

// together is how many jobs at the head of the queue share a transaction.
func together(queue []*job, room int) int {
	for i, j := range queue {
		switch {
		case j.task != nil:
			return max(i, 1)
		case i == room:
			return i
		}
	}
	return len(queue)
}

// fail refuses everything from now on.
func (w *writer) fail() {
	if g := w.filling; g != nil {
		if g.b != nil {
			w.s.rollBack(g.b.tx)
		}
		for _, j := range g.jobs {
			j.refuse(schema.Unavailable, "the store has failed")
		}
	}
	w.mu.Lock()
	w.closing = true
	queue := w.queue
	w.queue = nil
	w.mu.Unlock()
	for _, j := range queue {
		if w.take(j) {
			j.refuse(schema.Unavailable, "the store has failed")
		}
	}
}

// fullEvery is how often a disk that stays full is logged: the log may well be
// on the same disk.
const fullEvery = time.Minute

func (w *writer) tellFull(err error) {
	w.lastFull = time.Now()
	if w.lastFull.Sub(w.toldFull) >= fullEvery {
		w.toldFull = w.lastFull
		w.s.opts.Log.Error("no room for a commit: changes are refused, reads go on; make room on the disk", "error", err)
	}
}

// tellRoom says once that changes are made again. On a disk that is nearly full
// small commits go through between refused ones: that is not yet room.
func (w *writer) tellRoom() {
	if !w.lastFull.IsZero() && time.Since(w.lastFull) >= fullEvery {
		w.lastFull, w.toldFull = time.Time{}, time.Time{}
		w.s.opts.Log.Info("there is room again: changes are made")
	}
}

// longestTight bounds how long no free page is spared although there may be room again.
const longestTight = time.Hour

// cramp tells that there is no room, or too little. To find that out costs a commit that
// fails, after which bbolt reads the whole file; so each time it takes twice as long
// until that may happen again.
func (w *writer) cramp() {
	if !w.tight() {
		w.tightFor = min(max(2*w.tightFor, fullEvery), longestTight)
	}
	w.cramped = time.Now()
}

// tight tells that no free page may be spared.
func (w *writer) tight() bool { return !w.cramped.IsZero() && time.Since(w.cramped) < w.tightFor }

// untouched proves that a failed commit has left the file as it was: there was
// no room for new pages, which bbolt writes before the meta page that makes
// them valid. A failed fsync proves nothing (neither do other write errors),
// and a meta page that was written would show as a newer transaction.
func (s *Store) untouched(err error, id int) bool {
	var write *fs.PathError
	noRoom := errors.Is(err, berrors.ErrMaxSizeReached) ||
		errors.As(err, &write) && write.Op == "write" &&
			(errors.Is(write.Err, syscall.ENOSPC) || errors.Is(write.Err, syscall.EDQUOT))
	if !noRoom {
		return false
	}
	tx, err := s.db.Begin(false)
	if err != nil {
		return false
	}
	defer tx.Rollback()
	return tx.ID() == id-1
}
