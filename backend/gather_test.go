package backend_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// TestGroupWaitsForThoseJustAnswered: two changes are ready when a third one is
// answered; whoever made that one makes another, which shares their commit although
// there was a moment in which the two could have left.
func TestGroupWaitsForThoseJustAnswered(t *testing.T) {
	w := newWorld(t)
	w.fill(4)
	waits := make(chan struct{}, 1)
	backend.SetAlarm(w.Store, func(d time.Duration) (<-chan time.Time, func() bool) {
		if d <= 0 || d > 5*time.Millisecond {
			t.Errorf("a group is to wait for %s", d)
		}
		waits <- struct{}{}
		return nil, func() bool { return true } // it never rings
	})
	land := make(chan struct{})
	defer close(land)
	backend.SetSync(w.Store, func() error { <-land; return nil })
	change := func(i int, done chan schema.ChangeDone) {
		c := replace(fmt.Sprintf("cn=user%06d,%s", i, people), "description", "changed")
		w.Apply(context.Background(), c, func(d schema.ChangeDone) { done <- d })
	}
	for range 100 {
		release := w.hold()
		ready, later := make(chan schema.ChangeDone, 2), make(chan schema.ChangeDone, 1)
		change(0, ready)
		change(1, ready)
		release()
		for backend.Queued(w.Store) > 0 {
			runtime.Gosched()
		}
		var commits atomic.Int64
		land <- struct{}{} // the change with which the writer was held
		select {
		case <-waits:
		case land <- struct{}{}: // it landed while the others were still being made
			<-ready
			<-ready
			continue
		}
		backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { commits.Add(1); return backend.CommitBolt(tx) })
		change(2, later)
		land <- struct{}{}
		for _, done := range []chan schema.ChangeDone{ready, ready, later} {
			if d := <-done; d.Result.Code != schema.Success {
				t.Fatal(&d.Result)
			}
		}
		if n := commits.Load(); n != 1 {
			t.Errorf("%d commits for three changes", n)
		}
		return
	}
	t.Fatal("no group has waited in 100 times")
}
