// members_test.go: utgstatus on a secondary, also when the primary is gone and
// somebody has to decide who takes its place.

package scenario

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// shown is a row of utgstatus -j.
type shown struct {
	Member, Role, State, Version, Error string
	Own, Reachable                      bool
	Change                              *uint64
}

// survey is what utgstatus shows on m, by address; its own row is at "".
func survey(t *testing.T, m *group.Member) map[string]shown {
	t.Helper()
	var rows []shown
	if err := json.Unmarshal([]byte(m.Must(t, "utgstatus", "-j")), &rows); err != nil {
		t.Fatal(err)
	}
	all := map[string]shown{}
	for _, r := range rows {
		if r.Own {
			all[""] = r
		} else {
			all[r.Member] = r
		}
	}
	if len(all) != len(rows) {
		t.Errorf("a member has two rows: %+v", rows)
	}
	return all
}

func TestSecondaryKnowsTheOthersWhenThePrimaryIsGone(t *testing.T) {
	s := newStory(t)
	s.server("members", []string{"a", "b", "c"}, "")
	a, b, c := s.members["a"], s.members["b"], s.members["c"]
	for _, m := range []*group.Member{a, b, c} {
		m.Restart(t)
	}
	a.Must(t, "utreplica", "-p", b.Address(), c.Address())
	b.Must(t, "utreplica", "-s", a.Address())
	c.Must(t, "utreplica", "-s", a.Address())
	s.must(s.write("members", []string{"a", "30"}, ""))
	s.group.AwaitLevel(t, a, b, c)
	last, err := a.Status()
	if err != nil {
		t.Fatal(err)
	}
	s.group.Await(t, "b has heard of c", func() (bool, error) {
		st, err := b.Status()
		return slices.Equal(st.Others, []string{c.Address()}), err
	})

	a.Kill(t)
	s.group.Await(t, "b and c have seen that a is gone", func() (bool, error) {
		x, err := b.Status()
		if err != nil {
			return false, err
		}
		y, err := c.Status()
		return !x.Upstream.Connected && !y.Upstream.Connected, err
	})
	all := survey(t, b)
	if len(all) != 3 || all[a.Address()].State != "out of reach" || all[a.Address()].Reachable || all[a.Address()].Error == "" {
		t.Errorf("the primary is gone: %+v", all)
	}
	for name, r := range map[string]shown{"b": all[""], "c": all[c.Address()]} {
		if !r.Reachable || r.Role != "secondary" || r.State != "no primary" || r.Version == "" || r.Change == nil || *r.Change != last.LastChange {
			t.Errorf("%s is shown as %+v", name, r)
		}
	}

	// Out of the group nothing of it is remembered.
	b.Must(t, "utreplica", "-u")
	if all := survey(t, b); len(all) != 1 {
		t.Errorf("a server alone shows %+v", all)
	}
	s.end()
}

func TestTwoPrimariesInOneGroupAreToldAndBecomeOne(t *testing.T) {
	s := newStory(t)
	s.server("members", []string{"a", "b"}, "")
	a, b := s.members["a"], s.members["b"]
	a.Restart(t)
	b.Restart(t)
	a.Must(t, "utreplica", "-p", b.Address())
	b.Must(t, "utreplica", "-p", a.Address())
	advice := "2 primaries take changes in one group: "
	for _, m := range []*group.Member{a, b} {
		if out := m.Must(t, "utgstatus"); !strings.Contains(out, advice) || !strings.Contains(out, "utreplica -a OTHER") {
			t.Errorf("%s shows\n%s", m.Name, out)
		}
	}
	s.must(s.write("members", []string{"b", "30"}, ""))
	// One that has nothing would not be given b's data up for.
	s.must(s.write("members", []string{"a", "10"}, ""))

	// What is advised there.
	a.Must(t, "utreplica", "-a", b.Address())
	b.Must(t, "utreplica", "-u")
	b.Must(t, "utreplica", "-s", a.Address())
	s.group.AwaitLevel(t, a, b)
	if out := a.Must(t, "utgstatus"); strings.Contains(out, advice) {
		t.Errorf("one primary is left:\n%s", out)
	}
	s.end()
}
