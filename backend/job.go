package backend

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// States of a job.
const (
	jobWaiting int32 = iota
	jobTaken
	jobGivenUp // cancelled; its caller has its answer
)

// job is a change, or a task, on its way. Whoever moves it from waiting answers
// it.
type job struct {
	change *schema.Change
	key    []byte // of the name in change, unless unnamed
	done   func(schema.ChangeDone)
	task   func(*batch) error // not nil: instead of a change
	ended  func(error)
	state  atomic.Int32
	stop   func() bool // ends the watch over the caller's context

	unnamed  bool      // change has what is no name
	at       time.Time // when a change was queued
	csn      csn       // that it gets then
	drafting sync.Mutex
	draft    *draft // if one was made; drafting guards it
}

func (j *job) refuse(code schema.ResultCode, text string) {
	if j.task != nil {
		j.ended(schema.Refuse(code, text))
		return
	}
	j.done(schema.ChangeDone{Result: schema.Result{Code: code, Diagnostic: text}})
}

// draftable tells whether the change of j is one of which there can be a draft.
// What the controls ask for is looked at in the transaction.
func (j *job) draftable() bool {
	c := j.change
	return c != nil && !j.unnamed && c.Kind == schema.ChangeModify && c.Assertion == nil && !c.WantPreRead && !c.WantPostRead
}

// drafted waits for the draft of j, if one is being made.
func (j *job) drafted() *draft {
	j.drafting.Lock()
	defer j.drafting.Unlock()
	return j.draft
}
