// network_test.go: the network between primary and secondary is cut, thinned
// and slowed while the primary takes changes.

package faults

import (
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// breaks is how often each fault comes; the last time it stays until the
// secondary has noticed.
const breaks = 3

// TestNetworkBreaksUnderLoad: clients of the primary do not notice, and the
// secondary is level afterwards.
func TestNetworkBreaksUnderLoad(t *testing.T) {
	random := seed(t)
	f := newFarm(t, group.NewNetwork(t), 1, harness.Options{})
	f.watch(t)
	a, b := f.primary.Host, f.secondaries[0].Host
	before := f.goroutines(t)
	for _, fault := range []struct {
		name  string
		begin func()
		cuts  bool // the secondary has to notice
	}{
		{"parted", func() { a.Part(t, b) }, true},
		{"the primary hears nothing", func() { a.Deaf(t, b) }, false},
		{"the secondary hears nothing", func() { b.Deaf(t, a) }, true},
		{"reset", func() { a.Reset(t, b) }, true},
		{"20 % lost", func() { a.Lose(t, b, 20) }, false},
		{"256 kbit/s", func() { b.Slow(t, "256kbit") }, false},
	} {
		for round := range times(t, breaks) {
			l := f.startLoad(t, random)
			f.moment(t, l, random, fewest)
			fault.begin()
			f.moment(t, l, random, fewest)
			if fault.cuts && round%breaks == breaks-1 {
				f.Await(t, fault.name+": the secondary notices", func() (bool, error) {
					s, err := f.secondaries[0].Status()
					return err == nil && !s.Upstream.Connected, err
				})
			}
			if round%2 == 1 {
				l.finish()
			}
			a.Heal(t)
			b.Heal(t)
			if round%2 == 0 {
				f.moment(t, l, random, fewest)
				l.finish()
			}
			f.level(t)
			if t.Failed() {
				t.Fatal(fault.name)
			}
		}
	}
	if after := f.goroutines(t); after > before+10 {
		t.Errorf("%.0f goroutines in all servers, %.0f before", after, before)
	}
	f.finish(t)
}

// goroutines counts those of all members.
func (f *farm) goroutines(t testing.TB) (sum float64) {
	t.Helper()
	for _, m := range f.Members() {
		n, err := m.Metric("go_goroutines")
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
