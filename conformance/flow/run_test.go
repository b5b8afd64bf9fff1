// run_test.go: running the programs, and looking at what they leave.

package flow

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// storeFile is the store below a root.
const storeFile = "var/opt/SUNWut/srds/dbm.ut/id2entry.dbb"

// longest is what any program may take.
const longest = 2 * time.Minute

// ran is a program that has ended.
type ran struct {
	code     int
	out, err string
}

// command prepares a program of the project; it ends with the test binary.
func command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, harness.Binary(t, program), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run runs a program to its end.
func run(t testing.TB, input, program string, args ...string) ran {
	t.Helper()
	cmd := command(t, program, args...)
	cmd.Stdin = strings.NewReader(input)
	return finish(t, cmd)
}

// finish runs cmd and tells how it ended.
func finish(t testing.TB, cmd *exec.Cmd) ran {
	t.Helper()
	var out, errOut bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", cmd.Path, err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// want fails the test if a program did not end as it should.
func (r ran) want(t testing.TB, code int, inError ...string) ran {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit status %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range inError {
		if !strings.Contains(r.err, text) {
			t.Errorf("no %q on standard error:\n%s", text, r.err)
		}
	}
	return r
}

// load loads text into the store below root.
func load(t testing.TB, root, text string, args ...string) ran {
	t.Helper()
	return run(t, text, "utldif2ldbm", append([]string{"-R", root, "-c", "-j", "2", "-i", "-"}, args...)...)
}

// dump gives the dump of the store below root.
func dump(t testing.TB, root string, args ...string) string {
	t.Helper()
	return run(t, "", "utldbmcat", append(append([]string{"-R", root}, args...), filepath.Join(root, storeFile))...).want(t, 0).out
}

// entries is a dump without its comments.
func entries(text string) string {
	return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(text, "")
}

var positionLine = regexp.MustCompile(`(?m)^# position ([0-9a-f]{32})\.([0-9a-f]{16})\.([0-9a-f]{32})$`)

// newRoot is a root with a configured store that is not served.
func newRoot(t testing.TB) string {
	t.Helper()
	return harness.NewUtdsd(t, harness.Options{Plain: true}).Root
}

// check fails the test unless the store below root is good.
func check(t testing.TB, root string) {
	t.Helper()
	if r := run(t, "", "utdsd", "-R", root, "-check"); r.code != 0 {
		t.Fatalf("the store is not good:\n%s%s", r.out, r.err)
	}
}

// files lists the folder of the store below root.
func files(t testing.TB, root string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(filepath.Join(root, storeFile)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

// bind connects as the administrator.
func bind(t testing.TB, e harness.Endpoint) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetTimeout(longest)
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

// write makes a file in a folder of the test.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
