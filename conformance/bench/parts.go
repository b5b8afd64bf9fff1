// parts.go: the parts of a run.

package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/sunray-ds/utdsd/conformance/bench/load"
)

// curveLength is the most that a point of the curve over connections takes.
const curveLength = time.Second

// opponents are both servers, stopped and empty.
func (r *runner) opponents(substrings names) []*contender {
	r.Helper()
	return []*contender{newOurs(r, substrings), newSlapd(r, slapdOptions{substrings: substrings})}
}

// begin starts servers that were loaded.
func (r *runner) begin(list []*contender) {
	r.Helper()
	data := load.HoldsData(list[0].entries)
	for _, c := range list {
		c.begin(r, data)
	}
}

// echoing does jobs with servers that run, and with an echo of the first of them.
func (r *runner) echoing(list []*contender, jobs []job) {
	r.Helper()
	echo := newEcho(r, list[0])
	r.begin([]*contender{echo})
	if err := echo.requests.Rehearse(echo.cell(8, 16)); err != nil {
		r.Fatal(err)
	}
	r.rounds(append(list[:len(list):len(list)], echo), jobs)
	echo.Stop(r)
}

// finish looks what is in memory, and stops the servers.
func (r *runner) finish(list []*contender) {
	r.Helper()
	for _, c := range list {
		m, err := load.MemoryOf(c.Pid())
		if err != nil {
			r.Fatal(err)
		}
		r.record.add(r, Measurement{Key: Key{What: worked, Entries: c.entries}, Server: c.name, Figure: load.Figure{Anonymous: m.Anonymous}})
		c.Stop(r)
	}
}

// compare does all the work with the number of entries of the comparison.
func (r *runner) compare() {
	r.Helper()
	list := r.opponents(nil)
	r.offline(list, r.Entries, r.Rounds)
	r.begin(list)
	r.echoing(list, jobs())
	short := *r
	short.Length = min(r.Length, curveLength)
	var curve []job
	for _, n := range r.Clients {
		if n != 64 { // is there already
			curve = append(curve, job{base, n, 1, baseWork, nil})
		}
	}
	short.rounds(list, curve)
	r.stamp = short.stamp
	r.finish(list)
}

// substrings searches for parts of values, without an index and with one.
func (r *runner) substrings() {
	r.Helper()
	file := dataFile(r, r.Small)
	for _, what := range []string{substring, substringI} {
		list := r.opponents(nil)
		if what == substringI {
			list = r.opponents(names{"cn"})
		}
		for _, c := range list {
			c.fill(r, file, r.Small)
		}
		r.begin(list)
		r.echoing(list, []job{{what, 8, 1, substringWork, nil}})
		for _, c := range list {
			c.Stop(r)
		}
	}
}

// size does the work whose cost may grow with the number of entries.
func (r *runner) size(entries int) {
	r.Helper()
	list := r.opponents(nil)
	r.offline(list, entries, r.Rounds)
	r.begin(list)
	var some []job
	for _, j := range jobs() {
		if j.connections == 64 && j.outstanding == 1 && (j.what == base || j.what == equality || j.what == modify || j.what == adding) {
			some = append(some, j)
		}
	}
	r.rounds(list, some)
	r.finish(list)
}

// sizes are the numbers of entries of the curves.
func (s Settings) sizes() []int {
	list := []int{s.Small}
	if s.Entries > s.Small {
		list = append(list, s.Entries)
	}
	if s.Large > s.Entries {
		list = append(list, s.Large)
	}
	return list
}

// part is a part of a whole run.
type part struct {
	name string
	do   func(*runner)
}

func parts() []part {
	return []part{
		{"comparison", (*runner).compare},
		{"substrings", (*runner).substrings},
		{"replication", (*runner).replicate},
		{"sizes", func(r *runner) {
			for _, n := range r.sizes() {
				if n != r.Entries {
					r.size(n)
				}
			}
		}},
	}
}

// whole is everything, or the parts that are asked for.
func (r *runner) whole() {
	r.Helper()
	for _, name := range r.Parts {
		if !slices.ContainsFunc(parts(), func(p part) bool { return p.name == name }) {
			r.Fatalf("BENCH_PARTS: there is no part %q", name)
		}
	}
	for _, p := range parts() {
		if len(r.Parts) > 0 && !slices.Contains(r.Parts, p.name) {
			continue
		}
		begun := time.Now()
		p.do(r)
		fmt.Printf("%s took %s\n", p.name, time.Since(begun).Round(time.Second))
	}
}

// quick is the base search and the modify alone.
func (r *runner) quick() {
	r.Helper()
	file := dataFile(r, r.Small)
	list := r.opponents(nil)
	for _, c := range list {
		c.fill(r, file, r.Small)
	}
	r.begin(list)
	r.echoing(list, quickJobs())
	for _, c := range list {
		c.Stop(r)
	}
}
