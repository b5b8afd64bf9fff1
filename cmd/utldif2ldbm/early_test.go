package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
)

func TestProblemsAreToldAllOnceAnEntryHasCome(t *testing.T) {
	for _, c := range []struct {
		problems, toldAtOnce, toldAll int
		last                          string
	}{{3, 3, 3, "2"}, {300, toldEarly, 300, "299"}, {toldEarly + heldEarly + 2, toldEarly, toldEarly + heldEarly + 1, "and 2 further problems"}} {
		var e early
		var told []string
		complain := func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
		for i := range c.problems {
			if text := fmt.Sprint(i); !e.keep(backend.LoadProblem{}, text) {
				complain("%s", text)
			}
		}
		if len(told) != c.toldAtOnce {
			t.Errorf("%d problems: %d are told at once", c.problems, len(told))
		}
		e.tell(complain)
		e.tell(complain)
		if len(told) != c.toldAll || told[len(told)-1] != c.last || !slices.IsSortedFunc(told[:3], func(a, b string) int { return int(a[0]) - int(b[0]) }) {
			t.Errorf("%d problems: %d are told, the last as %s", c.problems, len(told), told[len(told)-1])
		}
		if e.keep(backend.LoadProblem{}, "late") {
			t.Error("a problem behind an entry is held back")
		}
	}
}

func TestEntriesOfAnotherServerAreCounted(t *testing.T) {
	var e early
	for range 300 {
		e.keep(backend.LoadProblem{Outside: true}, "x")
	}
	e.keep(backend.LoadProblem{Note: true}, "x")
	if got := outside(e.all(), "o=utdata"); got != "all 300 entries are outside of o=utdata" {
		t.Error(got)
	}
	e.keep(backend.LoadProblem{}, "x")
	if e.all() != 0 {
		t.Error("one problem is another one")
	}
}
