// What is told about damage: errors of Open, and Problem, the report of a walk.

package berkeley

import (
	"errors"
	"fmt"
)

// ErrNotBtree is wrapped by the errors of Open and OpenDamaged for a file that
// this package does not read because of what it is: something else than a
// Berkeley DB btree, or one of a kind that no data store made. The text says
// which.
var ErrNotBtree = errors.New("not a readable Berkeley DB btree")

// ErrDamaged is wrapped by the errors of Open for a file that may be a btree
// but whose first page cannot be used. OpenDamaged may still open it.
var ErrDamaged = errors.New("the first page is damaged")

// maxFaults is how many problems of one page are reported one by one. The rest
// of the page is one more report, so that a page of noise is not a page of them.
const maxFaults = 8

// Severity is what a problem means for the entries.
type Severity uint8

const (
	// Lost: an entry or a page could not be read.
	Lost Severity = iota
	// Doubtful: an entry was given, but it may not be what was stored.
	Doubtful
	// Note: nothing is wrong, but a human who salvages may want to know.
	// Without a report a note does not end a walk.
	Note
)

// Problem is one thing that could not be read as it should be.
type Problem struct {
	Page     uint32 // number of the page that the problem was met on
	ID       uint64 // id of the entry, where known
	HasID    bool
	Severity Severity
	Text     string // what is wrong, without page and id
	Err      error  // the error of the medium, if there was one
}

// Error is the whole report in one line.
func (p *Problem) Error() string {
	where := fmt.Sprintf("page %d", p.Page)
	if p.HasID {
		where += fmt.Sprintf(", entry %d", p.ID)
	}
	if p.Err != nil {
		return where + ": " + p.Text + ": " + p.Err.Error()
	}
	return where + ": " + p.Text
}

// Unwrap is the error of the medium, or nil.
func (p *Problem) Unwrap() error { return p.Err }

// faultf makes the text of a problem; page and entry are added where known.
func faultf(format string, args ...any) *Problem {
	return &Problem{Text: fmt.Sprintf(format, args...)}
}
