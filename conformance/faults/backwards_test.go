// backwards_test.go: the data of a secondary is replaced by older data while
// clients read it.

package faults

import (
	"strconv"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	replacements = 8
	watchers     = 6 // at full speed
	ahead        = 5 // changes of the secondary that the primary never has
)

// TestNoConnectionGoesBackWhenTheDataIsReplaced: a secondary that has gone its
// own way gets the primary's older data. Who is connected reads the newer data
// or nothing.
func TestNoConnectionGoesBackWhenTheDataIsReplaced(t *testing.T) {
	f := newFarm(t, nil, 1, harness.Options{})
	b := f.secondaries[0]
	for range times(t, replacements) {
		b.Must(t, "utreplica", "-u")
		count(t, b, ahead)
		var readers []*group.Reader
		for range watchers {
			readers = append(readers, b.StartFastReader(t, group.CounterFilter))
		}
		b.Must(t, "utreplica", "-s", f.primary.Address())
		for _, r := range readers {
			report := r.Stop()
			for _, problem := range append(report.Backwards, report.Failed...) {
				t.Error(problem)
			}
		}
	}
	l := f.startLoad(t, seed(t))
	l.awaitAcks(fewest, answersIn)
	l.finish()
	f.finish(t)
}

// count makes changes of the counter on a server.
func count(t *testing.T, m *group.Member, n int) {
	t.Helper()
	c, err := m.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range n {
		set := ldap.NewModifyRequest(counterDN, nil)
		set.Replace("description", []string{strconv.Itoa(1000 + i)})
		if err := c.Modify(set); err != nil {
			t.Fatal(err)
		}
	}
}
