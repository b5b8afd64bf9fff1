// python_test.go: python-ldap, a client library of another language, against both servers.

package clients

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// scriptWithin bounds one run of a script.
const scriptWithin = 60 * time.Second

// TestPythonSession runs session.py against the project's own server.
func TestPythonSession(t *testing.T) {
	runPython(t, harness.StartUtdsd(t, harness.Options{}).Endpoint())
}

// TestSlapdPythonSession proves session.py on slapd.
func TestSlapdPythonSession(t *testing.T) {
	runPython(t, harness.StartSlapd(t).Endpoint())
}

// runPython runs session.py.
func runPython(t *testing.T, server harness.Endpoint) {
	ctx, cancel := context.WithTimeout(context.Background(), scriptWithin)
	defer cancel()
	runChecks(t, exec.CommandContext(ctx, harness.Python(t), "testdata/session.py",
		server.URL, server.CAFile, harness.AdminDN, harness.Password, harness.Suffix))
}

// runChecks makes each line that a script writes a subtest.
func runChecks(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Env = []string{"LC_ALL=C.UTF-8", "LDAPNOINIT=1", "PYTHONDONTWRITEBYTECODE=1"}
	out, err := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines {
		name, why, failed := strings.Cut(strings.TrimPrefix(line, "not "), ": ")
		if name, ok := strings.CutPrefix(name, "ok "); ok {
			t.Run(name, func(t *testing.T) {
				if failed {
					t.Error(why)
				}
			})
		}
	}
	if err != nil || !strings.HasSuffix(lines[len(lines)-1], " checks") {
		t.Errorf("%s: %v\n%s", cmd.Args[1], err, out)
	}
}
