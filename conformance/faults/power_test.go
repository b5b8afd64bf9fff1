// power_test.go: the power of a primary and of a secondary fails under load.

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// powerCuts is how often the power fails of each of the two.
const powerCuts = 10

// TestPowerFailsUnderLoad: what a disk has at any instant is a sound store with
// every change that was acknowledged, to a client or to the primary, before.
func TestPowerFailsUnderLoad(t *testing.T) {
	cutPower(t, harness.Options{}, times(t, powerCuts))
}

// TestPowerFailsForAServerWithoutFlushes shows that the other test can fail.
func TestPowerFailsForAServerWithoutFlushes(t *testing.T) {
	program := harness.Tagged(t, "sabotage_nosync")
	faults := caught(t, func(w testing.TB) { cutPower(w, harness.Options{Program: program}, 1) })
	if len(faults) == 0 {
		t.Fatal("a server that acknowledges before the flush passes")
	}
	t.Logf("%d faults are found, the first: %.300s", len(faults), faults[0])
}

func cutPower(t testing.TB, o harness.Options, cuts int) {
	random := seed(t)
	t.TempDir() // on the ordinary disk, with the ledgers
	shelf := newShelf(t)
	one, other := shelf.newDisk(t, "one"), shelf.newDisk(t, "other")
	t.Setenv("TMPDIR", one.dir)
	f := newFarm(t, nil, 0, o)
	t.Setenv("TMPDIR", other.dir)
	b := f.Add(t, "b", o)
	b.Restart(t)
	f.secondaries = append(f.secondaries, b)
	f.primary.Must(t, "utreplica", "-p", b.Address())
	b.Must(t, "utreplica", "-s", f.primary.Address())
	f.AwaitLevel(t, f.primary, b)

	first := sequence(t, f.primary.Dump(t).Position)
	l := f.books.startLoad(t, f.primary, f.primary.Exited(), random)
	for range cuts {
		f.moment(t, l, random, fewest)
		f.cutPrimary(t, one, first)
		f.moment(t, l, random, fewest)
		f.cutSecondary(t, other)
		if t.Failed() {
			break
		}
	}
	l.finish()
	t.Logf("%d changes acknowledged", l.acks.Load())
	f.finish(t)
}

// within is the root of a member on what is left of its disk.
func within(t testing.TB, m *group.Member, d *disk, look string) unserved {
	t.Helper()
	below, err := filepath.Rel(d.dir, m.Root)
	if err != nil || strings.HasPrefix(below, "..") {
		t.Fatalf("%s is not on the disk %s: %v", m.Root, d.dir, err)
	}
	return newUnserved(t, filepath.Join(look, below))
}

// cutPrimary compares what is left with the ledgers from before and after.
func (f *farm) cutPrimary(t testing.TB, d *disk, first int) {
	t.Helper()
	answered, _ := f.books.lines(t)
	d.cut(t, func(look string) {
		_, asked := f.books.lines(t)
		left := within(t, f.primary, d, look)
		if p := left.faults(); p != "" {
			t.Error(p)
		}
		have, position, problem, err := left.read()
		if problem != "" || err != nil {
			t.Errorf("%s%v", problem, err)
			return
		}
		least, most := 0, 0
		for _, h := range f.books.histories(t) {
			from, to, ok := h.fits(have, answered[h.client], asked[h.client])
			if !ok {
				t.Errorf("client %d: what is there is not what it had after any of its changes %d to %d", h.client, answered[h.client], asked[h.client])
			}
			least, most = least+from, most+to
		}
		seq := sequence(t, position) - first
		if seq < least || seq > most {
			t.Errorf("%d to %d changes are there and the changelog has %d records for them", least, most, seq)
		}
	})
}

// cutSecondary compares what is left with what the secondary had confirmed.
func (f *farm) cutSecondary(t testing.TB, d *disk) {
	t.Helper()
	m := f.secondaries[0]
	s, err := f.primary.Status()
	if err != nil || len(s.Secondaries) != 1 {
		t.Fatalf("%+v, %v", s.Secondaries, err)
	}
	d.cut(t, func(look string) {
		left := within(t, m, d, look)
		if p := left.faults(); p != "" {
			t.Error(p)
		}
		_, position, problem, err := left.read()
		if problem != "" || err != nil {
			t.Errorf("%s%v", problem, err)
			return
		}
		if has, confirmed := sequence(t, position), sequence(t, s.Secondaries[0].Position); has < confirmed {
			t.Errorf("%s has %d changes and had confirmed %d", m.Name, has, confirmed)
		}
	})
}

// lines counts for each client how many answers and how many tries its ledger has
// now, while it writes on.
func (b books) lines(t testing.TB) (answered, asked map[int]int) {
	t.Helper()
	answered, asked = make(map[int]int), make(map[int]int)
	for _, l := range b {
		text, err := os.ReadFile(l.path)
		if err != nil {
			t.Fatal(err)
		}
		answered[l.client] = strings.Count("\n"+string(text), "\nack ")
		asked[l.client] = strings.Count("\n"+string(text), "\ntry ")
	}
	return answered, asked
}

// fits finds the numbers of changes, at least from and at most to, after which the
// client had what is there: the fewest and the most.
func (h *history) fits(have []held, from, to int) (fewest, most int, ok bool) {
	mine := make(map[int]state)
	for i := range have {
		if have[i].decode() == nil && have[i].client == h.client {
			mine[have[i].slot] = state{strings.ToLower(have[i].dn), have[i].number}
		}
	}
	l := ledger{client: h.client}
	for n := 0; n <= min(to, len(h.attempts)); n++ {
		if n > 0 {
			a := h.attempts[n-1]
			a.after.dn = strings.ToLower(a.after.dn)
			l.slots[a.slot] = a.after
		}
		same := n >= from
		for slot := range slots {
			same = same && l.slots[slot] == mine[slot]
		}
		if same && !ok {
			fewest, ok = n, true
		}
		if same {
			most = n
		}
	}
	return fewest, most, ok
}

// TestFitsKnowsWhatAClientHad shows fits what is there and what is not.
func TestFitsKnowsWhatAClientHad(t *testing.T) {
	h := history{client: 1}
	entry := func(number int) held {
		c := content(1, 0, number)
		return held{dn: "utname=A,o=x", description: []string{c}, other: []string{c}, port: []string{fmt.Sprint(number)}}
	}
	for n := range 4 {
		h.attempts = append(h.attempts, attempt{n + 1, 0, state{"utname=a,o=x", n + 1}})
	}
	h.attempts = append(h.attempts, attempt{5, 0, state{}})
	for _, c := range []struct {
		have     []held
		from, to int
		want     [2]int
		ok       bool
	}{
		{[]held{entry(3)}, 2, 4, [2]int{3, 3}, true},
		{[]held{entry(3)}, 4, 5, [2]int{}, false},
		{[]held{entry(3)}, 0, 2, [2]int{}, false},
		{nil, 0, 5, [2]int{0, 5}, true},
		{nil, 1, 4, [2]int{}, false},
	} {
		fewest, most, ok := h.fits(c.have, c.from, c.to)
		if ok != c.ok || ok && [2]int{fewest, most} != c.want {
			t.Errorf("%d entries, %d to %d: %d to %d, %t", len(c.have), c.from, c.to, fewest, most, ok)
		}
	}
}
