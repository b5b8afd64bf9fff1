// lag_test.go: how far a secondary is behind, in changes and in seconds, in the
// metrics of both sides and in utreplica -l.

package scenario

import (
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// lag is what one side tells of a secondary.
type lag struct {
	state   string
	changes int
	seconds float64
}

// listed is the row of utreplica -l for a member, which may be away.
func listed(t *testing.T, m, of *group.Member) lag {
	t.Helper()
	row := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(of.Address()) + `  +(\w[\w ]*\w)  +(\d+)  +(\S+)  `)
	text := m.Must(t, "utreplica", "-l")
	found := row.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no row of %s in\n%s", of.Name, text)
	}
	changes, err := strconv.Atoi(found[2])
	if err != nil {
		t.Fatal(err)
	}
	d, err := time.ParseDuration(found[3])
	if err != nil {
		t.Fatal(err)
	}
	return lag{found[1], changes, d.Seconds()}
}

// measured are the metrics of one side: "upstream" or "secondary".
func measured(t *testing.T, m *group.Member, side string) (l lag) {
	t.Helper()
	value := func(name string) float64 {
		v, err := m.Metric("utds_" + side + "_" + name)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	l.state = map[bool]string{true: "connected", false: "out of reach"}[value("connected") == 1]
	l.changes, l.seconds = int(value("lag_changes")), value("lag_seconds")
	return l
}

// withoutLag fails the test unless both sides say in both ways that there is no lag.
func withoutLag(t *testing.T, primary, secondary *group.Member) {
	t.Helper()
	for what, l := range map[string]lag{
		"the primary lists": listed(t, primary, secondary), "the secondary lists": listed(t, secondary, primary),
		"the primary measures": measured(t, primary, "secondary"), "the secondary measures": measured(t, secondary, "upstream"),
	} {
		if l.changes != 0 || l.seconds != 0 || l.state == "out of reach" {
			t.Errorf("%s %+v", what, l)
		}
	}
}

func TestLagIsToldOnBothSides(t *testing.T) {
	const n = 30
	g := group.New(t, nil)
	s := &story{t: t, group: g, members: map[string]*group.Member{}}
	s.server("lag", []string{"a", "b"}, "")
	a, b := s.members["a"], s.members["b"]
	a.Restart(t)
	b.Restart(t)
	a.Must(t, "utreplica", "-p", b.Address())
	b.Must(t, "utreplica", "-s", a.Address())
	both := func() {
		g.AwaitLevel(t, a, b)
		g.Await(t, "a knows that b has everything", s.state("lag", a, "sees", []string{"b"}))
	}
	both()
	withoutLag(t, a, b)

	// Nothing happens, and that is no lag: the primary is heard all the same.
	g.Await(t, "heartbeats", s.state("lag", b, "meetings", []string{"3"}))
	withoutLag(t, a, b)

	// The secondary hangs. Its primary knows what it does not have.
	b.Signal(t, syscall.SIGSTOP)
	s.must(s.write("lag", []string{"a", strconv.Itoa(n)}, ""))
	g.Await(t, "a second of lag", func() (bool, error) { return measured(t, a, "secondary").seconds >= 1, nil })
	if m, l := measured(t, a, "secondary"), listed(t, a, b); m.changes != n || l.changes != n || l.seconds < 1 || l.state == "level" {
		t.Errorf("b hangs, and a measures %+v and lists %+v", m, l)
	}
	b.Signal(t, syscall.SIGCONT)
	both()
	withoutLag(t, a, b)

	// The primary is gone. How many changes it has made is unknown; the time is not.
	a.Kill(t)
	g.Await(t, "a second of lag", func() (bool, error) { return measured(t, b, "upstream").seconds >= 1, nil })
	if m, l := measured(t, b, "upstream"), listed(t, b, a); m.state != "out of reach" || l.state != m.state || l.seconds < 1 {
		t.Errorf("a is gone, and b measures %+v and lists %+v", m, l)
	}
	line := b.Run(t, "", "utreplica", "-i")
	if !regexp.MustCompile(`^secondary out-of-reach behind=0 lag=\d+(\.\d)?s\n$`).MatchString(line.Out) || line.Code != 3 {
		t.Errorf("exit status %d, %s", line.Code, line.Out)
	}
	a.Restart(t)
	both()
	withoutLag(t, a, b)
	s.end()
}
