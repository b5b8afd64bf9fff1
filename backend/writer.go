package backend

// The writer: one goroutine that makes all changes. It takes everything that
// was queued while the last commit ran, so that many callers share one fsync
// and a single one waits for nobody.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/sunray-ds/utdsd/schema"
)

// maxBatch bounds the changes of one commit, and so how long one can take.
const maxBatch = 1000

// States of a job.
const (
	jobWaiting int32 = iota
	jobTaken
	jobGivenUp // cancelled; its caller has its answer
)

// job is a change on its way. Whoever moves it from waiting answers it.
type job struct {
	change *schema.Change
	done   func(schema.ChangeDone)
	state  atomic.Int32
	stop   func() bool // ends the watch over the caller's context
}

func (j *job) refuse(code schema.ResultCode, text string) {
	j.done(schema.ChangeDone{Result: schema.Result{Code: code, Diagnostic: text}})
}

// writer is the queue and the goroutine. st, special and lin belong to the
// goroutine; they are those of the last commit.
type writer struct {
	s       *Store
	st      state
	special special
	lin     *lineage
	rd      reader
	// lastFull is when a commit last found no room, toldFull when that was last
	// logged; both are zero while there is room.
	lastFull, toldFull time.Time

	wake     chan struct{} // capacity 1
	finished chan struct{}

	mu      sync.Mutex
	queue   []*job
	closing bool
}

func newWriter(s *Store, st state, sp special, lin *lineage) *writer {
	return &writer{s: s, st: st, special: sp, lin: lin, rd: reader{s: s},
		wake: make(chan struct{}, 1), finished: make(chan struct{})}
}

// Apply queues c for the writer. done is called exactly once, when c is on disk
// or refused, from the writer's goroutine: it must not block, or all changes
// wait for it. If ctx ends before the writer has taken c, or the store is being
// closed, done gets canceled or unavailable and nothing is changed. c and what
// it points to must not be changed until then. If a commit fails in a way that
// leaves open what is on disk, Options.Fatal is called and done is not.
func (s *Store) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	j := &job{change: c, done: done}
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
	if w := s.writer; !w.enqueue(j) && w.take(j) {
		j.refuse(schema.Unavailable, "the store is being closed")
	}
}

func (w *writer) enqueue(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return false
	}
	w.queue = append(w.queue, j)
	select {
	case w.wake <- struct{}{}:
	default: // awake already
	}
	return true
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
	select {
	case w.wake <- struct{}{}:
	default:
	}
	<-w.finished
}

// run is the goroutine.
func (w *writer) run() {
	defer close(w.finished)
	debug.SetPanicOnFault(true) // see Store.reader
	for range w.wake {
		jobs, more, closing := w.next()
		if closing {
			for _, j := range jobs {
				j.refuse(schema.Unavailable, "the store is being closed")
			}
			return
		}
		if more {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
		if len(jobs) > 0 && !w.batch(jobs) {
			w.fail()
			return
		}
	}
}

// next takes what is queued.
func (w *writer) next() (jobs []*job, more, closing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue := w.queue
	w.queue = nil
	if len(queue) > maxBatch && !w.closing {
		queue, w.queue = queue[:maxBatch:maxBatch], queue[maxBatch:]
	}
	for _, j := range queue {
		if w.take(j) {
			jobs = append(jobs, j)
		}
	}
	return jobs, len(w.queue) > 0, w.closing
}

// fail refuses everything from now on.
func (w *writer) fail() {
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

// batch makes the changes of jobs in one transaction and answers them. It
// reports whether the store may go on.
func (w *writer) batch(jobs []*job) bool {
	results := make([]schema.ChangeDone, len(jobs))
	b, err := w.begin()
	if err == nil {
		for i, j := range jobs {
			if results[i], err = b.apply(j.change); err != nil {
				break
			}
		}
	}
	if err == nil && b.changes > 0 {
		err = b.finish()
	}
	switch {
	case err != nil: // nothing of the batch is kept
		if b != nil {
			b.tx.Rollback()
		}
		res := *w.s.refusal(err)
		for i := range results {
			results[i] = schema.ChangeDone{Result: res}
		}
	case b.changes == 0:
		b.tx.Rollback()
	default:
		full, ok := w.commit(b)
		if !ok {
			return false
		}
		if full {
			for i := range results {
				results[i] = schema.ChangeDone{Result: schema.Result{Code: schema.UnwillingToPerform,
					Diagnostic: "the disk is full: nothing was changed, and changes are possible again when there is room"}}
			}
		}
	}
	for i, j := range jobs {
		j.done(results[i])
	}
	return true
}

// commit makes b durable and visible. full tells that there was no room and
// that the file is as it was. ok is false when the store has failed.
func (w *writer) commit(b *batch) (full, ok bool) {
	s, id := w.s, b.tx.ID()
	begun := time.Now()
	err := s.commitTx(b.tx)
	if err == nil {
		s.metrics.commit.Observe(time.Since(begun).Seconds())
		s.metrics.batch.Observe(float64(b.changes))
		w.tellRoom()
		w.st, w.special, w.lin = b.st, b.special, b.lin
		if err = s.publish(w.st, w.special, w.lin); err == nil {
			return false, true
		}
	}
	if s.untouched(err, id) {
		s.metrics.full.Inc()
		w.tellFull(err)
		return true, true
	}
	s.opts.Fatal(fmt.Errorf("commit %d: %w", id, err))
	return false, false
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

// commitBolt is Store.commitTx but in tests. bbolt may panic on damaged pages.
func commitBolt(tx *bbolt.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return tx.Commit()
}

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
