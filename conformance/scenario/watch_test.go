// watch_test.go: the commands of a story that wait, look and compare.

package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// states are what a wait can be for; see doc.go.
var states = []string{"level", "outcome", "error", "sees", "fenced", "meetings", "metric"}

// wait waits for a state of some servers.
func (s *story) wait(at string, args []string, _ string) string {
	s.t.Helper()
	verb := slices.IndexFunc(args, func(w string) bool { return slices.Contains(states, w) })
	if verb < 1 || verb == len(args)-1 && args[verb] != "fenced" {
		s.t.Fatalf("%s: wait for what? %q", at, states)
	}
	for _, name := range args[:verb] {
		m := s.member(at, name)
		s.group.Await(s.t, at, s.state(at, m, args[verb], args[verb+1:]))
	}
	return done
}

// state is the function that looks for what a wait is for.
func (s *story) state(at string, m *group.Member, verb string, args []string) func() (bool, error) {
	s.t.Helper()
	status := func(reached func(group.Status) bool) func() (bool, error) {
		return func() (bool, error) {
			st, err := m.Status()
			return err == nil && reached(st), err
		}
	}
	switch verb {
	case "level":
		primary := s.member(at, args[0])
		return func() (bool, error) { return m.Level(primary) }
	case "outcome":
		return status(func(st group.Status) bool { return st.Upstream.Outcome == args[0] })
	case "error":
		return status(func(st group.Status) bool { return strings.Contains(st.Upstream.Error+st.Upstream.Reason, args[0]) })
	case "fenced":
		return status(func(st group.Status) bool { return st.Fenced != "" })
	case "sees":
		var addresses []string
		for _, name := range args {
			addresses = append(addresses, s.member(at, name).Address())
		}
		return status(func(st group.Status) bool { return seesLevel(st, addresses) })
	}
	least, err := strconv.ParseFloat(args[len(args)-1], 64)
	if err != nil {
		s.t.Fatalf("%s: a number is needed", at)
	}
	if verb == "meetings" {
		return status(meetings(int(least)))
	}
	return func() (bool, error) {
		v, err := m.Metric(args[0])
		return err == nil && v >= least, err
	}
}

// meetings tells whether a secondary has met its primary n more times. The
// messages of one meeting come close together.
func meetings(n int) func(group.Status) bool {
	const apart = 50 * time.Millisecond
	var last time.Time
	return func(st group.Status) bool {
		if last.IsZero() || st.Upstream.LastContact.Sub(last) > apart {
			last = st.Upstream.LastContact
			n--
		}
		return n < 0
	}
}

// seesLevel tells whether a primary knows that secondaries have everything.
func seesLevel(st group.Status, addresses []string) bool {
	level := 0
	for _, f := range st.Secondaries {
		if f.Connected && f.Position == st.Position && slices.Contains(addresses, f.Member) {
			level++
		}
	}
	return level == len(addresses)
}

func (s *story) metric(at string, args []string, _ string) string {
	if len(args) != 2 {
		s.t.Fatalf("%s: NAME METRIC are needed", at)
	}
	v, err := s.member(at, args[0]).Metric(args[1])
	if err != nil {
		s.t.Fatalf("%s: %v", at, err)
	}
	return fmt.Sprintf("%g\n", v)
}

// logLine is what is shown of a line of the log.
var logLine = regexp.MustCompile(`level=\w+ msg=("(?:[^"\\]|\\.)*"|\S+)`)

func (s *story) logged(at string, args []string, _ string) string {
	s.t.Helper()
	m := s.member(at, args[0])
	var found string
	s.group.Await(s.t, at, func() (bool, error) {
		for line := range strings.Lines(m.Log()) {
			if strings.Contains(line, args[1]) && strings.HasSuffix(line, "\n") {
				found = line
				return true, nil
			}
		}
		return false, nil
	})
	if short := logLine.FindString(found); short != "" {
		return short
	}
	return found
}

func (s *story) reader(at string, args []string, _ string) string {
	s.t.Helper()
	m := s.member(at, args[0])
	switch r := s.readers[m.Name]; {
	case len(args) == 2 && args[1] == "start" && r == nil:
		s.readers[m.Name] = m.StartReader(s.t, "(objectClass=*)")
	case len(args) == 2 && args[1] == "stop" && r != nil:
		delete(s.readers, m.Name)
		return reading(r.Stop())
	default:
		s.t.Fatalf("%s: NAME start, then NAME stop", at)
	}
	return done
}

// reading says how a reader fared.
func reading(r group.Report) string {
	text := "every read was answered"
	if len(r.Failed) > 0 {
		text = fmt.Sprintf("%d reads failed: %q", len(r.Failed), r.Failed)
	}
	if len(r.Backwards) > 0 {
		text += fmt.Sprintf(", some went back in time: %q", r.Backwards)
	}
	if r.Fewest < r.First {
		text += fmt.Sprintf(", one found %d entries and the first %d", r.Fewest, r.First)
	}
	if r.Connections == 1 {
		return text + ", all on one connection\n"
	}
	return fmt.Sprintf("%s, on %d connections\n", text, r.Connections)
}

var dnLine = regexp.MustCompile(`(?m)^dn:`)

func (s *story) same(at string, args []string, _ string) string {
	first := s.member(at, args[0]).Dump(s.t)
	for _, name := range args[1:] {
		other := s.member(at, name).Dump(s.t)
		if d := group.Difference(first, other); d != "" {
			return fmt.Sprintf("%s and %s differ: %s\n", args[0], name, d)
		}
	}
	return fmt.Sprintf("%d entries, one position\n", len(dnLine.FindAllString(first.Entries, -1)))
}
