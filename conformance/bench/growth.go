// growth.go: what an operation costs when there are more entries or more
// connections.

package bench

import (
	"fmt"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// flat is how many times as much something may cost in the large.
const flat = 1.5

// change is a figure in the large beside the same one in the small.
type change struct {
	label        string
	from, to     Key
	value        Value
	ours, theirs float64 // how many times as much it costs
	ok           bool
}

// timeOf is how long an operation takes when all clients work, in µs.
func timeOf(m Measurement) float64 { return 1e6 / m.PerSecond }

// grown are the works whose cost is looked at.
func grown() []struct{ name, what string } {
	return []struct{ name, what string }{{"base search", base}, {"equality search", equality}, {"modify", modify}, {"add", adding}}
}

// changes compares the largest with the smallest. What was not measured is left
// out.
func (r *Record) changes(s Settings) (list []change) {
	sizes := s.sizes()
	small, large := sizes[0], sizes[len(sizes)-1]
	for _, w := range grown() {
		from, to := Key{w.what, small, 64, 1}, Key{w.what, large, 64, 1}
		label := fmt.Sprintf("%s, %s entries beside %s", w.name, thousands(float64(large)), thousands(float64(small)))
		list = append(list, change{label: label + ": processor time", from: from, to: to, value: serverCPU},
			change{label: label + ": time", from: from, to: to, value: timeOf})
	}
	list = append(list, change{label: fmt.Sprintf("anonymous memory after all the work, %s entries beside %s", thousands(float64(large)), thousands(float64(small))),
		from: Key{What: worked, Entries: small}, to: Key{What: worked, Entries: large}, value: anonymous})
	if n := len(s.Clients); n > 1 {
		few, many := s.Clients[0], s.Clients[n-1]
		list = append(list, change{label: fmt.Sprintf("base search, %s connections beside %d: processor time", thousands(float64(many)), few),
			from: Key{base, s.Entries, few, 1}, to: Key{base, s.Entries, many, 1}, value: serverCPU})
	}
	measured := list[:0]
	for _, c := range list {
		if c.from == c.to {
			continue
		}
		var ok bool
		if c.ours, ok = r.factor(string(harness.Ours), c); !ok {
			continue
		}
		c.theirs, _ = r.factor(string(harness.Reference), c)
		c.ok = c.ours <= flat
		measured = append(measured, c)
	}
	return measured
}

// factor is how many times as much a change costs a server.
func (r *Record) factor(server string, c change) (float64, bool) {
	from, ok := r.median(server, c.from, c.value)
	to, known := r.median(server, c.to, c.value)
	if !ok || !known || from == 0 {
		return 0, false
	}
	return to / from, true
}

// growthTable is the changes in Markdown.
func growthTable(list []change) string {
	cells := [][]string{{"what grows", "unit", "utdsd", "slapd", "goal", ""}}
	for _, c := range list {
		verdict := "ok"
		if !c.ok {
			verdict = "**miss**"
		}
		cells = append(cells, []string{c.label, "times as much", factor(c.ours), factor(c.theirs), fmt.Sprintf("≤ %g×", flat), verdict})
	}
	return grid(cells)
}
