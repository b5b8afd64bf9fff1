// million_test.go: the whole state of a large site goes to a new secondary, and
// neither side needs memory for it.

package scenario

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// million is how many entries there are, unless the environment says otherwise.
const million = 1_000_000

// mostMore bounds how much more memory of its own a server takes while a whole
// state is sent or received than before it, in MiB, whatever the number of entries.
const (
	mostMoreSent     = 64
	mostMoreReceived = 512
)

// millionIn bounds the load and the refresh.
const millionIn = 10 * time.Minute

func TestAMillionEntriesAreSentAndReceivedInBoundedMemory(t *testing.T) {
	n := million
	if text := os.Getenv("REFRESH_ENTRIES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	s := newStory(t)
	s.server("million", []string{"a", "b"}, "")
	a, b := s.members["a"], s.members["b"]
	s.site(t, n)
	begun := time.Now()
	s.long(a, "utldif2ldbm", "-c", "-j", "2", "-i", filepath.Join(s.dir, "site"))
	a.Restart(t)
	b.Restart(t)
	t.Logf("loaded and started in %v", time.Since(begun).Round(time.Millisecond))
	a.Must(t, "utreplica", "-p", b.Address())
	sent, received := watchMemory(t, a.Pid()), watchMemory(t, b.Pid())
	begun = time.Now()
	out := s.long(b, "utreplica", "-s", a.Address())
	took := time.Since(begun)
	for _, m := range []struct {
		what  string
		watch *memory
		limit int
	}{{"sending", sent, mostMoreSent}, {"receiving", received, mostMoreReceived}} {
		before, most := m.watch.stop()
		t.Logf("%s %d entries in %v: %d MiB before, %d MiB at most", m.what, n, took.Round(time.Millisecond), before>>10, most>>10)
		if (most-before)>>10 > m.limit {
			t.Errorf("%s %d entries took %d MiB more than before", m.what, n, (most-before)>>10)
		}
	}
	if want := fmt.Sprintf("This server is a secondary of %s.\nIt is level with %[1]s: %d entries.\n", a.Address(), n+6); out != want {
		t.Error(out)
	}
	x, err := a.Status()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Status()
	if err != nil {
		t.Fatal(err)
	}
	if x.Position != y.Position || y.Upstream.Refreshes != 1 {
		t.Errorf("positions %s and %s, %d whole states", x.Position, y.Position, y.Upstream.Refreshes)
	}
}

// long runs a program that takes its time and has to succeed.
func (s *story) long(m *group.Member, program string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), millionIn)
	defer cancel()
	r := m.Finish(ctx, s.t, m.Command(ctx, s.t, program, args...))
	if r.Code != 0 {
		s.t.Fatalf("%s: exit status %d\n%s%s", program, r.Code, r.Out, r.Err)
	}
	return r.Out
}

// site writes a dump of n desktops below the tree of utconfig.
func (s *story) site(t *testing.T, n int) {
	t.Helper()
	f, err := os.Create(filepath.Join(s.dir, "site"))
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, "dn: o=utdata\nobjectClass: organization\no: utdata\n\ndn: o=v1,o=utdata\nobjectClass: organization\no: v1\n\n")
	container := func(dn, name string) {
		fmt.Fprintf(w, "dn: utname=%s,%s\nobjectClass: utContainer\nutname: %[1]s\n\n", name, dn)
	}
	container("o=v1,o=utdata", "farm")
	for _, name := range []string{"desktops", "users", "tokens"} {
		container("utname=farm,o=v1,o=utdata", name)
	}
	for i := range n {
		fmt.Fprintf(w, "dn: utname=%012x,%s\nobjectClass: utDesktop\nutname: %012x\nutlocation: Building %d, floor %d, room %d\nutotherinfo: number %d of its batch\n\n",
			i, desktops, i, i%7, i%11, i%301, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// memory watches what a process has of its own: the mapped store is not.
type memory struct {
	stopped      chan struct{}
	done         sync.WaitGroup
	before, most int // KiB
}

var ownMemory = regexp.MustCompile(`(?m)^RssAnon:\s+(\d+) kB$`)

func watchMemory(t *testing.T, pid int) *memory {
	t.Helper()
	m := &memory{stopped: make(chan struct{})}
	look := func() int {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0
		}
		found := ownMemory.FindSubmatch(text)
		if found == nil {
			return 0
		}
		kib, _ := strconv.Atoi(string(found[1])) // digits
		return kib
	}
	if m.before = look(); m.before == 0 {
		t.Fatalf("no memory of process %d", pid)
	}
	m.done.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			m.most = max(m.most, look())
			select {
			case <-m.stopped:
				return
			case <-tick.C:
			}
		}
	})
	return m
}

func (m *memory) stop() (before, most int) {
	close(m.stopped)
	m.done.Wait()
	return m.before, m.most
}
