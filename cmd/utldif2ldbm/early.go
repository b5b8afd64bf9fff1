// early.go: problems of an input of which nothing may be of any use.

package main

import (
	"fmt"

	"github.com/sunray-ds/utdsd/backend"
)

const (
	toldEarly = 5     // problems that are told at once
	heldEarly = 10000 // further ones that are kept
)

// early holds back problems until the first entry has come. What is no LDIF has one
// in each line, and the dump of another server one for each entry: those say
// nothing beyond the first few, while all of a dump's own are told.
type early struct {
	over    bool // an entry has come
	told    int
	held    []string
	dropped int
	faults  int // all but notes
	outside int // of these, entries that are not below the suffix
}

// keep counts a problem and tells whether it is held back.
func (e *early) keep(p backend.LoadProblem, text string) bool {
	switch {
	case e.over:
		return false
	case !p.Note:
		e.faults++
	}
	if p.Outside {
		e.outside++
	}
	switch {
	case e.told < toldEarly:
		e.told++
		return false
	case len(e.held) < heldEarly:
		e.held = append(e.held, text)
	default:
		e.dropped++
	}
	return true
}

// tell tells what is held back: an entry has come.
func (e *early) tell(complain func(format string, args ...any)) {
	if e.over {
		return
	}
	for _, text := range e.held {
		complain("%s", text)
	}
	e.held = nil
	e.end(complain)
	e.over = true
}

// end tells how many are not told.
func (e *early) end(complain func(format string, args ...any)) {
	if more := len(e.held) + e.dropped; more > 0 {
		complain("and %s", counted(more, "further problem", "further problems"))
	}
}

// all is the number of entries if there were some and none is below the suffix.
func (e *early) all() int {
	if e.over || e.outside < e.faults {
		return 0
	}
	return e.outside
}

func outside(entries int, suffix string) string {
	if entries == 1 {
		return "the only entry is outside of " + suffix
	}
	return fmt.Sprintf("all %d entries are outside of %s", entries, suffix)
}
