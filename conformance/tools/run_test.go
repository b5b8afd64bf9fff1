// run_test.go: running the tools as a user types them.

package tools

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// rewrite is the flag that makes what is printed what is expected.
func rewrite() bool { return flag.Lookup("rewrite").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("rewrite", false, "write what the tools print into the files of testdata")
	flag.Parse()
	os.Exit(harness.Main(m))
}

// longest is what any tool may take.
const longest = 2 * time.Minute

// ran is a program that has ended.
type ran struct {
	code     int
	out, err string
}

// want fails the test if the program did not end as it should, with every text in
// one of its outputs.
func (r ran) want(t *testing.T, code int, texts ...string) ran {
	t.Helper()
	if r.code != code {
		t.Errorf("exit status %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("no %q in\n%s%s", text, r.out, r.err)
		}
	}
	if strings.Contains(r.out+r.err, harness.Password) {
		t.Errorf("the password is told:\n%s%s", r.out, r.err)
	}
	return r
}

// command prepares a program on a root; it ends with the test binary.
func command(t *testing.T, root, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, harness.Binary(t, program), append([]string{"-R", root}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run runs a tool on a root to its end.
func run(t *testing.T, root, input, program string, args ...string) ran {
	t.Helper()
	cmd := command(t, root, program, args...)
	cmd.Stdin = strings.NewReader(input)
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) ran {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout = &out
	if cmd.Stderr == nil {
		cmd.Stderr = &errOut
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", cmd.Path, err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// write makes a file in a folder of the test.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Files of an installation.
const (
	adminFile     = "etc/opt/SUNWut/utadmin.conf"
	passwordFile  = "etc/opt/SUNWut/utadmin.pw"
	signatureFile = "etc/opt/SUNWut/gmSignature"
)

// reachBy makes the tools of a root go to another port.
func reachBy(t *testing.T, root string, port string) {
	t.Helper()
	path := filepath.Join(root, adminFile)
	text := regexp.MustCompile(`(?m)^port = .*$`).ReplaceAllString(read(t, path), "port = "+port)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
