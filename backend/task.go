package backend

// Tasks: what the writer does in a transaction of its own, in line with the
// queued changes, because it is kept as a whole or not at all.

import (
	"context"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
)

// errFailed is the end of a task whose commit has failed: Options.Fatal knows.
var errFailed = errors.New("the store has failed")

// perform has the writer run task and returns when what it did is durable. An
// error means that nothing was changed, but for errFailed. If ctx ends before
// the writer has taken the task, the error is that of ctx. task may be run more than
// once, each time on a batch without any of its changes.
func (s *Store) perform(ctx context.Context, task func(*batch) error) error {
	if ctx.Err() != nil { // the writer may be quicker than the watch over ctx
		return context.Cause(ctx)
	}
	ended := make(chan error, 1)
	s.submit(ctx, &job{task: task, ended: func(err error) { ended <- err }})
	err := <-ended
	var res *schema.Result
	if errors.As(err, &res) && res.Code == schema.Canceled && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// task runs a task and makes durable what it did. It reports whether the store
// may go on. One that deletes entries and finds no room gets that of the ballast.
func (w *writer) task(j *job) bool {
	ballast := w.s.lasting.ballast
	ballast.take()
	b, full, ok, err := w.runTask(j.task)
	if full && b.partly { // now no free page is held back
		b, full, ok, err = w.runTask(j.task)
	}
	if full && b.deletes && ballast.give() {
		_, full, ok, err = w.runTask(j.task)
	}
	switch {
	case !ok:
		err = errFailed
	case full:
		err = errFull()
	}
	j.ended(err)
	return ok
}

// runTask is one attempt, in b. full tells that there was no room, ok is false when the
// store has failed; else err is what the task says.
func (w *writer) runTask(task func(*batch) error) (b *batch, full, ok bool, err error) {
	b, err = w.begin()
	if err == nil {
		err = w.s.guarded(func() error { return task(b) })
	}
	altered := b != nil && b.altered()
	if err == nil && altered {
		err = b.finish()
	}
	if err == nil && altered {
		full, ok = w.commit(b, b.partly)
		return b, full, ok, nil
	}
	if b != nil {
		w.s.rollBack(b.tx)
	}
	var damage *DamageError
	if errors.As(err, &damage) {
		_ = w.s.refusal(err) // counts and logs it
	}
	return b, false, true, err
}

func errFull() *schema.Result {
	return schema.Refuse(schema.UnwillingToPerform,
		"the disk is full: nothing was changed, and changes are possible again when there is room")
}

// freeze refuses everything from now on, and returns when what was queued
// before is answered. After an error nothing is refused.
func (w *writer) freeze() error {
	ended := make(chan error, 1)
	last := &job{task: func(*batch) error { return nil }, ended: func(err error) { ended <- err }}
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return schema.Refuse(schema.Unavailable, "the store is being closed")
	}
	w.frozen = true
	w.queue = append(w.queue, last)
	w.mu.Unlock()
	w.rouse()
	err := <-ended
	if err != nil {
		w.thaw()
	}
	return err
}

// thaw ends freeze.
func (w *writer) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = false
}
