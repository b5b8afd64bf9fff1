// rounds.go: the same work for each server in turn, round by round.

package bench

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/bench/load"
)

// pageSize is that of the paged scan.
const pageSize = 500

// runner does the parts of a run.
type runner struct {
	Settings
	testing.TB
	record *Record
	stamp  uint16 // of the last work that wrote
}

func newRunner(tb testing.TB, s Settings) *runner {
	tb.Helper()
	return &runner{s, tb, newRecord(tb, s.Folder), 0}
}

// job is one kind of work with a number of clients.
type job struct {
	what                     string
	connections, outstanding int
	work                     func(q *load.Requests, run uint16) load.Work // nil: do
	do                       func(r *runner, c *contender, j job, round int)
}

// Names of what is measured.
const (
	base       = "base search"
	equality   = "equality search"
	substring  = "substring search, no index"
	substringI = "substring search, index on cn"
	scan       = "full scan"
	pages      = "paged scan"
	bindClear  = "bind, password in clear"
	bindHashed = "bind, {SSHA}"
	modify     = "modify"
	adding     = "add"
	deleting   = "delete"
	reading    = "90/10 mix without its writes"
	mixing     = "90/10 mix"
)

func baseWork(q *load.Requests, _ uint16) load.Work      { return q.Base() }
func equalityWork(q *load.Requests, _ uint16) load.Work  { return q.Equality() }
func substringWork(q *load.Requests, _ uint16) load.Work { return q.Substring() }
func clearWork(q *load.Requests, _ uint16) load.Work     { return q.BindClear() }
func hashedWork(q *load.Requests, _ uint16) load.Work    { return q.BindHashed() }
func modifyWork(q *load.Requests, run uint16) load.Work  { return q.Modify(run) }
func readingWork(q *load.Requests, run uint16) load.Work { return q.Mixed(run, 0) }
func mixedWork(q *load.Requests, run uint16) load.Work   { return q.Mixed(run, 10) }

// jobs are the comparison's.
func jobs() []job {
	return []job{
		{base, 64, 1, baseWork, nil},
		{base, 64, 16, baseWork, nil},
		{equality, 64, 1, equalityWork, nil},
		{equality, 64, 16, equalityWork, nil},
		{bindClear, 64, 1, clearWork, nil},
		{bindHashed, 64, 1, hashedWork, nil},
		{modify, 1, 1, modifyWork, nil},
		{modify, 8, 1, modifyWork, nil},
		{modify, 64, 1, modifyWork, nil},
		{modify, 64, 16, modifyWork, nil},
		{adding, 64, 1, nil, (*runner).grow},
		{reading, 64, 1, readingWork, nil},
		{mixing, 64, 1, mixedWork, nil},
		{scan, 1, 1, nil, (*runner).scan},
		{pages, 1, 1, nil, (*runner).scan},
	}
}

// quickJobs are those of a minute.
func quickJobs() []job {
	var some []job
	for _, j := range jobs() {
		if j.connections == 64 && (j.what == base || j.what == modify) {
			some = append(some, j)
		}
	}
	return some
}

// echoed are the jobs of an echo.
var echoed = []string{base, equality, substringI, bindClear, bindHashed}

// rounds does all jobs with all servers as often as is set, an echo only what it
// can do.
func (r *runner) rounds(list []*contender, jobs []job) {
	r.Helper()
	for round := range r.Rounds {
		for _, j := range jobs {
			for _, c := range turns(round, list) {
				if c.name != echoName || slices.Contains(echoed, j.what) {
					r.one(c, j, round)
				}
			}
		}
		fmt.Printf("%s entries, round %d of %d is done\n", thousands(float64(list[0].entries)), round+1, r.Rounds)
	}
}

// one does a job with a server.
func (r *runner) one(c *contender, j job, round int) {
	r.Helper()
	stop := r.profile(c, j)
	defer stop()
	if j.do != nil {
		j.do(r, c, j, round)
		return
	}
	cell := c.cell(j.connections, j.outstanding)
	r.stamp++
	cell.Warm, cell.Length, cell.Work = r.warm(), r.Length, j.work(c.requests, r.stamp)
	f, err := cell.Run()
	r.note(c, j.what, j, round, f, err)
}

// note takes up a figure of a job.
func (r *runner) note(c *contender, what string, j job, round int, f load.Figure, err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%s, %s, %d connections, %d outstanding: %v\n%s", c.name, what, j.connections, j.outstanding, err, end(c.Log()))
	}
	r.record.add(r, Measurement{Key: Key{what, c.entries, j.connections, j.outstanding}, Server: c.name, Round: round, Figure: f})
}

// end is the end of a log.
func end(log string) string {
	lines := strings.SplitAfter(log, "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "")
}

// grow adds entries for the length of a job, and deletes them.
func (r *runner) grow(c *contender, j job, round int) {
	r.Helper()
	r.stamp++
	g := load.NewGrowth(r.stamp, j.connections)
	cell := c.cell(j.connections, j.outstanding)
	cell.Warm, cell.Length, cell.Work = r.warm(), r.Length, c.requests.Add(g)
	f, err := cell.Run()
	r.note(c, adding, j, round, f, err)
	r.holds(c, g.Count())
	cell.Warm, cell.Length, cell.Work = 0, 0, c.requests.Delete(g)
	f, err = cell.Run()
	r.note(c, deleting, j, round, f, err)
	r.holds(c, 0)
}

// holds looks whether the server has what it was loaded with, and so many
// entries more.
func (r *runner) holds(c *contender, more int) {
	r.Helper()
	s := c.session(r)
	defer s.Close()
	got, err := s.Scan(false)
	if err != nil || got.Entries != c.holds.Entries+more {
		r.Fatalf("%s has %d entries, not %d and %d (%v)", c.name, got.Entries, c.holds.Entries, more, err)
	}
}

// scan reads everything.
func (r *runner) scan(c *contender, j job, round int) {
	r.Helper()
	cell, page := c.cell(1, 1), 0
	cell.Length = r.Length
	if j.what == pages {
		page = pageSize
	}
	f, err := cell.Scan(page, c.holds)
	r.note(c, j.what, j, round, f, err)
}

// profile takes a processor profile of our server during a job, if one is asked
// for. The function that it returns waits for it.
func (r *runner) profile(c *contender, j job) (stop func()) {
	if r.Profile == "" || c.metrics == "" {
		return func() {}
	}
	name := fmt.Sprintf("%s-%d-%dx%d.pprof", strings.ReplaceAll(j.what, " ", "-"), c.entries, j.connections, j.outstanding)
	done := make(chan error, 1)
	go func() {
		done <- fetch(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", c.metrics, max(1, int(r.Length/time.Second))), filepath.Join(r.Profile, name))
	}()
	return func() {
		if err := <-done; err != nil {
			r.Errorf("profile: %v", err)
		}
	}
}

// fetch writes what url gives into a file.
func fetch(url, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}
