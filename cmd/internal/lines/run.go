package lines

// run.go: a file of lines, many of them at work at once.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxLine = 1 << 20 // bytes of one line
	ahead   = 1024    // lines that are read ahead of the oldest one at work
)

// ErrStop, wrapped by the error of a line, says that those behind it would fail
// for the same reason: no further line is begun.
var ErrStop = errors.New("stopped")

// Run says how a file of lines is worked on. Each line succeeds or fails by
// itself.
type Run struct {
	Lanes int // lines at work at once
	// Key names what a line is about, whatever the case: lines about the same take
	// effect in their order.
	Key func(fields []string) string
	// Do does what a line says. It is called from Lanes goroutines.
	Do func(fields []string) error
	// Report is told of each line that failed, in the order of the lines.
	Report func(line int, err error)
	// Progress is told after each line how many have been done, and how many bytes
	// of the file that were.
	Progress func(lines uint64, bytes int64)
}

// Result counts lines.
type Result struct {
	Done, Failed int
	// NotBegun is the first line that was not begun because of ErrStop, 0 if there
	// is none. Lines behind it may have been begun before.
	NotBegun int
}

// job is one line at work.
type job struct {
	line   int
	end    int64 // bytes of the file up to here
	fields []string
	err    error
	idle   bool // was not begun
	done   chan struct{}
}

// File works on every line of in; blank lines and those that begin with # say
// nothing. The error is that of reading in: the lines before it are done.
func (r *Run) File(in io.Reader) (Result, error) {
	var stopped atomic.Bool
	lanes := make([]chan *job, r.Lanes)
	var working sync.WaitGroup
	for i := range lanes {
		lanes[i] = make(chan *job, ahead/r.Lanes+1)
		working.Go(func() { r.lane(lanes[i], &stopped) })
	}
	order := make(chan *job, ahead)
	var fault error
	working.Go(func() {
		fault = r.read(in, order, lanes, &stopped)
		close(order)
		for _, l := range lanes {
			close(l)
		}
	})
	result := r.collect(order)
	working.Wait()
	return result, fault
}

// read passes the lines on: to the lane that their key belongs to, and in their
// order to who collects them.
func (r *Run) read(in io.Reader, order chan<- *job, lanes []chan *job, stopped *atomic.Bool) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxLine)
	at := int64(0)
	for line := 1; s.Scan(); line++ {
		at += int64(len(s.Bytes())) + 1
		text := s.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // that of some editors
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		j := &job{line: line, end: at, done: make(chan struct{})}
		j.fields, j.err = Parse(string(text))
		order <- j
		switch {
		case j.err != nil:
			close(j.done)
		case stopped.Load():
			j.idle = true
			close(j.done)
			return nil
		default:
			hash := fnv.New32a()
			_, _ = io.WriteString(hash, strings.ToLower(r.Key(j.fields))) // never fails
			lanes[hash.Sum32()%uint32(len(lanes))] <- j
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line has more than %d bytes", maxLine)
	}
	return s.Err()
}

// lane does lines one after the other.
func (r *Run) lane(jobs <-chan *job, stopped *atomic.Bool) {
	for j := range jobs {
		if stopped.Load() {
			j.idle = true
		} else if j.err = r.Do(j.fields); errors.Is(j.err, ErrStop) {
			stopped.Store(true)
		}
		close(j.done)
	}
}

// collect waits for the lines in their order.
func (r *Run) collect(order <-chan *job) (result Result) {
	for j := range order {
		<-j.done
		switch {
		case j.idle:
			if result.NotBegun == 0 {
				result.NotBegun = j.line
			}
		case j.err != nil:
			result.Failed++
			r.Report(j.line, j.err)
		default:
			result.Done++
		}
		if r.Progress != nil {
			r.Progress(uint64(result.Done+result.Failed), j.end)
		}
	}
	return result
}
