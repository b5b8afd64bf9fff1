// full_test.go: disks that fill up during a load and a dump.

package flow

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
	mount(0, "2m")
	load(t, dir, data(300)).want(t, 0)
	before := dump(t, dir)
	large := write(t, "large", data(20_000))

	// The load does not fit: the old store stays.
	run(t, "", "utldif2ldbm", "-R", dir, "-c", "-i", large).want(t, 1, "no space left on device", "the disk is full", "the old store is as it was", "make room")
	if dump(t, dir) != before {
		t.Error("the old store was changed")
	}
	if names := files(t, dir); len(names) != 1 {
		t.Errorf("files %q", names)
	}

	// The dump does not fit: it says so and is told apart.
	mount(unix.MS_REMOUNT, "64m")
	run(t, "", "utldif2ldbm", "-R", dir, "-c", "-i", large).want(t, 0)
	whole := dump(t, dir)
	used := used(t, dir)
	mount(unix.MS_REMOUNT, used+"k")
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

// used is what dir takes, in KiB, and a little more.
func used(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", `echo $(($(du -sk "$1" | cut -f1) + 500))`, "sh", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
