// full_test.go: disks that fill up during a load and a dump.

package flow

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const fullDiskEnv = "FLOW_TEST_FULL_DISK"

// TestFullDiskLosesNothing runs itself in a mount namespace of its own, where
// it may mount a small file system in memory.
func TestFullDiskLosesNothing(t *testing.T) {
	dir := os.Getenv(fullDiskEnv)
	if dir == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), fullDiskEnv+"="+t.TempDir(), harness.BinEnv+"="+filepath.Dir(harness.Binary(t, "utldbmcat")))
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "PASS") {
			t.Errorf("this needs a mount namespace, which Linux gives to users unless that is switched off: %v\n%s", err, out)
		}
		return
	}
	mount := func(flags uintptr, size string) {
		if err := unix.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
			t.Fatal(err)
		}
	}
	mount(0, "4m")
	load(t, dir, data(300)).want(t, 0)
	large := write(t, "large", data(20_000))

	// The load does not fit, wherever that shows: in its sorted runs, in the pages of
	// the new store, in the last of them. The old store stays.
	small, failed := used(t, dir, 0), 0
	mount(unix.MS_REMOUNT, "64m")
	mostUsed := watchUsed(t, dir, func() { run(t, "", "utldif2ldbm", "-R", dir, "-c", "-i", large).want(t, 0) })
	load(t, dir, data(300)).want(t, 0)
	before := dump(t, dir)
	if err := os.Remove(filepath.Join(dir, storeFile+".previous")); err != nil {
		t.Fatal(err)
	}
	const sizes = 12
	for i := range sizes {
		mount(unix.MS_REMOUNT, fmt.Sprintf("%dk", small+(mostUsed-small)*i/sizes+4))
		r := run(t, "", "utldif2ldbm", "-R", dir, "-c", "-i", large)
		if r.code == 0 {
			break
		}
		failed++
		r.want(t, 1, "no space left on device", "the disk is full", "the old store is as it was", "make room")
		if dump(t, dir) != before {
			t.Error("the old store was changed")
		}
		if names := files(t, dir); len(names) != 1 {
			t.Errorf("files %q", names)
		}
	}
	if failed < sizes/2 {
		t.Errorf("the disk was full only %d times", failed)
	}

	// The dump does not fit: it says so and is told apart.
	mount(unix.MS_REMOUNT, "64m")
	run(t, "", "utldif2ldbm", "-R", dir, "-c", "-i", large).want(t, 0)
	whole := dump(t, dir)
	mount(unix.MS_REMOUNT, fmt.Sprintf("%dk", used(t, dir, 500)))
	named := filepath.Join(dir, "named")
	if err := os.WriteFile(named, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "utldbmcat", "-R", dir, "-o", named).want(t, 1, "the disk is full")
	if read(t, named) != "old" {
		t.Error("-o has replaced the file")
	}
	redirected, err := os.OpenFile(filepath.Join(dir, "redirected"), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "utldbmcat", "-R", dir)
	cmd.Stdout = redirected
	finish(t, cmd).want(t, 1, "the disk is full")
	if err := redirected.Close(); err != nil {
		t.Error(err)
	}
	if strings.Contains(read(t, redirected.Name()), "# end:") {
		t.Error("a dump that is cut off has an end")
	}
	if err := os.Remove(redirected.Name()); err != nil {
		t.Error(err)
	}
	if dump(t, dir) != whole {
		t.Error("the store was changed")
	}
}

// used is what the file system of dir has in use, in KiB, and more.
func used(t *testing.T, dir string, more int) int {
	t.Helper()
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Error(err)
	}
	return int(fs.Blocks-fs.Bfree)*int(fs.Bsize)/1024 + more
}

// watchUsed gives the most that is in use while during runs.
func watchUsed(t *testing.T, dir string, during func()) (most int) {
	t.Helper()
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				most = max(most, used(t, dir, 0))
			}
		}
	})
	during()
	close(ended)
	watching.Wait()
	return most
}
