// output_test.go: where a dump goes, who can read it there, and what happens
// when it cannot go on.

package flow

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// under runs a shell line under a umask; the programs are found by name.
func under(t *testing.T, umask, line string, args ...string) ran {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", "umask " + umask + "; " + line, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(harness.Binary(t, "utldbmcat"))+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return finish(t, cmd)
}

func TestDumpIsForItsOwnerAloneWhateverTheUmask(t *testing.T) {
	u := loaded(t, 50)
	for _, umask := range []string{"000", "022", "077", "777"} {
		dir := t.TempDir()
		file, redirected := filepath.Join(dir, "by-name"), filepath.Join(dir, "redirected")
		under(t, umask, `utldbmcat -R "$1" -o "$2"`, u.Root, file).want(t, 0)
		if m := mode(t, file); m != 0o600 {
			t.Errorf("umask %s: -o makes mode %04o", umask, m)
		}
		r := under(t, umask, `utldbmcat -R "$1" > "$2"`, u.Root, redirected).want(t, 0)
		if m := mode(t, redirected); m&0o077 != 0 {
			t.Errorf("umask %s: standard output has mode %04o", umask, m)
		}
		if told := strings.Contains(r.err, "can be read or written by others") && strings.Contains(r.err, "its mode is now 0600"); told != (umask < "077") {
			t.Errorf("umask %s: standard error %q", umask, r.err)
		}
	}
	u.Stop(t)
	for _, umask := range []string{"000", "077"} {
		root := t.TempDir()
		under(t, umask, `utldif2ldbm -R "$1" -c -i "$2"`, root, write(t, "dump", data(5))).want(t, 0)
		path := filepath.Join(root, storeFile)
		if m := mode(t, path); m != 0o600 {
			t.Errorf("umask %s: the store has mode %04o", umask, m)
		}
	}
}

func TestOthersAreToldBeforeTheFirstByte(t *testing.T) {
	root := newRoot(t)
	load(t, root, data(20000)).want(t, 0)
	file := filepath.Join(t.TempDir(), "open")
	out, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	// A pipe that is full holds the program back where it says this.
	told, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	size, err := unix.FcntlInt(full.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "utldbmcat", filepath.Join(root, storeFile))
	cmd.Stdout, cmd.Stderr = out, full
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	full.Close()
	awaitWrite(t, cmd.Process.Pid, unix.Stderr)
	if info, err := out.Stat(); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 0 {
		t.Errorf("%v, mode %v, %d bytes when it is told", err, info.Mode(), info.Size())
	}
	if text, err := io.ReadAll(told); err != nil || !strings.Contains(string(text), "its mode is now 0600") {
		t.Errorf("%v, %q", err, text[size:])
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(read(t, file), "\n# end: 20006 entries") {
		t.Error("no whole dump")
	}
}

// awaitWrite waits until a thread of a process waits in a write to fd.
func awaitWrite(t *testing.T, pid, fd int) {
	t.Helper()
	want := fmt.Sprintf("%d 0x%x ", unix.SYS_WRITE, fd)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(longest); time.Now().Before(deadline); <-tick.C {
		calls, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			if text, err := os.ReadFile(c); err == nil && strings.HasPrefix(string(text), want) {
				return
			}
		}
	}
	t.Fatal("the program does not wait where it writes")
}

func TestModeThatCannotBeChangedIsTold(t *testing.T) {
	root := newRoot(t)
	// A file that is regular, open to others, and whose mode nobody can change.
	out, err := os.OpenFile("/proc/self/coredump_filter", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := command(t, "utldbmcat", filepath.Join(root, storeFile))
	cmd.Stdout = out
	finish(t, cmd).want(t, 1, "can be read or written by others (mode 0644)", "cannot be changed: take care of it", "the dump is cut off")
}

func TestLinesAreWrappedAt76Columns(t *testing.T) {
	root := newRoot(t)
	var b strings.Builder
	b.WriteString(tree())
	for n := range 200 {
		fmt.Fprintf(&b, "dn: cn=w%03d,%s\nobjectClass: top\nobjectClass: applicationProcess\ncn: w%03d\ndescription: %s\ndescription:: %s\n\n", n, farm, n,
			strings.Repeat("x", n+1), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xc3\xa9", n+1))))
	}
	load(t, root, b.String()).want(t, 0)
	lines := strings.Split(entries(dump(t, root)), "\n")
	exact, folded := 0, 0
	for i, line := range lines {
		if len(line) > 76 {
			t.Errorf("a line of %d columns: %q", len(line), line)
		}
		if len(line) == 76 {
			exact++
		}
		if strings.HasPrefix(line, " ") {
			folded++
			if len(lines[i-1]) != 76 {
				t.Errorf("wrapped at %d columns: %q", len(lines[i-1]), lines[i-1])
			}
		}
	}
	if exact < 200 || folded < 200 {
		t.Errorf("%d lines of 76 columns, %d continuations: this tests nothing", exact, folded)
	}
	whole := strings.ReplaceAll(strings.Join(lines, "\n"), "\n ", "")
	for n := range 200 {
		if !strings.Contains(whole, "\ndescription: "+strings.Repeat("x", n+1)+"\n") {
			t.Errorf("no value of %d bytes", n+1)
		}
	}
}

func TestReaderThatGoesAwayIsAFailure(t *testing.T) {
	u := loaded(t, 5000)
	for name, args := range map[string][]string{"served": {"-R", u.Root}, "at rest": nil} {
		if args == nil {
			u.Stop(t)
			args = []string{"-R", u.Root}
		}
		cmd := command(t, "utldbmcat", args...)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout = w
		var errOut strings.Builder
		cmd.Stderr = &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errOut.String(), "broken pipe") {
			t.Errorf("%s: %v, %q", name, err, errOut.String())
		}
	}
}

func TestSignalEndsADumpThatNobodyReads(t *testing.T) {
	u := loaded(t, 5000)
	for _, what := range []string{"served", "at rest"} {
		cmd := command(t, "utldbmcat", "-R", u.Root)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var told strings.Builder
		cmd.Stdout, cmd.Stderr = w, &told
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		awaitWrite(t, cmd.Process.Pid, unix.Stdout)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(told.String(), "the dump is cut off: ended by a signal") {
			t.Errorf("%s: %v, %q", what, err, told.String())
		}
		if text, err := io.ReadAll(r); err != nil || strings.Contains(string(text), "# end:") {
			t.Errorf("%s: %v, or an end", what, err)
		}
		r.Close()
		if what == "served" {
			u.Stop(t)
		}
	}
}

func TestFailedDumpLeavesTheFileThatIsThere(t *testing.T) {
	root := newRoot(t)
	load(t, root, data(200)).want(t, 0)
	file := write(t, "backup", "yesterday's dump")
	path := filepath.Join(root, storeFile)
	text := []byte(read(t, path))
	for i := len(text) / 2; i < len(text)/2+4096*4; i++ { // pages in the middle
		text[i] ^= 0x55
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "utldbmcat", "-o", file, path).want(t, 1, "the dump is cut off", "store damaged", "utdsd -check")
	if read(t, file) != "yesterday's dump" {
		t.Error("the file was replaced by a dump that failed")
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 1 {
		t.Errorf("files %v, %v", list, err)
	}
}

func TestNameOfAFolderThatIsNotThereIsTold(t *testing.T) {
	u := loaded(t, 5)
	r := under(t, "077", `utldbmcat -R "$1" -o /nonexistent/dump`, u.Root).want(t, 1)
	if r.err != "utldbmcat: make the dump in /nonexistent: no such file or directory: name another place with -o\n" {
		t.Errorf("standard error %q", r.err)
	}
}
