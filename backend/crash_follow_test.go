package backend_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

const (
	crashFollowEnv    = "BACKEND_TEST_CRASH_FOLLOW"
	crashFollowRounds = 6
)

// process is the testing.TB of a process that is to be killed.
type process struct{ testing.TB }

func (process) Helper()                      {}
func (process) Cleanup(func())               {}
func (process) Errorf(f string, args ...any) { process{}.Fatalf(f, args...) }
func (process) Fatal(args ...any)            { process{}.Fatalf("%s", fmt.Sprintln(args...)) }
func (process) Fatalf(f string, args ...any) {
	fmt.Fprintf(os.Stderr, f+"\n", args...)
	os.Exit(1)
}

// serveIn serves the store at path as a follower.
func serveIn(t testing.TB, path string) *follower {
	sch := storetest.Schema(t)
	return &follower{t, storetest.Serve(t, path, backend.Options{Indexes: indexes, Schema: sch}), path, sch}
}

func openIn(t testing.TB, path string) *member {
	sch := storetest.Schema(t)
	return &member{&world{t, storetest.Open(t, path, backend.Options{Indexes: indexes, Schema: sch}), sch}, path}
}

// runAsCrashingFollower is the process that gets killed: it changes a primary,
// has a secondary follow it by batches and refreshes, and writes one line with
// the position for each step that was acknowledged.
func runAsCrashingFollower() {
	from, to, ok := strings.Cut(os.Getenv(crashFollowEnv), "#")
	if !ok {
		return
	}
	t := process{}
	time.AfterFunc(time.Minute, func() { t.Fatal("nobody killed this process") })
	primary, secondary := openIn(t, from), serveIn(t, to)
	r, kinds := newRandomTree(rand.Uint64()), map[schema.ChangeKind]int{}
	for n := 0; ; n++ {
		primary.some(r, 1+r.IntN(30), kinds)
		if n%5 == 4 {
			secondary.refreshes(primary)
		} else if err := secondary.ApplyBatch(context.Background(), primary.since(secondary.Position())); err != nil {
			t.Fatal(err)
		}
		fmt.Println(secondary.Position())
	}
}

func TestKilledFollowerIsAtOnePositionOrTheNext(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	at := secondary.Position()
	for round := range crashFollowRounds {
		storetest.Close(t, primary.Store)
		storetest.Close(t, secondary.Store)
		acked := killFollower(t, primary.path, secondary.path, 3+rand.IntN(12), time.Duration(rand.IntN(8000))*time.Microsecond)
		primary, secondary = openIn(t, primary.path), openIn(t, secondary.path)
		storetest.Check(t, secondary.Store)
		at = secondary.Position()
		h := primary.held()
		hash, ok := h.HashAt(at.Seq)
		h.Release()
		if at.Seq < acked.Seq || at.Epoch != acked.Epoch || !ok || hash != at.Hash || !secondary.Following() {
			t.Errorf("round %d: at %v, acknowledged was %v; the primary had %v (%v)", round, at, acked, hash, ok)
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(secondary.path), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v (%v)", f, info.Mode(), err)
			}
		}
		secondary.applies(primary.since(at))
		secondary.equals(primary)
	}
}

// killFollower kills the process some time after so many steps, and gives the
// last position that was acknowledged.
func killFollower(t *testing.T, from, to string, steps int, after time.Duration) (acked schema.Position) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashFollowEnv+"="+from+"#"+to)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if acked, err = schema.ParsePosition(lines.Text()); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		if n == steps {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return acked
}
