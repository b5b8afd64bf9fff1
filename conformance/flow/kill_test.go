// kill_test.go: utldif2ldbm killed at any moment.

package flow

import (
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const kills = 50

func TestKilledLoadLeavesTheOldStoreOrTheNewOne(t *testing.T) {
	root := newRoot(t)
	small, large := data(40), data(4000)
	load(t, root, small).want(t, 0)
	old := entries(dump(t, root))
	file := write(t, "large", large)
	args := []string{"-R", root, "-c", "-j", "2", "-i", file}

	// How long it takes when nobody kills it, in another place.
	other := newRoot(t)
	begun := time.Now()
	run(t, "", "utldif2ldbm", "-R", other, "-c", "-j", "2", "-i", file).want(t, 0)
	whole := time.Since(begun)

	rnd := rand.New(rand.NewSource(7))
	before, after := 0, 0
	for i := range kills {
		cmd := command(t, "utldif2ldbm", args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Not a wait for anything: the moment is what is tried. The last tenth is
		// tried twice as often, for there the stores change places.
		moment := time.Duration(rnd.Int63n(int64(whole)))
		if i%2 == 0 {
			moment = whole*8/10 + time.Duration(rnd.Int63n(int64(whole)*4/10))
		}
		timer := time.AfterFunc(moment, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		_ = cmd.Wait()
		timer.Stop()

		check(t, root)
		text := dump(t, root)
		switch n := strings.Count(text, "\ndn: "); n {
		case 46:
			before++
			if entries(text) != old {
				t.Fatal("the old store was changed")
			}
		case 4006:
			after++
			load(t, root, small).want(t, 0)
			old = entries(dump(t, root))
		default:
			t.Fatalf("%d entries after a kill", n)
		}
	}
	t.Logf("%d kills at up to %v: the old store %d times, the new one %d times", kills, whole, before, after)
	if before == 0 {
		t.Error("no kill came in time")
	}
	// What killed loads have left is removed by the next one.
	load(t, root, large).want(t, 0)
	if names := files(t, root); !slices.Equal(names, []string{"id2entry.dbb", "id2entry.dbb.previous"}) {
		t.Errorf("files %q in %s", names, filepath.Dir(storeFile))
	}
}

func TestSignalEndsALoadCleanly(t *testing.T) {
	root := newRoot(t)
	before := dump(t, root)
	cmd := command(t, "utldif2ldbm", "-R", root, "-c", "-i", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	cmd.Stderr = &told
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte(data(3000))); err != nil { // more than a pipe holds: it is being read
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Standard input stays open, as that of a terminal does.
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(told.String(), "the old store is as it was") {
		t.Errorf("%v: %s", err, told.String())
	}
	if dump(t, root) != before || len(files(t, root)) != 1 {
		t.Errorf("files %q", files(t, root))
	}
}
