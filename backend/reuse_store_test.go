package backend_test

import (
	"fmt"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
)

// TestNoPageIsHeldBackWhereThereIsNoRoom: as long as there are free pages nothing is
// refused, neither a change nor a batch.
func TestNoPageIsHeldBackWhereThereIsNoRoom(t *testing.T) {
	primary, secondary := newPair(t)
	primary.fill(1000)
	secondary.applies(primary.since(seqAt(0)))
	change := func(i int) {
		primary.must(replace(fmt.Sprintf("cn=user%06d,%s", 17*i, people), "description", fmt.Sprint(i)))
	}
	for i := range 50 {
		change(i)
		secondary.applies(primary.since(secondary.Position()))
	}
	for name, s := range map[string]*backend.Store{"primary": primary.Store, "secondary": secondary.Store} {
		if n := backend.HoldBack(s); n < 20 {
			t.Fatalf("%s: %d pages are free", name, n)
		}
		backend.CannotGrow(s)
	}
	change(50)
	secondary.applies(primary.since(secondary.Position()))
	secondary.equals(primary)
	for i := range 8 { // and none is held back for a while
		change(i)
		secondary.applies(primary.since(secondary.Position()))
	}
}

// TestStoreWithoutBoltsList: where bbolt's list is not found, a store does its work as
// bbolt would have it.
func TestStoreWithoutBoltsList(t *testing.T) {
	primary, secondary := newPair(t)
	backend.LoseList(primary.Store)
	backend.LoseList(secondary.Store)
	primary.fill(1000)
	for i := range 50 {
		primary.must(replace(fmt.Sprintf("cn=user%06d,%s", 17*i, people), "description", fmt.Sprint(i)))
		secondary.applies(primary.since(secondary.Position()))
	}
	secondary.equals(primary)
	if n := primary.Stats().FreePages; n == 0 {
		t.Error("no page is free")
	}
	primary.reopen()
	secondary.equals(primary)
}
