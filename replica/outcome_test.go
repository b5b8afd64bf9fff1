package replica

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// provider is at change 100 of epoch b, which grew from change 50 of epoch a;
// its log begins at change 40 and the hash after change n is n.
func provider(kind schema.EpochKind) Provider {
	return Provider{
		History: []schema.Epoch{
			{ID: position('a', 0, 0).Epoch, Kind: schema.EpochInitial},
			{ID: position('b', 0, 0).Epoch, Kind: kind, From: position('a', 50, 50).String()},
		},
		Position: position('b', 100, 100),
		Oldest:   40,
		HashAt: func(seq uint64) (schema.StateHash, bool) {
			return schema.StateHash{byte(seq)}, seq >= 39 && seq <= 100
		},
	}
}

func TestOutcomesOfAMeeting(t *testing.T) {
	fresh := Provider{
		History:  []schema.Epoch{{ID: position('c', 0, 0).Epoch, Kind: schema.EpochInitial}},
		Position: position('c', 14, 1),
		Oldest:   1,
		HashAt:   func(uint64) (schema.StateHash, bool) { return schema.StateHash{}, false },
	}
	restored := fresh
	restored.History = []schema.Epoch{{ID: position('c', 0, 0).Epoch, Kind: schema.EpochRestored}}
	promoted := provider(schema.EpochPromoted)
	for _, c := range []struct {
		name  string
		p     Provider
		has   schema.Position
		empty bool
		want  Outcome
	}{
		{"level", promoted, position('b', 100, 100), false, UpToDate},
		{"behind within the log", promoted, position('b', 60, 60), false, Stream},
		{"just before the log", promoted, position('b', 39, 39), false, Stream},
		{"behind the log", promoted, position('b', 38, 38), false, Refresh},
		{"ahead", promoted, position('b', 101, 1), false, Diverged},
		{"same number, other state", promoted, position('b', 100, 7), false, Diverged},
		{"behind with another state", promoted, position('b', 60, 61), false, Diverged},
		{"promotion: level with the old primary", promoted, position('a', 50, 50), false, Stream},
		{"promotion: behind the old primary", promoted, position('a', 45, 45), false, Stream},
		{"promotion: behind the log", promoted, position('a', 20, 20), false, Refresh},
		{"promotion: old primary with extra writes", promoted, position('a', 51, 9), false, Diverged},
		{"promotion: same number, other state", promoted, position('a', 50, 9), false, Diverged},
		{"another group's data, promoted primary", promoted, position('d', 3, 3), false, Diverged},
		{"new secondary", promoted, position('d', 0, 0), true, Refresh},
		{"fresh primary, secondary with data", fresh, position('b', 100, 100), false, WaitingForRestore},
		{"fresh primary, new secondary", fresh, schema.Position{}, true, Refresh},
		{"restored primary, secondary with data", restored, position('b', 100, 100), false, Refresh},
	} {
		if got := Decide(c.p, c.has, c.empty); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestEveryOutcomeHasASentence(t *testing.T) {
	for o := UpToDate; o <= NotProvider; o++ {
		if len(o.String()) < 20 {
			t.Errorf("outcome %d: %q", int(o), o)
		}
	}
}
