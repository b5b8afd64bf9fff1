package backend_test

import (
	"fmt"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
)

// TestSpotsHoldForOneCommit reads an entry again and again while changes have it
// written elsewhere, and others around it.
func TestSpotsHoldForOneCommit(t *testing.T) {
	w := newWorld(t)
	w.fill(500)
	changed, other := "cn=user000001,"+people, "cn=user000400,"+people
	for i := range 50 {
		want := fmt.Sprint("number ", i)
		w.must(replace(changed, "description", want))
		for range 3 {
			if got := value(w.get(changed), "description"); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
		if got := value(w.get(other), "cn"); got != "user000400" {
			t.Fatalf("%q is found for %s", got, other)
		}
	}
}

// TestSpotsAreUsedAndProved forges some: one shows what was there before a change, and
// one that belongs to another entry is not believed.
func TestSpotsAreUsedAndProved(t *testing.T) {
	w := newWorld(t)
	w.fill(500)
	a, b := "cn=user000001,"+people, "cn=user000400,"+people
	was := w.get(a)
	w.must(replace(a, "description", "new"))
	backend.NoteSpot(w.Store, was.ID, was.ID)
	if got := value(w.get(a), "description"); got != value(was, "description") {
		t.Errorf("%q: the spot is not used", got)
	}
	backend.NoteSpot(w.Store, w.get(b).ID, was.ID)
	if got := value(w.get(b), "cn"); got != "user000400" {
		t.Errorf("%q is read where another entry is", got)
	}
}
