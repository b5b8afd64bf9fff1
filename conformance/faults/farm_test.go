// farm_test.go: a primary with secondaries under load, and what has to be true
// when a fault is over.

package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// farm is a failover group with the ledgers of the clients of its primary.
type farm struct {
	*group.Group
	primary     *group.Member
	secondaries []*group.Member
	books       books
	counters    *counter
	readers     []*group.Reader
	dir         string
}

// newFarm configures, starts and joins a primary and n secondaries, in networks
// of their own or, without one, on loopback. Readers watch all of them.
func newFarm(t testing.TB, network *group.Network, n int, o harness.Options) *farm {
	t.Helper()
	f := &farm{Group: group.New(t, network), dir: t.TempDir()}
	f.books = newBooks(t, f.dir, 1)
	f.primary = f.Add(t, "a", o)
	var names []string
	for i := range n {
		m := f.Add(t, string(rune('b'+i)), o)
		f.secondaries = append(f.secondaries, m)
		names = append(names, m.Address())
	}
	t.Cleanup(func() { f.keep(t) })
	for _, m := range f.Members() {
		m.Restart(t)
	}
	if n > 0 {
		f.primary.Must(t, "utreplica", append([]string{"-p"}, names...)...)
	}
	f.counters = newCounter(t, f.primary)
	for _, m := range f.secondaries {
		m.Must(t, "utreplica", "-s", f.primary.Address())
	}
	return f
}

// watch lets readers read all members until the end of the test; none may see
// the past.
func (f *farm) watch(t testing.TB) {
	t.Helper()
	for _, m := range f.Members() {
		f.readers = append(f.readers, m.StartReader(t, group.CounterFilter))
	}
}

// keep copies what is needed to understand a failure to FAULTS_KEEP.
func (f *farm) keep(t testing.TB) {
	if !t.Failed() {
		return
	}
	t.Log(f.State())
	dir := os.Getenv("FAULTS_KEEP")
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, t.Name())
	copies := map[string]string{"ledgers": f.dir}
	for _, m := range f.Members() {
		copies[m.Name] = m.Root
		if err := os.WriteFile(filepath.Join(f.dir, m.Name+".log"), []byte(m.Log()), 0o600); err != nil {
			t.Error(err)
		}
	}
	for name, from := range copies {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(from)); err != nil {
			t.Logf("keep %s: %v", name, err) // a socket cannot be copied
		}
	}
	t.Logf("kept in %s", dir)
}

// startLoad lets clients write to the primary, and one count.
func (f *farm) startLoad(t testing.TB, random *rand.Rand, allowed ...int) *load {
	t.Helper()
	l := f.books.startLoad(t, f.primary, f.primary.Exited(), random, allowed...)
	l.wait.Go(func() { f.counters.run(f.primary, l.stop) })
	return l
}

// moment waits for some acknowledged changes and then a little, at random.
func (f *farm) moment(t testing.TB, l *load, random *rand.Rand, acks int64) {
	t.Helper()
	if !l.awaitAcks(l.acks.Load()+acks, answersIn) {
		t.Fatalf("%d changes acknowledged, then no more\n%s", l.acks.Load(), f.State())
	}
	<-time.After(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
}

// level is the oracle while the servers run: the load has ended, every
// secondary reaches the primary's position, every acknowledged change is there
// on all of them, and their dumps and state hashes are equal.
func (f *farm) level(t testing.TB) {
	t.Helper()
	f.AwaitLevel(t, f.primary, f.secondaries...)
	acked, _ := f.books.verify(t, entries(t, f.primary))
	if acked == 0 {
		t.Error("no change was acknowledged")
	}
	for _, p := range f.counters.verify(f.primary) {
		t.Error(p)
	}
	first := f.primary.Dump(t)
	for _, m := range f.secondaries {
		if d := group.Difference(first, m.Dump(t)); d != "" {
			t.Errorf("%s and %s differ: %s", f.primary.Name, m.Name, d)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// finish is the oracle at the end: level, what the readers saw, and then every
// store's own check.
func (f *farm) finish(t testing.TB) {
	t.Helper()
	f.level(t)
	for _, r := range f.readers {
		for _, b := range r.Stop().Backwards {
			t.Error(b)
		}
	}
	for _, m := range f.Members() {
		m.Stop(t)
		if p := m.Check(t); p != "" {
			t.Errorf("%s: %s", m.Name, p)
		}
	}
}

// restart starts a member again that was killed.
func (f *farm) restart(t testing.TB, m *group.Member) {
	t.Helper()
	m.Kill(t)
	m.Restart(t)
}

// freeze stops a member for some time without its noticing.
func (f *farm) freeze(t testing.TB, m *group.Member, pause time.Duration) {
	t.Helper()
	m.Signal(t, syscall.SIGSTOP)
	<-time.After(pause)
	m.Signal(t, syscall.SIGCONT)
}

// reached waits until a secondary has what the primary had just now, although
// the load goes on.
func (f *farm) reached(t testing.TB, m *group.Member) {
	t.Helper()
	target, err := f.primary.Status()
	if err != nil {
		t.Fatal(err)
	}
	f.Await(t, fmt.Sprintf("%s at change %d of %s", m.Name, target.LastChange, f.primary.Name), func() (bool, error) {
		s, err := m.Status()
		return err == nil && s.LastChange >= target.LastChange, err
	})
}
