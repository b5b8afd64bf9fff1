// Package progress shows on a terminal how far a long work is: one line that is
// written over again and again. It is not for logs: where nobody looks it shows
// nothing.
package progress

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	every = 200 * time.Millisecond // between two lines
	width = 24                     // of the bar, less where the terminal is narrow

	// farEnd is the end of a bar until it can be estimated.
	farEnd = 1 << 30
)

// Line is the line on the terminal. The zero value and nil show nothing.
type Line struct {
	out  io.Writer
	unit string

	mu      sync.Mutex
	stage   string
	bar     *progressbar.ProgressBar
	last    time.Time
	waiting string // shown by Wait
}

// New makes a line on out, which is a terminal. What is counted are entries.
func New(out io.Writer) *Line { return NewOf(out, "entries") }

// NewOf is New for things of another kind, in the plural.
func NewOf(out io.Writer, unit string) *Line { return &Line{out: out, unit: unit} }

// Show tells that done of total (0: not known) are done in a stage, and how many
// entries that were. Elapsed and remaining time count from the first call for
// this stage.
func (l *Line) Show(stage string, entries uint64, done, total int64) {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bar == nil || stage != l.stage {
		l.clear()
		l.begin(stage, total)
	}
	now := time.Now()
	if entries == 0 || now.Sub(l.last) < every {
		return
	}
	l.last = now
	// The end is set behind the count, which takes a sample of the rate, and is
	// never reached, for a full bar is a finished one.
	if total > 0 && int64(entries) >= l.bar.GetMax64() {
		l.bar.ChangeMax64(int64(entries) + 1)
	}
	_ = l.bar.Set64(int64(entries)) // what can go wrong is the terminal
	if done > 0 && total > 0 {
		// done and total may be bytes: the entries of the whole follow from those
		// so far.
		whole := int64(float64(entries) / float64(done) * float64(total))
		l.bar.ChangeMax64(max(whole, int64(entries)) + 1)
	}
}

// Wait tells what is waited for while there is nothing to count.
func (l *Line) Wait(what string) {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == what {
		return
	}
	l.clear()
	l.bar, l.waiting = nil, what
	_, _ = io.WriteString(l.out, "\r"+what+" ...") // what can go wrong is the terminal
}

// begin starts the bar of a stage; one whose end is not known has a spinner in
// its place.
func (l *Line) begin(stage string, total int64) {
	most := int64(-1)
	if total > 0 {
		most = max(total, farEnd)
	}
	l.stage, l.last = stage, time.Time{}
	l.bar = progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(l.out),
		progressbar.OptionSetDescription(stage),
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionSetItsString(l.unit),
		progressbar.OptionShowCount(),
		progressbar.OptionShowTotalBytes(false), // the estimate of the whole
		progressbar.OptionShowIts(),
		progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine of its own
	)
	l.bar.StartWithoutRender()
}

// Clear takes the line away, before something else is written and at the end.
func (l *Line) Clear() {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
}

func (l *Line) clear() {
	if l.waiting != "" {
		_, _ = io.WriteString(l.out, "\r"+strings.Repeat(" ", len(l.waiting)+len(" ..."))+"\r")
		l.waiting = ""
	}
	if l.bar != nil {
		_ = l.bar.Clear()
		l.last = time.Time{}
	}
}
