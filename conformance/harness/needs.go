// needs.go: the foreign programs that tests use; a missing one is a failure, never a skip.

package harness

import (
	"os"
	"os/exec"
	"testing"
)

// aptLine is what a user types when a foreign program is missing.
const aptLine = "make packages installs what deploy/test-packages.txt lists (Debian, root)"

// Program returns the path of a foreign program, also from the folders for
// system programs, and fails the test with the package line when it is not
// there.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/"} {
		if info, err := os.Stat(dir + name); err == nil && info.Mode().Perm()&0o111 != 0 {
			return dir + name
		}
	}
	tb.Fatalf("%s is missing: %s", name, aptLine)
	return ""
}

// Python returns a Python 3 that has python-ldap. Debian's own interpreter
// comes first: another one on the PATH does not see Debian's modules.
func Python(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if err := exec.Command(name, "-c", "import ldap").Run(); err == nil {
			return name
		}
	}
	tb.Fatalf("no python3 with the module ldap: %s", aptLine)
	return ""
}
