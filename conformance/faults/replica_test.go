// replica_test.go: members of a group are killed, frozen and left behind while
// the primary takes changes.

package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	secondaryKills = 10
	primaryKills   = 20
	bothKills      = 5
	freezes        = 3
	trims          = 2
	fewest         = 60 // acknowledged changes between two faults
)

// TestSecondaryKilledUnderLoad: it comes back by itself, again and again, while
// the changes go on.
func TestSecondaryKilledUnderLoad(t *testing.T) {
	random := seed(t)
	f := newFarm(t, nil, 2, harness.Options{})
	f.watch(t)
	l := f.startLoad(t, random)
	for range times(t, secondaryKills) {
		f.moment(t, l, random, fewest)
		m := f.secondaries[random.IntN(len(f.secondaries))]
		f.restart(t, m)
		f.reached(t, m)
	}
	l.finish()
	f.finish(t)
	t.Logf("%d changes acknowledged", l.acks.Load())
}

// TestPrimaryKilledUnderLoad: what a secondary got before is what the primary
// has after it, and the rest follows.
func TestPrimaryKilledUnderLoad(t *testing.T) {
	random := seed(t)
	f := newFarm(t, nil, 1, harness.Options{})
	f.watch(t)
	var acks int64
	for round := range times(t, primaryKills) {
		l := f.startLoad(t, random)
		f.moment(t, l, random, fewest)
		f.primary.Kill(t)
		l.finish()
		acks += l.acks.Load()
		f.primary.Restart(t)
		f.level(t)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	f.finish(t)
	t.Logf("%d changes acknowledged", acks)
}

// TestBothKilledUnderLoad: primary and secondary die together, as in a power cut.
func TestBothKilledUnderLoad(t *testing.T) {
	random := seed(t)
	f := newFarm(t, nil, 1, harness.Options{})
	b := f.secondaries[0]
	for round := range times(t, bothKills) {
		l := f.startLoad(t, random)
		f.moment(t, l, random, fewest)
		first, second := f.primary, b
		if round%2 == 1 {
			first, second = second, first
		}
		first.Signal(t, syscall.SIGKILL)
		second.Kill(t)
		first.Kill(t)
		l.finish()
		second.Restart(t)
		first.Restart(t)
		f.level(t)
	}
	f.finish(t)
}

// TestFrozenUnderLoad: a server that stands still for a while and goes on is
// slow to its clients and nothing else.
func TestFrozenUnderLoad(t *testing.T) {
	random := seed(t)
	f := newFarm(t, nil, 2, harness.Options{})
	f.watch(t)
	l := f.startLoad(t, random)
	for round := range times(t, freezes) {
		for _, m := range []*group.Member{f.primary, f.secondaries[round%2]} {
			f.moment(t, l, random, fewest)
			f.freeze(t, m, 100*time.Millisecond<<(2*(round%freezes))+time.Duration(random.Int64N(int64(100*time.Millisecond))))
			f.reached(t, f.secondaries[round%2])
		}
	}
	l.finish()
	f.finish(t)
}

// TestLogTrimmedWhileSecondaryIsAway: with a log of one record a secondary that
// was away always gets the whole data, also while the changes go on.
func TestLogTrimmedWhileSecondaryIsAway(t *testing.T) {
	random := seed(t)
	f := newFarm(t, nil, 1, harness.Options{Config: []harness.Setting{{Table: "changelog", Key: "keep", Value: 1}}})
	b := f.secondaries[0]
	for round := range times(t, trims) {
		b.Kill(t)
		l := f.startLoad(t, random)
		f.moment(t, l, random, fewest)
		if round%2 == 0 {
			l.finish()
			b.Restart(t)
		} else {
			b.Restart(t)
			f.moment(t, l, random, fewest)
			l.finish()
		}
		f.level(t)
		if s, err := b.Status(); err != nil || s.Upstream.Refreshes == 0 {
			t.Errorf("%d refreshes, %v", s.Upstream.Refreshes, err)
		}
	}
	f.finish(t)
}
