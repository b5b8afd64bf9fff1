package backend

import (
	"testing"
	"time"
)

// TestWhichGroupsWait: small ones that lack somebody do, until that was in vain, and
// then after longer and longer pauses.
func TestWhichGroupsWait(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct{ ready, answered, want int }{
		{1, 1, 2}, {7, 1, 7}, {6, 2, 7}, {1, 7, 7}, {16, 16, 28}, {28, 4, 28}, {1, 32, 1}, {500, 500, 500},
	} {
		g := gathering{next: 1, took: ms}
		if got := g.wanted(c.ready, c.answered); got != c.want {
			t.Errorf("%d are ready and %d were answered: it leaves with %d, want %d", c.ready, c.answered, got, c.want)
		}
	}
	g := gathering{next: 1, took: 4 * ms}
	waits := func() bool { return g.wanted(2, 2) > 2 }
	for _, pause := range []int{1, 2, 4, 8, 16, 32, 64, 64} {
		if !waits() {
			t.Fatalf("it does not wait before a pause of %d", pause)
		}
		g.learn(2, 0, ms)
		for i := range pause {
			if waits() {
				t.Fatalf("it waits at landing %d of a pause of %d", i, pause)
			}
		}
	}
	if !waits() {
		t.Fatal("it does not wait after the last pause")
	}
	g.learn(2, 1, 2*ms) // one that would have waited for 4 ms more, two that have waited for 2 ms
	for range 2 {
		if !waits() {
			t.Error("it does not wait on although that has paid")
		}
	}
	g.learn(3, 1, 2*ms)
	if waits() || !waits() {
		t.Error("the first pause after it has paid is not one landing")
	}
}
