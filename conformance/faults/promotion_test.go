// promotion_test.go: the primary is lost under load, a secondary takes its
// place, and the old one comes back with changes that nobody else has.

package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// commandsIn bounds the time from the first command to the first change.
const commandsIn = 10 * time.Second

// TestPromotionUnderLoad: what was shown as lag is what is missing, and all of
// it is kept on the old primary. The first time the network is cut before, so
// that there is a lag; the second time the primary is killed at full speed.
func TestPromotionUnderLoad(t *testing.T) {
	for _, cut := range []bool{true, false} {
		name := "killed"
		if cut {
			name = "cut off and killed"
		}
		t.Run(name, func(t *testing.T) { promotion(t, cut) })
	}
}

func promotion(t testing.TB, cut bool) {
	random := seed(t)
	f := newFarm(t, group.NewNetwork(t), 2, harness.Options{})
	a, b, c := f.primary, f.secondaries[0], f.secondaries[1]
	readers := map[*group.Member]*group.Reader{b: b.StartReader(t, group.CounterFilter), c: c.StartReader(t, group.CounterFilter)}
	l := f.startLoad(t, random)
	f.moment(t, l, random, 4*fewest)
	shown := -1
	if cut {
		a.Host.Part(t, b.Host)
		a.Host.Part(t, c.Host)
		f.moment(t, l, random, fewest)
		l.finish()
		shown = int(max(f.lag(t, b), f.lag(t, c)))
	}
	a.Kill(t)
	if !cut {
		l.finish()
	}
	a.Host.Heal(t)
	b.Host.Heal(t)
	c.Host.Heal(t)
	left := a.Dump(t)

	// The group goes on without a. The one that has more is promoted; which one
	// that is counts when both have made what they had received.
	begun := time.Now()
	for _, m := range f.secondaries {
		m.Must(t, "utreplica", "-u")
	}
	if f.further(t, b, c) {
		b, c = c, b
	}
	b.Must(t, "utreplica", "-p", a.Address(), c.Address())
	promoted := b.Dump(t)
	later := newBooks(t, f.dir, 101) // clients of its own
	l = later.startLoad(t, b, b.Exited(), random)
	if !l.awaitAcks(1, commandsIn) || time.Since(begun) > commandsIn {
		t.Errorf("%v from the first command to the first change", time.Since(begun))
	}
	c.Must(t, "utreplica", "-n", "-s", b.Address())
	if !l.awaitAcks(fewest, answersIn) {
		t.Fatalf("%d changes acknowledged\n%s", l.acks.Load(), f.State())
	}
	l.finish()
	f.AwaitLevel(t, b, c)
	for m, reader := range readers {
		r := reader.Stop()
		if s, err := m.Status(); err != nil || s.Upstream.Refreshes > 1 || r.Connections != 1 || len(r.Failed)+len(r.Backwards) > 0 {
			t.Errorf("%s: %v; a promotion needs no refresh and no read notices it: %+v", m.Name, err, r)
		}
	}
	lost := f.comeBack(t, a, b)
	missing := sequence(t, left.Position) - sequence(t, promoted.Position)
	if n := strings.Count("\n"+lost, "\nchangetype:"); n != missing || cut && n > shown {
		t.Errorf("%d changes are kept, %d are missing, %d were shown as lag\nleft: %s\npromoted: %s", n, missing, shown, left.Position, promoted.Position)
	}
	t.Logf("%d changes were missing", missing)

	// Applied to the new primary they make every acknowledged change be there.
	f.primary, f.secondaries = b, []*group.Member{a, c}
	apply(t, b, lost)
	f.AwaitLevel(t, b, a, c)
	have := append([]held(nil), entries(t, b)...)
	early, late := split(have)
	f.books.verify(t, early)
	later.verify(t, late)
	for _, m := range f.secondaries {
		if d := group.Difference(b.Dump(t), m.Dump(t)); d != "" {
			t.Errorf("%s and %s differ: %s", b.Name, m.Name, d)
		}
	}
	for _, m := range f.Members() {
		m.Stop(t)
		if p := m.Check(t); p != "" {
			t.Errorf("%s: %s", m.Name, p)
		}
	}
}

// further tells whether b has more changes than a.
func (f *farm) further(t testing.TB, a, b *group.Member) bool {
	t.Helper()
	one, err := a.Status()
	other, err2 := b.Status()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return other.LastChange > one.LastChange
}

// lag is how far a secondary is behind by what the primary says.
func (f *farm) lag(t testing.TB, m *group.Member) uint64 {
	t.Helper()
	s, err := f.primary.Status()
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range s.Secondaries {
		if other.Member == m.Address() {
			return other.LagChanges
		}
	}
	t.Fatalf("%s does not know %s\n%s", f.primary.Name, m.Name, f.State())
	return 0
}

// sequence is the number of the last change of a position.
func sequence(t testing.TB, position string) int {
	t.Helper()
	n, err := number(position)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func number(position string) (n int, err error) {
	_, seq, _ := strings.Cut(position, ".")
	_, err = fmt.Sscanf(seq, "%x", &n)
	return n, err
}

// comeBack starts the old primary. It has to find out that it is none any more
// and to take nothing; made a secondary it gives the changes that it alone had.
func (f *farm) comeBack(t testing.TB, old, primary *group.Member) (lost string) {
	t.Helper()
	old.Restart(t)
	f.Await(t, "the old primary is fenced", func() (bool, error) {
		s, err := old.Status()
		return s.Fenced != "", err
	})
	conn, err := old.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	set := ldap.NewModifyRequest(counterDN, nil)
	set.Replace("description", []string{"0"})
	if err := conn.Modify(set); err == nil {
		t.Error("an old primary takes a change")
	}
	old.Must(t, "utreplica", "-u")
	old.Must(t, "utreplica", "-s", primary.Address())
	f.AwaitLevel(t, primary, old)
	files, err := filepath.Glob(filepath.Join(old.StoreFolder(), "lost-*.ldif"))
	if err != nil || len(files) > 1 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", file, info.Mode(), err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lost += string(text)
	}
	return lost
}

// apply makes changes in LDIF.
func apply(t testing.TB, m *group.Member, text string) {
	t.Helper()
	if text == "" {
		return
	}
	cmd := exec.CommandContext(t.Context(), harness.Program(t, "ldapmodify"), "-x", "-H", m.Endpoint().URL, "-D", harness.AdminDN, "-w", harness.Password)
	cmd.Stdin = strings.NewReader(text)
	if r := m.Finish(t.Context(), t, cmd); r.Code != 0 {
		t.Errorf("the kept changes cannot be made: %s\n%s", r.Err, text)
	}
}

// split tells the entries of the later clients from those of the first ones.
func split(all []held) (early, late []held) {
	for _, h := range all {
		if err := h.decode(); err == nil && h.client > 100 {
			late = append(late, h)
		} else {
			early = append(early, h)
		}
	}
	return early, late
}
