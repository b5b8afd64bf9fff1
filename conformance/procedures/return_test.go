// return_test.go: a secondary was down, or is installed anew.

package procedures

import (
	"os"
	"testing"
)

// comeBack: administration goes on while a secondary is down, and when it is up
// again nothing is to be done.
func comeBack(t *testing.T, f *farm) {
	r := startReader(t, f.sec1, f.users)
	f.sec2.powerOff(t)
	before := f.prim.known(t).LastChange
	more := newUsers(15_000)[10_000:]
	if err := os.WriteFile(f.prim.path("/tmp/more"), []byte(lines(more)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.prim.must(t, "utuser -f /tmp/more")
	if n := f.prim.known(t).LastChange - before; n < 10_000 {
		t.Errorf("only %d changes", n)
	}
	f.sec2.powerOn(t)
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	if n := f.sec2.known(t).Upstream.Refreshes; n != 0 {
		t.Errorf("sec2 was sent %d whole states", n)
	}
	r.unbroken(t, 1)
	missing(t, tokensOf(t, f.same(t)), append(more, f.users...))
}

// installAnew: a secondary has lost its disk. Every step is repeated, and the
// network fails while it is sent everything.
func installAnew(t *testing.T, f *farm) {
	readers := []*reader{startReader(t, f.prim, f.users), startReader(t, f.sec1, f.users)}
	f.lose(t, f.sec2)
	f.perform(t, "return.sh", play{
		twice: true,
		instead: map[string]func(step){"sec2 utreplica -s": func(s step) {
			f.sec2.Slow(t, "16mbit")
			f.meanwhile(t, s, func() {
				f.cutDuringRefresh(t, f.sec2)
				f.sec2.Heal(t)
			})
		}},
	})
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	for _, r := range readers {
		r.unbroken(t, 1)
	}
	missing(t, tokensOf(t, f.same(t)), f.users)
}
