// kill_test.go: kill -9 under write load, again and again on the same store.

package faults

import (
	"syscall"
	"testing"
	"time"
)

const (
	kills      = 20
	fewestAcks = 50 // in a round, before it may be killed
	slowest    = 50 // acknowledged changes per second, below which a run shows nothing
)

// TestKilledUnderWriteLoad kills the server at a random moment 0.3 to 1.5 s
// into the load and looks at what is left, every round on the store of the one
// before.
func TestKilledUnderWriteLoad(t *testing.T) {
	random := seed(t)
	s := newSubject(t)
	if !s.start(t) {
		t.Fatalf("the server does not start\n%s", s.log.String())
	}
	s.changes = s.lastChange(t)
	var acks int64
	var under time.Duration
	for round := range times(t, kills) {
		l := s.startLoad(t, random)
		moment := time.After(300*time.Millisecond + time.Duration(random.Int64N(int64(1200*time.Millisecond))))
		if !l.awaitAcks(fewestAcks, answersIn) {
			t.Fatalf("round %d: %d changes acknowledged", round, l.acks.Load())
		}
		select {
		case <-moment:
		case <-s.done:
			t.Fatalf("round %d: the server ended by itself", round)
		}
		s.end(t, syscall.SIGKILL)
		under += time.Since(l.started)
		l.finish()
		acks += l.acks.Load()
		if round%2 == 0 { // otherwise the server itself is the first to see the store
			s.check(t)
		}
		if !s.start(t) {
			t.Fatalf("round %d: the server does not start again\n%s", round, s.log.String())
		}
		s.verify(t)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	s.end(t, syscall.SIGTERM)
	s.check(t)
	rate := float64(acks) / under.Seconds()
	t.Logf("%d kills, %d changes acknowledged, %.0f in a second", times(t, kills), acks, rate)
	if rate < slowest {
		t.Errorf("%.0f acknowledged changes in a second, at least %d are needed to show anything", rate, slowest)
	}
}
