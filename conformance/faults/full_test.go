// full_test.go: the disk fills up under load and gets room again.

package faults

import (
	"syscall"
	"testing"
	"time"
)

const (
	cycles     = 3
	refusals   = 40 // answers that the disk is full, before it gets room
	afterwards = 200
	fillsIn    = 60 * time.Second
)

// TestDiskFillsUp: a full disk is told to who writes, reads go on, nothing that
// was acknowledged is lost, not even when the server is killed meanwhile, and
// with room on the disk the server writes again without being started anew.
func TestDiskFillsUp(t *testing.T) {
	random := seed(t)
	t.TempDir() // on the ordinary disk, with the ledgers
	dir, resize := tmpfs(t, "2m")
	t.Setenv("TMPDIR", dir)
	s := newSubject(t)
	if !s.start(t) {
		t.Fatalf("the server does not start\n%s", s.log.String())
	}
	s.changes = s.lastChange(t)
	for cycle, sizes := range [cycles][2]string{{"2m", "8m"}, {"8m", "16m"}, {"16m", "64m"}} {
		resize(sizes[0])
		l := s.startLoad(t, random, 51, 52, 53)
		if !l.awaitRefusals(refusals) {
			t.Fatalf("cycle %d: %d changes, %d refused, then the server was gone or time was over\n%s",
				cycle, l.acks.Load(), l.refused.Load(), s.log.String())
		}
		l.finish()
		s.verify(t)
		if cycle == 1 {
			s.end(t, syscall.SIGKILL)
			s.check(t)
			if !s.start(t) {
				t.Fatalf("the server does not start on a full disk\n%s", s.log.String())
			}
			s.verify(t)
		}
		resize(sizes[1])
		more := s.startLoad(t, random)
		if !more.awaitAcks(afterwards, answersIn) {
			t.Errorf("cycle %d: %d changes acknowledged after the disk got room", cycle, more.acks.Load())
		}
		more.finish()
		s.verify(t)
		t.Logf("cycle %d: %d changes until the disk was full, %d refused, %d after it got room",
			cycle, l.acks.Load(), l.refused.Load(), more.acks.Load())
		if t.Failed() {
			return
		}
	}
	s.end(t, syscall.SIGTERM)
	s.check(t)
}

// awaitRefusals waits until so many requests were refused.
func (l *load) awaitRefusals(n int64) bool {
	deadline := time.After(fillsIn)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for l.refused.Load() < n {
		select {
		case <-l.gone:
			return false
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
	return true
}
