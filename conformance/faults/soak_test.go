// soak_test.go: an hour of mixed load on a primary and a secondary with a fault in
// each minute. It is no part of make test: make soak runs it.

package faults

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	soakMinutes = 60
	soakEvery   = 60  // seconds for a fault and what goes before and after it
	soakLog     = 300 // changes that the log keeps, so that a secondary may miss some

	moreGoroutines = 10       // than after the first fault that a server has lived through
	moreMemory     = 48 << 20 // bytes
	moreFiles      = 10
)

// soak is a farm whose servers live on from fault to fault.
type soak struct {
	*farm
	random  *rand.Rand
	load    *load
	acks    int64
	every   time.Duration
	footing map[*group.Member]footing
}

// footing is what a server needs when nothing is going on.
type footing struct {
	pid                       int
	goroutines, memory, files float64
}

// setting is a number from the environment.
func setting(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, no number above 0", name, text)
	}
	return n
}

// BenchmarkSoak runs for SOAK_MINUTES. SOAK_SECONDS is the time for each fault,
// FAULTS_SEED chooses the same faults again.
func BenchmarkSoak(b *testing.B) {
	if b.N > 1 {
		b.Fatal("it is run once: -benchtime 1x")
	}
	end := time.Now().Add(time.Duration(setting(b, "SOAK_MINUTES", soakMinutes)) * time.Minute)
	s := &soak{random: seed(b), footing: make(map[*group.Member]footing),
		every: time.Duration(setting(b, "SOAK_SECONDS", soakEvery)) * time.Second,
		farm: newFarm(b, group.NewNetwork(b), 1,
			harness.Options{Config: []harness.Setting{{Table: "changelog", Key: "keep", Value: soakLog}}})}
	s.watch(b)
	count := make(map[string]int)
	for round := 1; time.Now().Before(end); round++ {
		name, fault := s.choose()
		count[name]++
		before := s.acks
		begun := time.Now()
		s.begin(b)
		readers := s.askAround(b)
		s.wait(s.every/4 + rand.N(s.every/8)) // not drawn from the seed: how long things take is not in it either
		fault(b)
		s.wait(s.every - time.Since(begun))
		s.rest()
		asked := readers.finish()
		s.sound(b)
		fmt.Printf("soak: %s fault %d, %s: %d changes and %d searches, %s\n",
			begun.Format(time.TimeOnly), round, name, s.acks-before, asked, s.stands(b))
		if s.acks-before < fewest {
			b.Errorf("%d changes in round %d: that shows nothing", s.acks-before, round)
		}
		if b.Failed() {
			b.Fatalf("round %d: %s", round, name)
		}
	}
	s.finish(b)
	b.ReportMetric(float64(s.acks), "changes")
	fmt.Printf("soak: %d changes acknowledged; faults: %v\n", s.acks, count)
}

// begin lets the clients of the primary write, who must know what became of all
// that they asked for before.
func (s *soak) begin(t testing.TB) {
	t.Helper()
	s.load = s.startLoad(t, s.random)
}

// rest ends the load, if it has not ended.
func (s *soak) rest() {
	if s.load != nil {
		s.load.finish()
		s.acks += s.load.acks.Load()
		s.load = nil
	}
}

// again is begin after the primary was gone: the secondary comes level, and every
// client learns what is there.
func (s *soak) again(t testing.TB) {
	t.Helper()
	s.level(t)
	s.begin(t)
}

// wait lets the load go on.
func (s *soak) wait(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// sound is the oracle behind each fault: equal positions, ledgers and dumps, a
// store that passes its check on both sides, and no reader who went back.
func (s *soak) sound(t testing.TB) {
	t.Helper()
	s.level(t)
	for _, m := range s.Members() {
		if p := checkCopy(t, m); p != "" {
			t.Errorf("%s: %s", m.Name, p)
		}
		for _, word := range []string{"DATA RACE", "panic"} { // the first from servers that are built with -race
			if strings.Contains(m.Log(), word) {
				t.Errorf("%s: %s\n%s", m.Name, word, m.Log())
			}
		}
	}
}

// checkCopy runs the check on a copy of the file of a server that has nothing to
// do and stands still meanwhile.
func checkCopy(t testing.TB, m *group.Member) string {
	t.Helper()
	root, err := os.MkdirTemp("", "soak")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	if err := os.CopyFS(filepath.Join(root, "etc"), os.DirFS(filepath.Join(m.Root, "etc"))); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, harness.StoreFile)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := copyStill(t, m, to); err != nil {
		t.Fatal(err)
	}
	return newUnserved(t, root).faults()
}

func copyStill(t testing.TB, m *group.Member, to string) error {
	m.Signal(t, stopped)
	defer m.Signal(t, goesOn)
	from, err := os.Open(m.StoreFile())
	if err != nil {
		return err
	}
	defer from.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, from); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// stands tells what the servers need now that nobody asks for anything, and fails
// the test if one needs more and more.
func (s *soak) stands(t testing.TB) (text string) {
	t.Helper()
	for _, m := range s.Members() {
		now := footing{pid: m.Pid()}
		for name, value := range map[string]*float64{
			"go_goroutines": &now.goroutines, "process_resident_memory_bytes": &now.memory, "process_open_fds": &now.files,
		} {
			var err error
			if *value, err = m.Metric(name); err != nil {
				t.Fatal(err)
			}
		}
		text += fmt.Sprintf(" %s: %.0f goroutines, %.0f MiB, %.0f files;", m.Name, now.goroutines, now.memory/(1<<20), now.files)
		first, known := s.footing[m]
		if !known || first.pid != now.pid {
			s.footing[m] = now
			continue
		}
		if now.goroutines > first.goroutines+moreGoroutines || now.memory > first.memory+moreMemory || now.files > first.files+moreFiles {
			t.Errorf("%s needs more and more: %+v, before %+v", m.Name, now, first)
		}
	}
	return text
}
