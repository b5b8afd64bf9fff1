// threads_test.go: the monitor thread of a server sleeps long, and it alone.

package install

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// slacks are the timer slacks of a process's threads, in ns, in the order in which the
// threads were begun.
func slacks(t *testing.T, pid int) (all []string) {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		ns, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", id))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(ns)))
	}
	return all
}

func TestMonitorThreadAloneSleepsLong(t *testing.T) {
	if os.Geteuid() != 0 { // the timer slack of other threads is told to root, which everybody is in a namespace of their own
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	const usual, long = "50000", "2000000"
	for _, c := range []struct{ processors, monitor string }{{"2", long}, {"1", usual}} {
		t.Run(c.processors, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", c.processors)
			all := slacks(t, harness.StartUtdsd(t, harness.Options{Plain: true}).Pid())
			if all[1] != c.monitor {
				t.Fatalf("%s: the second is the monitor", all)
			}
			others := slices.Delete(slices.Clone(all), 1, 2)
			count := len(others)
			missed := len(slices.DeleteFunc(others, func(ns string) bool { return ns == usual }))
			if missed > count/2 { // on a busy machine one or two are asleep at the wrong time
				t.Errorf("%s: %d others sleep long", all, missed)
			}
		})
	}
}
