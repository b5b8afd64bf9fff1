// build.go: the binaries under test, built once per test run.

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BinEnv names the folder of the binaries under test. A user sets it to test
// binaries that are built already; Main sets it otherwise.
const BinEnv = "UTDSD_BIN"

// Main is the TestMain of a package that starts the project's programs: it
// builds them once, runs the tests and returns the exit code. A failed build
// is printed and fails those tests that need a binary, so that the tests
// against the reference server still run.
func Main(m *testing.M) int {
	if os.Getenv(BinEnv) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "utdsd-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		return m.Run()
	}
	if err := os.Setenv(BinEnv, dir); err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		return 1
	}
	return m.Run()
}

// build puts every program of cmd into dir.
func build(dir string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// Tagged builds utdsd with a build tag and gives its path. A tag that no file of
// the module has fails the test: the program would be the ordinary one.
func Tagged(tb testing.TB, tag string) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	with := func(tags string) string {
		list := exec.Command("go", "list", "-tags", tags, "-deps", "-f", "{{.Dir}}: {{.GoFiles}}", "./cmd/utdsd")
		list.Dir = root
		out, err := list.Output()
		if err != nil {
			tb.Fatalf("list the files of utdsd: %v", err)
		}
		return string(out)
	}
	if with(tag) == with("") {
		tb.Fatalf("no file of utdsd has the build tag %s", tag)
	}
	path := filepath.Join(tb.TempDir(), "utdsd")
	cmd := exec.Command("go", "build", "-tags", tag, "-o", path, "./cmd/utdsd")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build utdsd with the tag %s: %v\n%s", tag, err, out)
	}
	return path
}

// moduleRoot is the folder of go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// Binary returns the path of one of the project's programs and fails the test
// when it was not built.
func Binary(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv(BinEnv)
	if dir == "" {
		tb.Fatalf("no binaries: the build failed (see the top of the output), or TestMain does not call harness.Main")
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("program %s: %v", name, err)
	}
	return path
}
