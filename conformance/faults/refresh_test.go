// refresh_test.go: a secondary has no room on its disk for the whole data of
// its primary.

package faults

import (
	"fmt"
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
	resize(largeDisk)
	f.secondaries = append(f.secondaries, b)
	f.AwaitLevel(t, f.primary, b)
	l := f.startLoad(t, random)
	f.moment(t, l, random, fewest)
	l.finish()
	f.finish(t)
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
