package backend_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// waiting is a store with a group of two changes that waits for who was just answered.
type waiting struct {
	*world
	rings chan time.Time // ends the wait
	land  chan struct{}  // lets the next commit land
	ready chan schema.ChangeDone
}

func newWaiting(t *testing.T) *waiting {
	t.Helper()
	w := &waiting{newWorld(t), make(chan time.Time), make(chan struct{}), make(chan schema.ChangeDone, 2)}
	w.fill(4)
	waits := make(chan struct{}, 1)
	backend.SetAlarm(w.Store, func(d time.Duration) (<-chan time.Time, func() bool) {
		if d <= 0 || d > 5*time.Millisecond {
			t.Errorf("a group is to wait for %s", d)
		}
		waits <- struct{}{}
		return w.rings, func() bool { return true }
	})
	backend.SetSync(w.Store, func() error { <-w.land; return nil })
	t.Cleanup(func() { close(w.land) }) // before the store is closed
	release := w.hold()
	w.change(0, w.ready)
	w.change(1, w.ready)
	release()
	backend.Settle(w.Store)
	w.land <- struct{}{} // the change with which the writer was held
	select {
	case <-waits:
	case w.land <- struct{}{}:
		t.Fatal("the group has not waited")
	}
	return w
}

// change queues a change of user i.
func (w *waiting) change(i int, done chan schema.ChangeDone) {
	c := replace(fmt.Sprintf("cn=user%06d,%s", i, people), "description", "changed")
	w.Apply(context.Background(), c, func(d schema.ChangeDone) { done <- d })
}

// TestGroupWaitsForThoseJustAnswered: two changes are ready when a third one is
// answered; whoever made that one makes another, which shares their commit although
// there was a moment in which the two could have left.
func TestGroupWaitsForThoseJustAnswered(t *testing.T) {
	w := newWaiting(t)
	var commits atomic.Int64
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { commits.Add(1); return backend.CommitBolt(tx) })
	later := make(chan schema.ChangeDone, 1)
	w.change(2, later)
	w.land <- struct{}{}
	for _, done := range []chan schema.ChangeDone{w.ready, w.ready, later} {
		if d := <-done; d.Result.Code != schema.Success {
			t.Fatal(&d.Result)
		}
	}
	if n := commits.Load(); n != 1 {
		t.Errorf("%d commits for three changes", n)
	}
}

// TestGroupDoesNotWaitForEver: whoever was answered does not ask on.
func TestGroupDoesNotWaitForEver(t *testing.T) {
	w := newWaiting(t)
	w.rings <- time.Time{}
	w.land <- struct{}{}
	for range 2 {
		if d := <-w.ready; d.Result.Code != schema.Success {
			t.Fatal(&d.Result)
		}
	}
}
