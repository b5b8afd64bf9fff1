// inject_test.go: the n-th system call of a kind kills the server or fails.

package faults

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	points   = 24               // n-th calls of each kind
	lastCall = 120              // n is at most this
	loadFor  = 10 * time.Second // a point that the load does not reach in this time is not reached
)

// injection is what happens at the n-th call.
type injection struct {
	name  string
	calls []string
	what  string // in strace's words
	exits bool   // the server must end by itself
}

// TestKilledAtASystemCall kills the server when it enters a flush or a write.
func TestKilledAtASystemCall(t *testing.T) {
	runInjections(t, newSubject(t), killed())
}

func killed() injection {
	return injection{"killed", []string{"fdatasync", "pwrite64"}, "signal=SIGKILL", true}
}

// TestFlushFails: nobody knows what is on the disk after a flush that failed,
// so the server has to end without another acknowledgement.
func TestFlushFails(t *testing.T) {
	runInjections(t, newSubject(t), injection{"EIO", []string{"fdatasync"}, "error=EIO", true})
}

// TestWriteFails: the server may refuse the change and go on, or end.
func TestWriteFails(t *testing.T) {
	runInjections(t, newSubject(t), injection{"EIO", []string{"pwrite64"}, "error=EIO", false})
}

// runInjections goes through random points on one store.
func runInjections(t testing.TB, s *subject, i injection) {
	t.Helper()
	strace := harness.Program(t, "strace")
	random := seed(t)
	if !s.start(t) {
		t.Fatalf("the server does not start\n%s", s.log.String())
	}
	s.changes = s.lastChange(t)
	s.end(t, syscall.SIGTERM)
	reached, acks := 0, int64(0)
	for range times(t, points) {
		call := i.calls[random.IntN(len(i.calls))]
		n := 1 + random.IntN(lastCall)
		point := fmt.Sprintf("%s at %s %d", i.name, call, n)
		inject := fmt.Sprintf("inject=%s:%s:when=%d", call, i.what, n)
		if s.start(t, strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", inject) {
			l := s.startLoad(t, random, 51, 52, 53, 80) // refused is not lost
			l.untilEnd(i.exits)
			acks += l.acks.Load()
		}
		select {
		case <-s.done:
			reached++
			s.gone(t)
		default:
			if i.exits {
				t.Logf("%s: not reached within %s", point, loadFor)
			}
			s.end(t, syscall.SIGKILL)
		}
		s.check(t)
		if !s.start(t) {
			t.Fatalf("%s: the server does not start again\n%s", point, s.log.String())
		}
		s.verify(t)
		s.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Fatal(point)
		}
	}
	s.check(t)
	all := times(t, points)
	t.Logf("%d points, at %d the server ended, %d changes acknowledged", all, reached, acks)
	if i.exits && reached < all*2/3 {
		t.Errorf("the server ended at %d of %d points", reached, all)
	}
}

// untilEnd lets the load go on until the server is gone or, when it need not
// end, for a number of answers.
func (l *load) untilEnd(exits bool) {
	enough := int64(3 * lastCall)
	if exits {
		enough = 1 << 40
	}
	l.awaitAcks(enough, loadFor)
	l.finish()
}
