// rebuild_test.go: the primary's data is rebuilt from a secondary.

package procedures

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// waiting tells whether a secondary has found an empty primary, and leaves it alone.
func waiting(s status) bool { return s.Upstream.Outcome == "waiting-for-restore" }

// awaitPause waits until both secondaries have found the new primary empty, and
// have come back to find it so again.
func (f *farm) awaitPause(t *testing.T) {
	t.Helper()
	for _, m := range []*machine{f.sec1, f.sec2} {
		f.await(t, "waiting for restore", m, waiting)
	}
	for _, m := range []*machine{f.sec1, f.sec2} {
		before := m.known(t).Upstream.LastContact
		f.await(t, "a further meeting with the empty primary", m, func(s status) bool {
			return waiting(s) && s.Upstream.LastContact.After(before)
		})
	}
}

// rebuild: prim is lost while clients write to it.
func rebuild(t *testing.T, f *farm) {
	readers := []*reader{startReader(t, f.sec1, f.users), startReader(t, f.sec2, f.users)}
	w := startWriter(t, f.prim, "before")
	w.awaitAcks(t, 200)
	f.lose(t, f.prim)
	acked := w.end()
	had1 := tokensOf(t, f.sec1.must(t, "utuser -l"))
	had2 := tokensOf(t, f.sec2.must(t, "utuser -l"))

	var w1 *watch
	var at1, at2 string // what the secondaries have when the old primary can send no more
	printed := f.perform(t, "rebuild.sh", play{
		before: map[string]func(step){
			"sec1 utldbmcat": func(s step) {
				f.underAnyUmask(t, s)
				w1 = startWatch(t, f.sec1.path("/tmp/store"))
			},
			"prim utconfig": func(step) { carry(t, f.sec1, f.prim, "/tmp/store") },
		},
		after: map[string]func(step){
			"sec1 utldbmcat": func(step) { w1.closed(t, "the umask of the procedure") },
			"prim utreplica -p": func(step) {
				f.awaitPause(t)
				at1, at2 = f.sec1.known(t).Position, f.sec2.known(t).Position
			},
		},
	})
	var replicated, elsewhere []user
	for _, u := range acked {
		switch {
		case had1[u.token]:
			replicated = append(replicated, u)
		case had2[u.token]:
			elsewhere = append(elsewhere, u)
		}
	}
	t.Logf("%d users were acknowledged before the loss, %d of them reached sec1, %d more sec2", len(acked), len(replicated), len(elsewhere))
	list := tokensOf(t, printed["prim utuser -l"])
	missing(t, list, f.users)
	missing(t, list, replicated)
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	kept := f.keptBy(t, f.sec2)
	for _, u := range elsewhere {
		if !strings.Contains(kept, "dn: "+u.dn()+"\n") {
			t.Errorf("%s was on sec2 alone and is not kept", u.token)
		}
	}
	refreshed := 0
	if at1 != at2 { // the loss caught sec2 before or behind the dump, by half a user perhaps
		refreshed = 1
	}
	for i, m := range []*machine{f.sec1, f.sec2} {
		if n := int(m.known(t).Upstream.Refreshes); n > refreshed*i {
			t.Errorf("%s was sent %d whole states", m.name, n)
		}
		readers[i].unbroken(t, 1+refreshed*i)
	}
	// The group works.
	w = startWriter(t, f.prim, "after")
	w.awaitAcks(t, 20)
	more := w.end()
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	list = tokensOf(t, f.same(t))
	missing(t, list, f.users)
	missing(t, list, replicated)
	missing(t, list, more)
}

// rebuildTwice: every step is repeated, and the secondaries are cut off before the
// restored primary starts.
func rebuildTwice(t *testing.T, f *farm) {
	readers := []*reader{startReader(t, f.sec1, f.users), startReader(t, f.sec2, f.users)}
	f.lose(t, f.prim)
	f.perform(t, "rebuild.sh", play{
		twice: true,
		before: map[string]func(step){
			"prim utconfig": func(step) { carry(t, f.sec1, f.prim, "/tmp/store") },
			"prim utstart -c": func(step) {
				f.prim.Part(t, f.sec1.Host)
				f.prim.Part(t, f.sec2.Host)
			},
		},
		after: map[string]func(step){"prim utreplica -p": func(step) { f.awaitPause(t) }},
	})
	for _, m := range []*machine{f.sec1, f.sec2} {
		if s := m.known(t); s.Upstream.Connected || !waiting(s) {
			t.Errorf("%s is cut off and says %+v", m.name, s.Upstream)
		}
	}
	for _, m := range f.machines() {
		m.Heal(t)
	}
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	for _, r := range readers {
		r.unbroken(t, 1)
	}
	missing(t, tokensOf(t, f.same(t)), f.users)
}

// rebuildFromLess: the dump is of the secondary that had less. The power fails while
// it is loaded, and the network while the other secondary is sent everything.
func rebuildFromLess(t *testing.T, f *farm) {
	f.prim.Part(t, f.sec1.Host)
	w := startWriter(t, f.prim, "late")
	w.awaitAcks(t, 30)
	late := w.end()
	f.awaitLevel(t, f.prim, f.sec2)
	readers := []*reader{startReader(t, f.sec1, f.users), startReader(t, f.sec2, append(late, f.users...))}
	f.lose(t, f.prim)
	f.sec1.Heal(t)
	printed := f.perform(t, "rebuild.sh", play{
		before: map[string]func(step){
			"prim utconfig": func(step) { carry(t, f.sec1, f.prim, "/tmp/store") },
			"prim utstart -c": func(step) {
				readers[1].unbroken(t, 1)
				f.prim.Slow(t, "16mbit")
			},
		},
		instead: map[string]func(step){"prim utldif2ldbm -c": func(s step) { f.powerFails(t, s) }},
	})
	missing(t, tokensOf(t, printed["prim utuser -l"]), f.users)
	second := startReader(t, f.sec2, f.users)
	f.cutDuringRefresh(t, f.sec2)
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
	readers[0].unbroken(t, 1)
	second.unbroken(t, 2) // a refresh ends the connections from before it
	kept := f.keptBy(t, f.sec2)
	for _, u := range late {
		if !strings.Contains(kept, "dn: "+u.dn()+"\n") {
			t.Errorf("%s was on sec2 alone and is not kept", u.token)
		}
	}
	missing(t, tokensOf(t, f.same(t)), f.users)
}

// cutDuringRefresh cuts a secondary off while it receives the whole state, which it
// has to begin anew when the network is back.
func (f *farm) cutDuringRefresh(t *testing.T, m *machine) {
	t.Helper()
	f.await(t, "entries arrive", m, func(s status) bool { return s.Upstream.Received > 0 })
	f.prim.Reset(t, m.Host)
	f.await(t, "cut off", m, func(s status) bool { return !s.Upstream.Connected && s.Upstream.Refreshes == 0 })
	f.prim.Heal(t)
}

// powerFails loads the dump and ends the machine at some moments of that. What was
// not on disk for certain is spoiled. Each time the machine starts again, with its
// data store, and the step is repeated with the one before it.
func (f *farm) powerFails(t *testing.T, s step) {
	t.Helper()
	m := f.machine(t, s.host)
	random := time.Duration(rand.Int64N(int64(time.Second)))
	var begun time.Time
	for _, moment := range []struct {
		what string
		come func() bool
	}{
		{"the new store is begun", func() bool { return len(glob(t, m, "*.load")) > 0 }},
		{"the new store is synced", func() bool { return len(glob(t, m, "*.load.meta")) > 0 }},
		{random.String() + " are over", func() bool { return time.Since(begun) > random }},
	} {
		m.must(t, "/opt/SUNWut/sbin/utstop")
		ended := make(chan struct{})
		cmd := m.command(t.Context(), s.text())
		begun = time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer close(ended)
			_ = cmd.Wait() // killed, or done already
		}()
		for done := false; !done && !moment.come(); {
			select {
			case <-ended:
				done = true
			case <-time.After(watchEvery):
			}
		}
		_ = m.first.Process.Kill() // at once; powerOff does the rest
		m.powerOff(t)
		<-ended
		unfinished := append(glob(t, m, "*.load*"), glob(t, m, ".load-*")...)
		t.Logf("the power fails when %s; unfinished: %q", moment.what, unfinished)
		for _, path := range unfinished {
			spoil(t, path)
		}
		m.powerOn(t)
	}
	m.must(t, "/opt/SUNWut/sbin/utstop")
	m.must(t, s.text())
	if left := append(glob(t, m, "*.load*"), glob(t, m, ".load-*")...); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// glob finds files beside the store of a machine.
func glob(t *testing.T, m *machine, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(m.path(storeFile)), pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// spoil overwrites a file with what was on the disk before.
func spoil(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Repeat("dn: cn=old\n", int(info.Size())/11)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var folded = regexp.MustCompile("\n ")

// keptBy are the changes that a machine alone had, which are for nobody but root.
func (f *farm) keptBy(t *testing.T, m *machine) string {
	t.Helper()
	var all strings.Builder
	for _, path := range glob(t, m, "lost-*.ldif") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		all.Write(text)
	}
	return folded.ReplaceAllString(all.String(), "")
}
