// output_test.go: where a dump goes, who can read it there, and what happens
// when it cannot go on.

package flow

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
	cmd := command(t, "utldbmcat", filepath.Join(root, storeFile))
	cmd.Stdout = out
	told, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A pipe that nobody reads yet holds the program back where it says this, if
	// the text is unbuffered; when the first byte of it is here the mode has changed.
	if _, err := io.ReadFull(told, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if m := mode(t, file); m != 0o600 {
		t.Errorf("mode %04o when it is told", m)
	}
	if _, err := io.ReadAll(told); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
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
