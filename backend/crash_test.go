package backend_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

const (
	crashEnv    = "BACKEND_TEST_CRASH"
	crashRounds = 6
	workers     = 8
)

// stepOf is step n of a worker: an add, a change of the worker's own entry, or
// a rename of what the first one added.
func stepOf(round string, worker, n int) *schema.Change {
	own := fmt.Sprintf("r%s-w%d", round, worker)
	switch n % 3 {
	case 0:
		return person(fmt.Sprintf("%s-%d", own, n), "uid: "+own)
	case 1:
		return replace("cn="+own+","+people, "description", strconv.Itoa(n))
	}
	return rename(fmt.Sprintf("cn=%s-%d,%s", own, n-2, people), fmt.Sprintf("cn=%s-%d-moved", own, n-2))
}

// runAsCrashingServer is the process that gets killed: it opens a store, makes
// changes without end and writes one line for each that was acknowledged.
func runAsCrashingServer() {
	path, round, ok := strings.Cut(os.Getenv(crashEnv), "#")
	if !ok {
		return
	}
	fail := func(what string, err any) {
		fmt.Fprintln(os.Stderr, what, err)
		os.Exit(1)
	}
	sch, err := schema.Default()
	if err != nil {
		fail("schema", err)
	}
	s, err := backend.Open(path, backend.Options{Schema: sch, Indexes: indexes})
	if err != nil {
		fail("open", err)
	}
	time.AfterFunc(time.Minute, func() { fail("nobody killed", "this process") })
	for worker := range workers {
		go func() {
			got := make(chan schema.ChangeDone, 1)
			step := func(c *schema.Change) {
				s.Apply(context.Background(), c, func(d schema.ChangeDone) { got <- d })
				if d := <-got; d.Result.Code != schema.Success {
					fail("change", &d.Result)
				}
			}
			step(person(fmt.Sprintf("r%s-w%d", round, worker)))
			for n := 0; ; n++ {
				step(stepOf(round, worker, n))
				fmt.Printf("%d %d\n", worker, n) // one write: lines do not mix
			}
		}()
	}
	select {}
}

func TestKilledServerLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	for round := range crashRounds {
		storetest.Close(t, w.Store)
		seq := w.Position().Seq
		acked := killServer(t, path, strconv.Itoa(round), 50+rand.IntN(400))
		w.Store = storetest.Open(t, path, backend.Options{Indexes: indexes})
		storetest.Check(t, w.Store)
		total := uint64(0)
		for worker, last := range acked {
			w.checkWorker(strconv.Itoa(round), worker, last)
			total += uint64(last + 1)
		}
		if now := w.Position().Seq; now < seq+total {
			t.Errorf("round %d: position %d, and %d changes were acknowledged after %d", round, now, total, seq)
		}
	}
}

// killServer kills a server after so many acknowledged changes, and gives the
// last acknowledged step of each worker; -1 for none.
func killServer(t *testing.T, path, round string, changes int) []int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+path+"#"+round)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := make([]int, workers)
	for i := range acked {
		acked[i] = -1
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var worker, step int
		if _, err := fmt.Sscan(lines.Text(), &worker, &step); err != nil {
			t.Fatalf("ledger line %q: %v", lines.Text(), err)
		}
		acked[worker] = step
		if n == changes {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the server ended by itself: %v", err)
	}
	return acked
}

// checkWorker checks that every step up to last is there, and at most one more.
func (w *world) checkWorker(round string, worker, last int) {
	w.Helper()
	own := fmt.Sprintf("r%s-w%d", round, worker)
	have := map[string]bool{}
	for _, dn := range w.with("uid", own) {
		have[dn] = true
	}
	for n := 0; n <= last+1; n++ {
		done, must := false, n <= last
		switch n % 3 {
		case 0:
			name := fmt.Sprintf("cn=%s-%d", own, n)
			done = have[name+","+people] || have[name+"-moved,"+people]
			must = must || n+2 <= last
		case 1:
			if n+3 <= last+1 {
				continue // overwritten by a later step
			}
			value, _ := strconv.Atoi(value(w.get("cn="+own+","+people), "description"))
			done = value >= n
		case 2:
			done = have[fmt.Sprintf("cn=%s-%d-moved,%s", own, n-2, people)]
		}
		if must && !done {
			w.Errorf("worker %s: step %d of %d acknowledged ones is lost", own, n, last+1)
		}
	}
	if extra := len(have) - (last+1+2)/3; extra < 0 || extra > 1 {
		w.Errorf("worker %s: %d entries more than were acknowledged", own, extra)
	}
}

// with finds the names of the entries with a value.
func (w *world) with(attr, value string) []string {
	w.Helper()
	f, err := w.search(w.query(suffix, schema.ScopeSub, w.filter(eq(attr, value))))
	if err != nil {
		w.Fatal(err)
	}
	return f.dns
}
