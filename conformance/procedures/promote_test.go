// promote_test.go: a secondary becomes the primary, and the old one comes back.

package procedures

import (
	"strings"
	"testing"
)

// refused runs a change that a machine must not make.
func (m *machine) refused(t *testing.T, u user) {
	t.Helper()
	if out, err := m.try(`utuser -a "` + strings.TrimSpace(u.line()) + `"`); err == nil {
		t.Errorf("%s takes a change: %s", m.name, out)
	}
}

// add registers a user with the tool.
func (m *machine) add(t *testing.T, u user) {
	t.Helper()
	m.must(t, `utuser -a "`+strings.TrimSpace(u.line())+`"`)
}

// fenced waits until the old primary, started again, knows that it is none.
func (f *farm) fenced(t *testing.T) {
	t.Helper()
	f.prim.powerOn(t)
	f.await(t, "fenced", f.prim, func(s status) bool { return s.Fenced != "" })
	f.prim.refused(t, user{token: "too-late", name: "Nobody"})
}

// promote: the primary is cut off, takes one more change and dies. No read fails
// anywhere, and nobody needs more than the difference.
func promote(t *testing.T, f *farm) {
	readers := []*reader{startReader(t, f.sec1, f.users), startReader(t, f.sec2, f.users)}
	alone, one, two := user{token: "alone", name: "Only Prim"}, user{token: "one", name: "First New"}, user{token: "two", name: "Second New"}
	f.prim.Part(t, f.sec1.Host)
	f.prim.Part(t, f.sec2.Host)
	f.prim.add(t, alone)
	f.prim.powerOff(t)
	f.sec1.Heal(t)
	f.sec2.Heal(t)
	f.perform(t, "promote.sh", play{
		before: map[string]func(step){"sec1 utreplica -a": func(step) { f.fenced(t) }},
		after: map[string]func(step){
			"sec1 utreplica -p": func(step) { f.sec1.add(t, one) },
			"sec2 utreplica -s": func(step) {
				f.sec2.add(t, two) // sec2 sends it on
				f.awaitLevel(t, f.sec1, f.sec2)
				if n := f.sec2.known(t).Upstream.Refreshes; n != 0 {
					t.Errorf("sec2 was sent %d whole states", n)
				}
			},
		},
	})
	f.awaitLevel(t, f.sec1, f.sec2, f.prim)
	for _, r := range readers {
		r.unbroken(t, 1)
	}
	if kept := f.keptBy(t, f.prim); !strings.Contains(kept, "dn: "+alone.dn()+"\n") {
		t.Errorf("what only the old primary had is not kept:\n%s", kept)
	}
	list := tokensOf(t, f.same(t))
	missing(t, list, append([]user{one, two}, f.users...))
	if len(list) != len(f.users)+2 {
		t.Errorf("%d users", len(list))
	}
}

// promoteTwice: every step is repeated, and the network fails while the other
// secondary is told its new primary.
func promoteTwice(t *testing.T, f *farm) {
	readers := []*reader{startReader(t, f.sec1, f.users), startReader(t, f.sec2, f.users)}
	late := user{token: "late", name: "New Here"}
	f.prim.powerOff(t)
	f.perform(t, "promote.sh", play{
		twice:  true,
		before: map[string]func(step){"sec1 utreplica -a": func(step) { f.fenced(t) }},
		instead: map[string]func(step){"sec2 utreplica -s": func(s step) {
			f.sec1.add(t, late)
			f.sec1.Reset(t, f.sec2.Host)
			if _, err := f.sec2.try(s.text()); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("the new primary is out of reach: %v", err)
			}
			f.sec1.Heal(t)
		}},
	})
	f.awaitLevel(t, f.sec1, f.sec2, f.prim)
	for i, m := range []*machine{f.prim, f.sec2} {
		if n := int(m.known(t).Upstream.Refreshes); n != 0 {
			t.Errorf("%s was sent %d whole states", m.name, n)
		}
		readers[i].unbroken(t, 1)
	}
	if kept := f.keptBy(t, f.prim); kept != "" {
		t.Errorf("the old primary had nothing that others lack, and kept\n%s", kept)
	}
	missing(t, tokensOf(t, f.same(t)), append([]user{late}, f.users...))
}
