// sabotage_test.go: programs that were spoilt on purpose. The tests of this
// folder have to find fault with each of them, or they would find nothing.

package faults

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// witness is a test whose failures are collected instead.
type witness struct {
	testing.TB
	mu     sync.Mutex
	faults []string
}

// caught runs a test to its end or its first fatal failure and gives what it
// found.
func caught(t *testing.T, test func(testing.TB)) []string {
	w := &witness{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(w)
	}()
	<-done
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.faults
}

func (w *witness) found(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, strings.TrimSpace(text))
}

func (w *witness) Failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.faults) > 0
}

func (w *witness) Error(args ...any)                 { w.found(fmt.Sprintln(args...)) }
func (w *witness) Errorf(format string, args ...any) { w.found(fmt.Sprintf(format, args...)) }
func (w *witness) Log(...any)                        {}
func (w *witness) Logf(string, ...any)               {}
func (w *witness) Fail()                             { w.found("failed") }

func (w *witness) FailNow()                          { runtime.Goexit() }
func (w *witness) Fatal(args ...any)                 { w.Error(args...); w.FailNow() }
func (w *witness) Fatalf(format string, args ...any) { w.Errorf(format, args...); w.FailNow() }

// TestSabotageIsCaught spoils the server in four ways, one of which two tests find.
func TestSabotageIsCaught(t *testing.T) {
	for _, c := range []struct {
		tag, what string
		test      func(t testing.TB, program string)
	}{
		{"sabotage_nosync", "acknowledges before the flush", func(t testing.TB, program string) {
			w, acks := newSubjectOf(t, program).trace(t, together)
			w.report(t, acks)
		}},
		{"sabotage_nosync", "leaves it open what a lost power leaves of its file", crashStatesOf},
		{"sabotage_noproof", "believes a commit whose pages are not on the disk", crashStatesOf},
		{"sabotage_splitpos", "keeps the position in a transaction of its own", func(t testing.TB, program string) {
			runInjections(t, newSubjectOf(t, program), killed())
		}},
		{"sabotage_noverify", "takes what its primary sends without comparing the hash", func(t testing.TB, program string) {
			alteredOnTheWay(t, harness.Options{Program: program})
		}},
	} {
		t.Run(c.tag, func(t *testing.T) {
			t.Parallel()
			program := harness.Tagged(t, c.tag)
			faults := caught(t, func(t testing.TB) { c.test(t, program) })
			if len(faults) == 0 {
				t.Fatalf("a server that %s passes", c.what)
			}
			t.Logf("%d faults are found, the first: %.300s", len(faults), faults[0])
		})
	}
}
