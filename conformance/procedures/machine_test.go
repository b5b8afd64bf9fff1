// machine_test.go: a machine with a disk that can be taken away, and what is typed
// on it.

package procedures

import (
	"bufio"
	"bytes"
	"context"
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

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// commandIn bounds what is typed at once.
const commandIn = time.Minute

// view is what a machine sees: its disk $1 and the programs $2 at the real paths,
// and the host name $3. Its first process holds all this and has nothing to do.
const view = `set -e
mount --make-rprivate /
hostname "$3"
mount -t tmpfs none /run
mount --bind "$2" /opt
mount -o remount,bind,ro /opt
mount --bind "$1/etc" /etc/opt
mount --bind "$1/var" /var/opt
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/tmp" /tmp
mount -t proc proc /proc
echo ready
exec sleep infinity
`

// machine is one of the group's.
type machine struct {
	*group.Host
	name     string
	programs string // folder that is its /opt
	disk     string // folder with its /etc/opt, /var/opt, /etc/hosts and /tmp
	first    *exec.Cmd
}

// path is a file of the machine as the test sees it.
func (m *machine) path(name string) string {
	for _, place := range [][2]string{{"/etc/opt/", "etc/"}, {"/var/opt/", "var/"}, {"/tmp/", "tmp/"}} {
		if rest, ok := strings.CutPrefix(name, place[0]); ok {
			return filepath.Join(m.disk, place[1], rest)
		}
	}
	panic("no file of a machine: " + name)
}

// newDisk gives the machine an empty disk; what was on the old one is gone.
func (m *machine) newDisk(t *testing.T, hosts string) {
	t.Helper()
	if err := os.RemoveAll(m.disk); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"etc", "var", "tmp"} {
		if err := os.MkdirAll(filepath.Join(m.disk, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(m.disk, "tmp"), 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.disk, "hosts"), []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
}

// powerOn starts the machine, and the data store with it if it is set up: that is
// what the init script does.
func (m *machine) powerOn(t *testing.T) {
	t.Helper()
	m.Plug(t)
	m.first = exec.Command("bash", "-c", view, "machine", m.disk, m.programs, m.name)
	m.first.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	var errOut bytes.Buffer
	m.first.Stderr = &errOut
	out, err := m.first.StdoutPipe()
	if err == nil {
		err = m.Start(m.first)
	}
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		m.powerOff(t)
		t.Fatalf("%s does not start: %q %v\n%s", m.name, line, err, errOut.String())
	}
	if _, err := os.Stat(m.path("/etc/opt/SUNWut/srds/utdsd.toml")); err == nil {
		m.must(t, "utstart")
	}
}

// powerOff ends every process of the machine at once, without a word to anybody. Its
// first one takes all others with it.
func (m *machine) powerOff(t *testing.T) {
	t.Helper()
	if m.first == nil {
		return
	}
	m.Unplug(t, func() {
		_ = m.first.Process.Kill()
		_ = m.first.Wait()
	})
	m.first = nil
}

// command prepares a script on the machine, as root types it. It ends with the
// machine.
func (m *machine) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(m.first.Process.Pid), "--mount", "--uts", "--ipc", "--net", "--pid",
		"bash", "-c", script)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/opt/SUNWut/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	return cmd
}

// try runs a script and gives what it prints and whether it failed.
func (m *machine) try(script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandIn)
	defer cancel()
	out, err := m.command(ctx, "umask 022; "+script).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %s: %w\n%s", m.name, script, errors.Join(err, ctx.Err()), out)
	}
	return string(out), err
}

// must is try for a script that has to succeed.
func (m *machine) must(t *testing.T, script string) string {
	t.Helper()
	out, err := m.try(script)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, harness.Password) || strings.Contains(out, signature) {
		t.Errorf("%s: %s tells a secret:\n%s", m.name, script, out)
	}
	return out
}

// signature is that of the group.
const signature = "Okapi-11-of-the-group"

// setUp types the command of utconfig on a terminal and answers what it asks, as an
// administrator does; it asks less if the machine is set up already. The last
// question has the words of the first one, so its answer follows the summary.
func (m *machine) setUp(t *testing.T, command string, again bool) {
	t.Helper()
	answers := [][2]string{
		{"Continue ([y]/n)? ", "y"},
		{"Enter Sun Ray admin password: ", harness.Password},
		{"Re-enter Sun Ray admin password: ", harness.Password},
		{"failover group? (y/[n])? ", "y"},
		{"Enter failover group name [" + m.name + "]: ", "prim"},
		{"Enter signature: ", signature},
		{"Re-enter signature: ", signature},
		{"Group signature: (not shown)", "y"},
	}
	if again {
		answers = append([][2]string{{"Continue (y/[n])? ", "y"}}, answers[3], answers[5], answers[6], answers[7])
	}
	terminal := harness.NewTerminal(t)
	ctx, cancel := context.WithTimeout(context.Background(), commandIn)
	defer cancel()
	cmd := m.command(ctx, command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal.Program, terminal.Program, terminal.Program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		terminal.Await(t, a[0])
		terminal.Type(t, a[1]+"\n")
	}
	err := cmd.Wait()
	terminal.Hangup()
	if screen := terminal.Wait(); err != nil {
		t.Fatalf("%s: utconfig: %v\n%s", m.name, err, screen)
	}
}
