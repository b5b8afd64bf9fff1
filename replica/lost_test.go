package replica

import (
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

func TestForkOfTwoHistories(t *testing.T) {
	a, b, c := position('a', 0, 0).Epoch, position('b', 0, 0).Epoch, position('c', 0, 0).Epoch
	initial := schema.Epoch{ID: a, Kind: schema.EpochInitial}
	from := func(id string, p schema.Position) schema.Epoch {
		return schema.Epoch{ID: id, Kind: schema.EpochPromoted, From: p.String()}
	}
	for _, c := range []struct {
		name         string
		mine, theirs []schema.Epoch
		my, their    schema.Position
		want         uint64
		ok           bool
	}{
		{"ahead in the same epoch", []schema.Epoch{initial}, []schema.Epoch{initial}, position('a', 60, 1), position('a', 50, 2), 50, true},
		{"old primary", []schema.Epoch{initial}, []schema.Epoch{initial, from(b, position('a', 50, 2))}, position('a', 60, 1), position('b', 90, 3), 50, true},
		{"both were promoted", []schema.Epoch{initial, from(c, position('a', 40, 4))}, []schema.Epoch{initial, from(b, position('a', 50, 2))},
			position('c', 60, 1), position('b', 90, 3), 40, true},
		{"both were promoted, the other one earlier", []schema.Epoch{initial, from(c, position('a', 50, 4))}, []schema.Epoch{initial, from(b, position('a', 40, 2))},
			position('c', 60, 1), position('b', 90, 3), 40, true},
		{"another group", []schema.Epoch{initial}, []schema.Epoch{{ID: b, Kind: schema.EpochInitial}}, position('a', 60, 1), position('b', 9, 3), 0, false},
		{"a history that was cut", []schema.Epoch{initial, {ID: c, Kind: schema.EpochRestored}}, []schema.Epoch{initial}, position('c', 60, 1), position('a', 9, 3), 0, false},
		{"none", nil, []schema.Epoch{initial}, schema.Position{}, position('a', 9, 3), 0, false},
	} {
		if at, ok := fork(c.mine, c.theirs, c.my, c.their); ok != c.ok || at.Seq != c.want {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, at.Seq, ok, c.want, c.ok)
		}
	}
}

// lostHead finds the lost changes of a store with so many changes after change
// 10, of which the log has those from oldest on.
func lostHead(changes int, oldest uint64, m *Meeting) (lost, string) {
	s := newModelStore('a', 10).state
	for n := range changes {
		s = s.change(schema.ChangeAdd, modelView(byte(n+2), "cn=x,o=utdata"))
	}
	for len(s.records) > 0 && s.records[0].Seq < oldest {
		s.records = s.records[1:]
	}
	l := findLost(held{s}, m)
	return l, l.head()
}

func TestFileOfLostChangesTellsWhatItLacks(t *testing.T) {
	base := newModelStore('a', 10).state
	at := func(p schema.Position) *Meeting { return &Meeting{Position: p, Epochs: base.epochs} }
	other := base.position
	other.Seq, other.Hash = 12, schema.StateHash{9}
	for _, c := range []struct {
		name    string
		meeting *Meeting
		oldest  uint64
		from    uint64
		want    string
		not     string
	}{
		{"the log has all", at(base.position), 11, 11, "both have the changes up to 10", "not in this file"},
		{"the log has some", at(base.position), 13, 13, "does not reach back to the changes 11 to 12,", "cannot be known"},
		{"the log has none", at(base.position), 99, 16, "does not reach back to the changes 11 to 15,", "cannot be known"},
		{"the same number is another change", at(other), 11, 11, "cannot be known", "both have"},
		{"another group", &Meeting{Position: position('d', 3, 3), Epochs: []schema.Epoch{{ID: position('d', 0, 0).Epoch}}}, 12, 12, "the changes 1 to 11,", "both have"},
	} {
		l, head := lostHead(5, c.oldest, c.meeting)
		if l.from != c.from || !strings.Contains(head, c.want) || strings.Contains(head, c.not) {
			t.Errorf("%s: from %d, want %d\n%s", c.name, l.from, c.from, head)
		}
	}
}

func TestEqualNumberWithAnotherStateSavesTheLog(t *testing.T) {
	s := newModelStore('a', 10).state.change(schema.ChangeAdd, modelView(2, "cn=x,o=utdata"))
	theirs := s.position
	theirs.Hash[0]++
	if l := findLost(held{s}, &Meeting{Position: theirs, Epochs: s.epochs}); l.forkKnown || l.from != 11 {
		t.Errorf("%+v", l)
	}
}
