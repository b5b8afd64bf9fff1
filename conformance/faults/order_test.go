// order_test.go: no answer before its flush, and none after one that failed.

package faults

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	traced   = 400 // acknowledged changes in a trace
	tracedIn = 60 * time.Second
)

// trace runs a load under strace until enough changes were acknowledged or
// the server has ended, and walks through what it did.
func (s *subject) trace(t testing.TB, clients walkKind, inject ...string) (*walk, int64) {
	t.Helper()
	random := seed(t)
	file := filepath.Join(t.TempDir(), "trace")
	before := append([]string{harness.Program(t, "strace")}, traceArgs(file)...)
	for _, i := range inject {
		before = append(before, "-e", "inject="+i)
	}
	if !s.start(t, before...) {
		t.Fatalf("the server does not start under strace\n%s", s.log.String())
	}
	l := s.startLoad(t, random)
	l.awaitAcks(traced, tracedIn)
	l.finish()
	s.end(t, syscall.SIGTERM)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := walkTrace(f, clients)
	if err != nil {
		t.Fatal(err)
	}
	return w, l.acks.Load()
}

// report fails the test for each early answer, and when the trace and the
// clients do not agree on how many there were.
func (w *walk) report(t testing.TB, acks int64) {
	t.Helper()
	for i, e := range w.early {
		if i == 10 {
			t.Errorf("and %d more", len(w.early)-i)
			break
		}
		t.Error(e)
	}
	if int64(w.updates) < acks {
		t.Errorf("%d changes were acknowledged, the trace has %d", acks, w.updates)
	}
	t.Logf("%d answers in %d lines, %d early", w.updates, w.line, len(w.early))
}

// TestNoAnswerBeforeItsFlush: with one client nothing else is written or flushed, so
// the flush must begin after everything that was written, and end before the answer.
func TestNoAnswerBeforeItsFlush(t *testing.T) {
	s := newSubject(t)
	s.books = s.books[:1]
	w, acks := s.trace(t, alone)
	w.report(t, acks)
	if acks < traced {
		t.Errorf("%d changes acknowledged in %s", acks, tracedIn)
	}
}

// TestNoAnswerBeforeTheFlushOfItsBatch: with many clients a commit has the
// changes of several.
func TestNoAnswerBeforeTheFlushOfItsBatch(t *testing.T) {
	w, acks := newSubject(t).trace(t, together)
	w.report(t, acks)
	if acks < traced {
		t.Errorf("%d changes acknowledged in %s", acks, tracedIn)
	}
}

// TestNoAnswerAfterAFlushThatFailed: the changes of that commit may be on the
// disk or not, and so may all that follow. With one client no answer of an
// earlier commit is still on its way then.
func TestNoAnswerAfterAFlushThatFailed(t *testing.T) {
	s := newSubject(t)
	s.books = s.books[:1]
	w, acks := s.trace(t, together, "fdatasync:error=EIO:when=40")
	w.report(t, acks)
	if w.failed == 0 {
		t.Error("no flush failed")
	}
}

// TestFlushesThatAreLeftOutAreSeen runs the server without its flushes: the
// walk must find every answer early, or it would find nothing at all.
func TestFlushesThatAreLeftOutAreSeen(t *testing.T) {
	w, acks := newSubject(t).trace(t, together, "fdatasync:retval=0")
	if int64(len(w.early)) < acks || acks < traced {
		t.Errorf("%d of %d answers are seen to be early", len(w.early), acks)
	}
}
