package backend_test

import (
	"context"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// promoted wants m to have left position left for an epoch of its own.
func (m *member) promoted(left schema.Position, before []schema.Epoch) {
	m.Helper()
	epochs := m.Epochs()
	n := len(epochs)
	if n != len(before)+1 || epochs[n-1].Kind != schema.EpochPromoted || epochs[n-1].From != left.String() ||
		epochs[n-1].ID != m.Position().Epoch || m.Following() || m.SyncCookie() != "" {
		m.Errorf("left %v; epochs %v, were %v; following %v", left, epochs, before, m.Following())
	}
	for i := range before {
		if epochs[i] != before[i] {
			m.Errorf("epoch %d is %v, was %v", i, epochs[i], before[i])
		}
	}
}

func TestFirstOwnChangeEndsTheFollowing(t *testing.T) {
	primary, secondary := newPair(t)
	primary.must(person("a"))
	secondary.applies(primary.since(seqAt(0)))
	left, epochs, csn := secondary.Position(), secondary.Epochs(), secondary.ContextCSN()
	secondary.refused(person("a"), schema.EntryAlreadyExists)
	if secondary.Position() != left || !secondary.Following() {
		t.Fatalf("a refused change has ended the following: %v", secondary.Position())
	}
	results := secondary.together(person("b"), person("c"))
	secondary.promoted(left, epochs)
	for i, d := range results {
		if d.Position.Epoch != secondary.Position().Epoch || d.Position.Seq != left.Seq+2+uint64(i) {
			t.Errorf("change %d has position %v", i, d.Position)
		}
	}
	if secondary.ContextCSN() <= csn {
		t.Errorf("CSN %s is not later than %s", secondary.ContextCSN(), csn)
	}
	epochs = secondary.Epochs()
	secondary.reopen()
	secondary.must(person("d"))
	if n := len(secondary.Epochs()); n != len(epochs) {
		t.Errorf("another epoch was begun: %v", secondary.Epochs())
	}
	h := secondary.held()
	defer h.Release()
	if at, ok := h.HashAt(left.Seq); !ok || at != left.Hash {
		t.Errorf("hash at the fork: %v, %v", at, ok)
	}
}

func TestPromoteWithoutAChange(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	left, epochs := secondary.Position(), secondary.Epochs()
	if err := secondary.Promote(context.Background()); err != nil {
		t.Fatal(err)
	}
	secondary.promoted(left, epochs)
	if p := secondary.Position(); p.Seq != left.Seq || p.Hash != left.Hash {
		t.Errorf("position %v, left %v", p, left)
	}
	position := secondary.Position()
	if err := secondary.Promote(context.Background()); err != nil || secondary.Position() != position {
		t.Errorf("promoted again: %v, %v", err, secondary.Position())
	}
	secondary.reopen()
	if secondary.Position() != position {
		t.Errorf("position %v after reopening, want %v", secondary.Position(), position)
	}
	own := primary.Position()
	if err := primary.Promote(context.Background()); err != nil || primary.Position() != own {
		t.Errorf("a store that follows nobody: %v, %v", err, primary.Position())
	}
	secondary.adapts(&schema.Batch{Cookie: "c"})
	left, epochs = secondary.Position(), secondary.Epochs()
	secondary.must(person("x"))
	secondary.promoted(left, epochs)
}

func TestStoreIsFreshUntilSomethingIsWritten(t *testing.T) {
	primary, fresh := newPair(t)
	want := func(m *member, is bool) {
		t.Helper()
		if m.Fresh() != is {
			t.Errorf("fresh is %v at %v", !is, m.Position())
		}
	}
	want(fresh, true) // nothing at all
	fresh.must(add(suffix, "objectClass: organization"))
	want(fresh, false)
	if err := fresh.MarkFresh(); err != nil {
		t.Fatal(err)
	}
	want(fresh, true)
	fresh.reopen()
	want(fresh, true)
	fresh.must(add(people, "objectClass: organizationalUnit"))
	want(fresh, false)
	if err := fresh.MarkFresh(); err != nil {
		t.Fatal(err)
	}
	fresh.applies(&schema.Batch{Cookie: "c"})
	want(fresh, false)

	third := newMember(t, backend.Options{})
	if err := third.MarkFresh(); err != nil {
		t.Fatal(err)
	}
	third.applies(primary.since(seqAt(0)))
	want(third, false)
	restored := newMember(t, backend.Options{EpochKind: schema.EpochRestored})
	want(restored, false)
	storetest.Close(t, restored.Store)
	want(restored, false)
	if err := restored.MarkFresh(); resultOf(err) == nil {
		t.Errorf("closed: %v", err)
	}
}
