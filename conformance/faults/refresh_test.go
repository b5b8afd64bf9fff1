// refresh_test.go: the whole data goes to a secondary that has no room for it, or
// one of the two dies meanwhile.

package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// The data of the primary is larger than the disk of the secondary.
const (
	bigEntries = 200
	bigValue   = 64 << 10
	smallDisk  = "8m"
	largeDisk  = "128m"

	cuts = 3
)

// TestSecondaryWithoutRoom: whether the data comes as the whole or as changes,
// the secondary goes on answering from what it has, says what is wrong, and is
// level soon after there is room.
func TestSecondaryWithoutRoom(t *testing.T) {
	for name, keep := range map[string]int{"refresh": 1, "changes": 1000} {
		t.Run(name, func(t *testing.T) { withoutRoom(t, keep) })
	}
}

func withoutRoom(t *testing.T, keep int) {
	random := seed(t)
	f := newFarm(t, nil, 0, harness.Options{Config: []harness.Setting{{Table: "changelog", Key: "keep", Value: keep}}})
	dir, resize := tmpfs(t, smallDisk)
	t.Setenv("TMPDIR", dir)
	b := f.Add(t, "b", harness.Options{})
	b.Restart(t)
	f.primary.Must(t, "utreplica", "-p", b.Address())
	b.Must(t, "utreplica", "-s", f.primary.Address())
	b.Must(t, "utreplica", "-u")
	fill(t, f.primary)
	r := b.StartReader(t, group.CounterFilter)

	b.Must(t, "utreplica", "-n", "-s", f.primary.Address())
	f.Await(t, "the secondary says that there is no room", func() (bool, error) {
		s, err := b.Status()
		why := s.Upstream.Error
		return err == nil && (strings.Contains(why, "no space left") || strings.Contains(why, "disk is full")), err
	})
	if report := r.Stop(); len(report.Failed)+len(report.Backwards) > 0 || report.Connections != 1 || report.Fewest < report.First {
		t.Errorf("reads while the disk is full: %+v", report)
	}
	if n, err := b.Metric("utds_upstream_lag_changes"); err != nil || n < bigEntries {
		t.Errorf("the secondary says that it is %v changes behind (%v); it has none of %d", n, err, bigEntries)
	}
	resize(largeDisk)
	f.secondaries = append(f.secondaries, b)
	f.AwaitLevel(t, f.primary, b)
	l := f.startLoad(t, random)
	f.moment(t, l, random, fewest)
	l.finish()
	f.finish(t)
}

// TestKilledDuringARefresh: the next one succeeds, and of the one that was cut
// off nothing is left.
func TestKilledDuringARefresh(t *testing.T) {
	f := newFarm(t, nil, 1, harness.Options{Config: []harness.Setting{{Table: "changelog", Key: "keep", Value: 1}}})
	a, b := f.primary, f.secondaries[0]
	fill(t, a)
	cut := 0
	for round := range times(t, cuts) {
		b.Must(t, "utreplica", "-u")
		describe(t, a, fmt.Sprint("round ", round))
		describe(t, a, fmt.Sprint("round ", round, " again")) // the first is not in the log any more
		b.Must(t, "utreplica", "-n", "-s", a.Address())
		var s group.Status
		f.Await(t, "the refresh is under way", func() (_ bool, err error) {
			s, err = b.Status()
			return s.Upstream.Received > 0 || s.Upstream.Level, err
		})
		if !s.Upstream.Level {
			cut++
		}
		switch round % cuts {
		case 0:
			b.Kill(t)
		case 1:
			a.Kill(t)
			a.Restart(t)
		default:
			b.Stop(t)
		}
		if b.Pid() == 0 {
			b.Restart(t)
		}
		f.AwaitLevel(t, a, b)
		f.left(t, b)
	}
	t.Logf("%d refreshes were cut off", cut)
	l := f.startLoad(t, seed(t))
	l.awaitAcks(fewest, answersIn)
	l.finish()
	f.finish(t)
}

// left fails the test for files that a refresh should have removed.
func (f *farm) left(t *testing.T, m *group.Member) {
	t.Helper()
	var other string
	err := f.TryAwait(group.AwaitIn, "no other files", func() (bool, error) {
		other = ""
		list, err := os.ReadDir(m.StoreFolder())
		for _, file := range list {
			switch file.Name() {
			case "id2entry.dbb", "id2entry.dbb.previous", "id2entry.dbb.ballast", "ldapi":
			default:
				other += " " + file.Name()
			}
		}
		return err == nil && other == "", err
	})
	if err != nil {
		t.Errorf("%s has%s: %v", m.Name, other, err)
	}
}

// fill adds large entries.
func fill(t *testing.T, m *group.Member) {
	t.Helper()
	c, err := m.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range bigEntries {
		add := ldap.NewAddRequest(fmt.Sprintf("utname=big-%d,utname=kiosk,%s", i, parent), nil)
		add.Attribute("objectClass", []string{"utKioskSession"})
		add.Attribute("utkioskconfig", []string{fmt.Sprint(i, strings.Repeat("x", bigValue))})
		if err := c.Add(add); err != nil {
			t.Fatal(err)
		}
	}
}
