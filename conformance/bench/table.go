// table.go: both servers side by side, with the goals.

package bench

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// row is a line of the table: a figure of both servers.
type row struct {
	label string
	unit  string
	key   Key
	value Value
	less  bool // smaller is better
	goal  goal
}

// goal is what our figure has to reach.
type goal struct {
	times float64 // at least so many times as good as slapd
	most  float64 // at most so much
	over  *limit  // at most so much of another figure of ours
}

// limit is a bound that is measured, too.
type limit struct {
	times float64
	key   Key
	value Value
}

// line is a row with its figures.
type line struct {
	row
	ours, theirs       float64
	ratio              float64 // how many times as good ours is; 0: slapd has no figure
	bare, limit        float64 // of an echo, and how many times as good that is; 0: there was none
	cpuOurs, cpuTheirs float64 // µs for each operation; 0: not known
	p99Ours, p99Theirs float64 // ms
	aim                string
	ok                 bool
}

func times(n float64) goal { return goal{times: n} }

// rows are the lines of the whole comparison.
func (s Settings) rows() []row {
	at := func(what string, connections, outstanding int) Key {
		return Key{what, s.Entries, connections, outstanding}
	}
	off := func(what string, entries int) Key { return Key{What: what, Entries: entries} }
	rate := func(label string, k Key, g float64) row {
		return row{label, "ops/s", k, perSecond, false, times(g)}
	}
	b, e, m := at(base, 64, 1), at(equality, 64, 1), at(modify, 64, 16)
	list := []row{
		rate("base search, 64 connections", b, 1.7),
		{"base search, 64 connections: processor time", "µs/op", b, serverCPU, true, times(2.5)},
		rate("base search, 64 × 16 outstanding", at(base, 64, 16), 8),
		rate("equality search, 64 connections", e, 1.7),
		rate("equality search, 64 × 16 outstanding", at(equality, 64, 16), 7),
		rate("substring search, no index, 8 connections", Key{substring, s.Small, 8, 1}, 5),
		rate("substring search, index on cn, 8 connections", Key{substringI, s.Small, 8, 1}, 5),
		{"full scan", "entries/s", at(scan, 1, 1), perSecond, false, times(8)},
		{"paged scan, 500 a page", "entries/s", at(pages, 1, 1), perSecond, false, times(8)},
		rate("bind, password in clear, 64 connections", at(bindClear, 64, 1), 1.7),
		rate("bind, {SSHA}, 64 connections", at(bindHashed, 64, 1), 1.7),
		rate("modify, 1 client", at(modify, 1, 1), 1),
		rate("modify, 8 clients", at(modify, 8, 1), 2),
		rate("modify, 64 clients", at(modify, 64, 1), 8),
		rate("modify, 64 × 16 outstanding", m, 12),
		{"modify, 64 × 16 outstanding: p99", "ms", m, p99, true, goal{most: 50}},
		rate("add, 64 clients", at(adding, 64, 1), 8),
		rate("delete, 64 clients", at(deleting, 64, 1), 8),
		rate("90 % reads, 10 % modifies, 64 clients", at(mixing, 64, 1), 4),
		{"the same: reads' p99, beside twice that without the writes", "ms", at(mixing, 64, 1), readsP99, true, goal{over: &limit{2, at(reading, 64, 1), p99}}},
	}
	for _, n := range s.sizes() {
		if n < s.Entries {
			continue
		}
		name := thousands(float64(n)) + " entries"
		list = append(list,
			row{"offline load, " + name, "entries/s", off(loading, n), perSecond, false, times(1)},
			row{"offline dump, " + name, "entries/s", off(dumping, n), perSecond, false, times(1)})
	}
	lag := off(lagging, s.Small)
	return append(list,
		row{"start to first answer", "ms", off(starting, s.Entries), milliseconds, true, times(1)},
		row{"anonymous memory after the start", "MiB", off(idle, s.Entries), anonymous, true, goal{most: 64}},
		row{"anonymous memory after all the work", "MiB", off(worked, s.Entries), anonymous, true, goal{most: 64}},
		row{"replication lag, p50", "ms", lag, p50, true, times(1)},
		row{"replication lag, p99", "ms", lag, p99, true, times(1)},
		row{"replicated writes, 8 clients, until the secondary is level", "ops/s", Key{sustained, s.Small, 8, 0}, perSecond, false, times(5)},
		row{"the same: the secondary is behind at the end of the writes", "s", Key{sustained, s.Small, 8, 0}, behind, true, goal{most: 1}},
		row{fmt.Sprintf("catch-up with %s missed changes", thousands(float64(s.Missed))), "s", off(catching, s.Small), seconds, true, goal{}},
		row{fmt.Sprintf("refresh of a new secondary, %s entries", thousands(float64(s.Small))), "s", off(refreshing, s.Small), seconds, true, goal{}})
}

func readsP99(m Measurement) float64     { return m.ReadsP99 / 1000 }
func milliseconds(m Measurement) float64 { return m.Seconds * 1000 }

// quickRows are those of a minute.
func (s Settings) quickRows() []row {
	s.Entries = s.Small
	var list []row
	for _, r := range s.rows() {
		if slices.ContainsFunc(quickJobs(), func(j job) bool { return r.key == Key{j.what, s.Small, j.connections, j.outstanding} }) {
			list = append(list, r)
		}
	}
	return list
}

// lines fills rows in. A row that was not measured with our server is left out.
func (r *Record) lines(rows []row) (lines []line) {
	const us, them = string(harness.Ours), string(harness.Reference)
	for _, one := range rows {
		ours, ok := r.median(us, one.key, one.value)
		if !ok {
			continue
		}
		l := line{row: one, ours: ours}
		l.theirs, _ = r.median(them, one.key, one.value)
		l.bare, _ = r.median(echoName, one.key, one.value)
		l.ratio, l.limit = l.times(l.ours), l.times(l.bare)
		l.cpuOurs, _ = r.median(us, one.key, serverCPU)
		l.cpuTheirs, _ = r.median(them, one.key, serverCPU)
		l.p99Ours, _ = r.median(us, one.key, p99)
		l.p99Theirs, _ = r.median(them, one.key, p99)
		l.judge(r)
		lines = append(lines, l)
	}
	return lines
}

// times is how many times as good a figure is as that of slapd.
func (l *line) times(v float64) float64 {
	switch {
	case v <= 0 || l.theirs <= 0:
		return 0
	case l.less:
		return l.theirs / v
	}
	return v / l.theirs
}

// judge compares a line with its goal.
func (l *line) judge(r *Record) {
	g := l.goal
	most := g.most
	if g.over != nil {
		v, _ := r.median(string(harness.Ours), g.over.key, g.over.value)
		most = g.over.times * v
	}
	switch {
	case g.times > 0:
		l.aim, l.ok = fmt.Sprintf("≥ %g×", g.times), l.ratio >= g.times
	case most > 0:
		l.aim, l.ok = "≤ "+number(most)+" "+l.unit, l.ours <= most
	default:
		l.ok = true
	}
}

// missed are the lines that do not reach their goal.
func missed(lines []line) (some []line) {
	for _, l := range lines {
		if !l.ok {
			some = append(some, l)
		}
	}
	return some
}

// markdown is the table of lines.
func markdown(lines []line) string {
	cells := [][]string{{"work", "unit", "utdsd", "slapd", "times as good", "goal", "", "bare echo", "times as good", "µs/op utdsd", "slapd", "times less", "p99 ms utdsd", "slapd"}}
	for _, l := range lines {
		verdict := "ok"
		if !l.ok {
			verdict = "**miss**"
		}
		if l.aim == "" {
			verdict = ""
		}
		less := 0.0
		if l.cpuOurs > 0 {
			less = l.cpuTheirs / l.cpuOurs
		}
		cells = append(cells, []string{l.label, l.unit, number(l.ours), number(l.theirs), factor(l.ratio), l.aim, verdict,
			number(l.bare), factor(l.limit), number(l.cpuOurs), number(l.cpuTheirs), factor(less), number(l.p99Ours), number(l.p99Theirs)})
	}
	return grid(cells)
}

// grid sets a Markdown table; the first two columns are text.
func grid(cells [][]string) string {
	width := make([]int, len(cells[0]))
	for _, c := range cells {
		for i, s := range c {
			width[i] = max(width[i], utf8.RuneCountInString(s), 3)
		}
	}
	var b strings.Builder
	for n, c := range cells {
		for i, s := range c {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(s))
			if i < 2 {
				b.WriteString("| " + s + gap + " ")
			} else {
				b.WriteString("| " + gap + s + " ")
			}
		}
		b.WriteString("|\n")
		if n == 0 {
			for i, w := range width {
				if i < 2 {
					b.WriteString("|" + strings.Repeat("-", w+2))
				} else {
					b.WriteString("|" + strings.Repeat("-", w+1) + ":")
				}
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// number shows three digits and more of v; nothing for 0.
func number(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 1000:
		return thousands(v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// thousands is a whole number with commas.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func factor(v float64) string {
	if v == 0 {
		return ""
	}
	return number(v) + "×"
}
