// Package progress shows on a terminal how far a long work is: one line that is
// written over again and again. It is not for logs: where nobody looks it shows
// nothing.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	every = 200 * time.Millisecond // between two lines
	width = 24                     // of the bar
)

// Line is the line on the terminal. The zero value and nil show nothing.
type Line struct {
	out   io.Writer
	clock func() time.Time

	mu    sync.Mutex
	begun time.Time
	last  time.Time
	shown int // columns
	stage string
}

// New makes a line on out, which is a terminal.
func New(out io.Writer) *Line { return &Line{out: out, clock: time.Now} }

// Show tells that done of total (0: not known) are done in a stage, and how many
// entries that were. Rate and remaining time count from the first call for
// this stage.
func (l *Line) Show(stage string, entries uint64, done, total int64) {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if stage != l.stage {
		l.stage, l.begun, l.last = stage, now, time.Time{}
	}
	if now.Sub(l.last) < every {
		return
	}
	l.last = now
	l.write(text(stage, entries, done, total, now.Sub(l.begun)))
}

// Clear takes the line away, before something else is written and at the end.
func (l *Line) Clear() {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown > 0 {
		l.write("")
		l.last = time.Time{}
	}
}

func (l *Line) write(text string) {
	fmt.Fprintf(l.out, "\r%s%s\r%s", text, strings.Repeat(" ", max(l.shown-len(text), 0)), text)
	l.shown = len(text)
}

func text(stage string, entries uint64, done, total int64, took time.Duration) string {
	t := fmt.Sprintf("%-8s %9d entries", stage, entries)
	if took > 0 {
		t += fmt.Sprintf(" %8.0f/s", float64(entries)/took.Seconds())
	}
	if total <= 0 || done <= 0 || done > total {
		return t
	}
	full := int(int64(width) * done / total)
	t += fmt.Sprintf(" [%s%s] %3d%%", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*done/total)
	if left := time.Duration(float64(took) * float64(total-done) / float64(done)); took > time.Second {
		t += " " + left.Round(time.Second).String() + " left"
	}
	return t
}
