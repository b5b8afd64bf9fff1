// thirty_test.go: thirty secondaries on one primary: too many to tell as a story.

package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
)

const thirty = 30

func TestThirtySecondariesFollowOnePrimary(t *testing.T) {
	s := newStory(t)
	const at = "thirty"
	s.server(at, []string{"a"}, "")
	primary := s.member(at, "a")
	primary.Restart(t)
	var names []string
	for i := range thirty {
		names = append(names, fmt.Sprintf("s%d", i+1))
	}
	s.server(at, names, "")
	var members []*group.Member
	for _, name := range names {
		m := s.member(at, name)
		m.Restart(t)
		members = append(members, m)
	}
	primary.Must(t, "utreplica", s.arguments(append([]string{"-p"}, names...))...)

	// They join while changes are made, all at the same time.
	for i, m := range members {
		m.Must(t, "utreplica", "-s", primary.Address(), "-n")
		if i%3 == 0 {
			s.must(s.write(at, []string{"a", "30"}, ""))
		}
	}
	s.level(primary, members)
	refreshed := refreshes(t, members)

	// A third of them is away, half of these without notice.
	away := members[:thirty/3]
	for i, m := range away {
		if i%2 == 0 {
			m.Kill(t)
		} else {
			m.Stop(t)
		}
	}
	s.must(s.write(at, []string{"a", "300"}, ""))
	s.group.AwaitLevel(t, primary, members[len(away):]...)
	if line := primary.Run(t, "", "utreplica", "-i"); line.Code != 3 || line.Out != "primary secondaries=30 level=20\n" {
		t.Errorf("ten are away: exit status %d, %s%s", line.Code, line.Out, line.Err)
	}
	for _, m := range away {
		m.Restart(t)
	}
	s.level(primary, members)
	for i, n := range refreshes(t, members) {
		if want := refreshed[i]; n > want || i < len(away) && n > 0 { // it counts from the start
			t.Errorf("%s got the whole state to make up for what it missed", members[i].Name)
		}
	}
	want := primary.Dump(t)
	if n := len(dnLine.FindAllString(want.Entries, -1)); n != 14+600/3 { // those of utconfig, and two of six changes stay
		t.Errorf("%d entries", n)
	}
	for _, m := range members {
		if d := group.Difference(want, m.Dump(t)); d != "" {
			t.Errorf("the primary and %s differ: %s", m.Name, d)
		}
	}
	s.end()
}

// must fails the test if changes were refused.
func (s *story) must(printed string) {
	s.t.Helper()
	if !strings.HasSuffix(printed, " changes\n") {
		s.t.Fatal(printed)
	}
}

// level waits until all members have everything and the primary knows it.
func (s *story) level(primary *group.Member, members []*group.Member) {
	s.t.Helper()
	begun := time.Now()
	s.group.AwaitLevel(s.t, primary, members...)
	s.t.Logf("%d members are level %v after the last change", len(members), time.Since(begun).Round(time.Millisecond))
	want := fmt.Sprintf("primary secondaries=%d level=%d\n", len(members), len(members))
	s.group.Await(s.t, want, func() (bool, error) {
		r := primary.Run(s.t, "", "utreplica", "-i")
		return r.Code == 0 && r.Out == want, nil
	})
}

// refreshes are the whole states that each member has received.
func refreshes(t *testing.T, members []*group.Member) (list []uint64) {
	t.Helper()
	for _, m := range members {
		st, err := m.Status()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, st.Upstream.Refreshes)
	}
	return list
}
