package backend_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

const fullDiskEnv = "BACKEND_TEST_FULL_DISK"

// TestDiskFillsUpAndIsMadeLarger runs itself in a mount namespace of its own,
// where it may mount a small file system in memory.
func TestDiskFillsUpAndIsMadeLarger(t *testing.T) {
	dir := os.Getenv(fullDiskEnv)
	if dir == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), fullDiskEnv+"="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		}
		out, err := cmd.CombinedOutput()
		if err != nil && len(out) == 0 && os.Geteuid() != 0 {
			t.Skipf("this machine gives no mount namespace to users: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	mount := func(flags uintptr, size string) {
		if err := unix.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
			t.Fatal(err)
		}
	}
	mount(0, "3m")
	path := filepath.Join(dir, "store")
	o := backend.Options{Create: true, Indexes: indexes, WalkLater: true, Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
	w := &world{t, storetest.Open(t, path, o), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	made, refused := 0, 0
	for ; refused < 10 && made < 10000; made++ {
		switch d := w.do(person(fmt.Sprint("p", made), "description: "+strings.Repeat("x", 2000))); d.Result.Code {
		case schema.Success:
		case schema.UnwillingToPerform:
			made--
			refused++
		default:
			t.Fatal(&d.Result)
		}
	}
	t.Logf("%d entries fit", made)
	if refused < 10 || made < 100 {
		t.Fatalf("%d entries fit and %d were refused", made, refused)
	}
	if n := len(w.all(suffix)); n != made+2 {
		t.Errorf("%d entries found on a full disk, want %d", n, made+2)
	}
	storetest.Close(t, w.Store) // with or without a list of its free pages
	o.Create = false
	w.Store = storetest.Open(t, path, o)
	if n := len(w.all(suffix)); n != made+2 {
		t.Errorf("%d entries found after reopening on a full disk, want %d", n, made+2)
	}
	mount(unix.MS_REMOUNT, "64m")
	w.must(person("after"))
	storetest.Close(t, w.Store)
	w.Store = storetest.Open(t, path, o)
	if n := len(w.all(suffix)); n != made+3 {
		t.Errorf("%d entries found after reopening, want %d", n, made+3)
	}
	storetest.Close(t, w.Store)
}
