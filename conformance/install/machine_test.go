// machine_test.go: machines that forget: their files are those of this machine,
// what is changed lies in memory; processes, network and mounts are their own.

package install

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// within bounds the boot of a machine and each script on it.
const within = 2 * time.Minute

// share is the folder of a machine where the test's folder is seen.
const share = "/srv/share"

// mark is a file that every machine has: a script runs nowhere else.
const mark = "/.forgets"

// layers makes the files of a machine in $1, with $2 as its share. That man
// updates its index for each package would be most of the time.
const layers = `set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs none "$1"
cd "$1"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" root
rm -rf root/opt/SUNWut root/etc/opt/SUNWut root/var/opt/SUNWut root/usr/sbin/policy-rc.d root/var/lib/man-db/auto-update
mkdir -p "root` + share + `" root/etc/opt root/var/opt
: >root` + mark + `
`

// scriptsOnly is a machine without systemd, in runlevel 2. Its first process
// looks after those whose parents have ended, as init does.
const scriptsOnly = layers + `mount --bind "$2" "root` + share + `"
mount -t proc proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs none root/run
mount -t tmpfs none root/tmp
mount -t tmpfs none root/var/tmp
rm -f root/sbin/runlevel
printf '#!/bin/sh\necho N 2\n' >root/sbin/runlevel
chmod 755 root/sbin/runlevel
ip link set lo up
exec chroot root bash -c 'echo ready; while :; do sleep 1000 & wait; done'
`

// withSystemd is a machine that systemd has booted, with the least that there
// is to boot. Where systemd does not run this machine, $3 names a group of
// processes that holds those of the new one.
const withSystemd = layers + `rm -f root/etc/systemd/system/*.wants/*
: >root/etc/fstab
printf '%032d\n' $$ >root/etc/machine-id
keep=
if [ ! -d /run/systemd/system ]; then
	keep=--keep-unit
	mount -t tmpfs none /run
	for folder in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
		[ -e "$folder/cgroup.procs" ] || continue
		mkdir "$folder/$3"
		echo $$ >"$folder/$3/cgroup.procs"
	done
fi
echo ready
systemd-nspawn --quiet --directory="$1/root" --machine="$3" --register=no $keep --private-network --console=pipe \
	--bind="$2:` + share + `" --link-journal=no --boot systemd.unit=basic.target >"$1/console" 2>&1
`

// machine is a running one.
type machine struct {
	pid int // of the process whose view of files, network and processes is the machine's
}

// start makes a machine. It ends with the test, and with the test's process.
func start(t *testing.T, setup, shared string) (cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root can make a machine to install on: run this test as root")
	}
	cmd = exec.Command("bash", "-c", setup, "machine", t.TempDir(), shared, groupName())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
	}
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a machine: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it is the first of its processes: all the others go with it
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("start a machine: %q %v\n%s", line, err, errOut.String())
	}
	return cmd
}

// newMachine is a machine without systemd. shared is a folder of the test.
func newMachine(t *testing.T, shared string) *machine {
	t.Helper()
	m := &machine{pid: start(t, scriptsOnly, shared).Process.Pid}
	m.purgeOwn(t)
	return m
}

// bootMachine is a machine that systemd runs.
func bootMachine(t *testing.T, shared string) *machine {
	t.Helper()
	harness.Program(t, "systemd-nspawn")
	t.Cleanup(func() { removeGroups(t) }) // after the machine has ended
	cmd := start(t, withSystemd, shared)
	m := &machine{}
	deadline := time.Now().Add(within)
	for state := ""; state != "running" && state != "degraded"; {
		if time.Now().After(deadline) {
			console, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cwd/console", cmd.Process.Pid))
			t.Fatalf("the machine does not boot: %q\n%s", state, console)
		}
		time.Sleep(20 * time.Millisecond)
		if m.pid == 0 {
			if supervisor := childOf(cmd.Process.Pid, "systemd-nspawn"); supervisor != 0 {
				m.pid = childOf(supervisor, "systemd")
			}
			continue
		}
		out, _ := m.try(t, "systemctl is-system-running")
		state = strings.TrimSpace(out)
	}
	m.purgeOwn(t)
	return m
}

// purgeOwn takes a package away that this machine itself has.
func (m *machine) purgeOwn(t *testing.T) {
	t.Helper()
	m.run(t, "! dpkg -s utdsd >/dev/null 2>&1 || dpkg --purge utdsd; ! getent passwd utdsd >/dev/null || deluser --quiet utdsd")
}

// try runs a script as root and gives what it prints and its exit status.
func (m *machine) try(t *testing.T, script string) (string, int) {
	t.Helper()
	cmd := exec.Command("nsenter", "--target", strconv.Itoa(m.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
		"bash", "-c", "cd / && [ -e "+mark+" ] || exit 99; set -e; umask 022; "+script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // a daemon that keeps the output does not keep the test
	timer := time.AfterFunc(within, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v", script, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// run is try for a script that must succeed and print every text.
func (m *machine) run(t *testing.T, script string, texts ...string) string {
	t.Helper()
	return m.want(t, 0, script, texts...)
}

// want is try for a script that must end with code and print every text.
func (m *machine) want(t *testing.T, code int, script string, texts ...string) string {
	t.Helper()
	out, got := m.try(t, script)
	if got != code {
		t.Fatalf("%s: exit status %d, want %d\n%s", script, got, code, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%s does not print %q:\n%s", script, text, out)
		}
	}
	if strings.Contains(out, harness.Password) {
		t.Errorf("%s shows the password:\n%s", script, out)
	}
	return out
}

// childOf finds a child by the name of its program; 0 if there is none.
func childOf(parent int, name string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var pid, ppid int
		var program, state string
		if n, _ := fmt.Sscanf(string(text), "%d %s %s %d", &pid, &program, &state, &ppid); n == 4 && ppid == parent && program == "("+name+")" {
			return pid
		}
	}
	return 0
}

// groupName is that of the group of processes of a machine, and its own.
func groupName() string { return fmt.Sprintf("utdsd-test-%d", os.Getpid()) }

// removeGroups takes the groups of processes away when they are empty.
func removeGroups(t *testing.T) {
	deadline := time.Now().Add(within)
	for _, top := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"} {
		dir := filepath.Join(top, groupName())
		for exec.Command("sh", "-c", `[ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} +`, "rm", dir).Run() != nil {
			if time.Now().After(deadline) {
				t.Errorf("%s cannot be removed", dir)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}
