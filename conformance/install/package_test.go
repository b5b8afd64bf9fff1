package install

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// top is the top of the repository.
const top = "../.."

// programs are those that a machine has, by their place.
var programs = map[string][]string{
	"/opt/SUNWut/srds/lib": {"utldbmcat", "utldif2ldbm"},
	"/opt/SUNWut/sbin": {
		"utdsd", "utconfig", "utreplica", "utstart", "utstop", "utrestart", "utuser", "utdesktop", "utadminuser", "utpolicy", "utkiosk",
		"utpw", "utgroupsig", "utgstatus",
	},
}

// command runs a program in the repository's top folder.
func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = top, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// packages makes two versions of the package, of the programs that make deb
// builds, and puts them with the file of a password into a folder for machines.
func packages(t *testing.T) (shared string) {
	t.Helper()
	shared = t.TempDir()
	make := func(version string, args ...string) {
		env := []string{"DEB_VERSION=" + version, "DEB_COMPRESSION=none"}
		command(t, env, "make", append([]string{"--no-print-directory", "deb", "OUT=" + shared}, args...)...)
	}
	make("1.0")
	make("1.1", "PROGRAMS=bin/static")
	if err := os.WriteFile(filepath.Join(shared, "password"), []byte(harness.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return shared
}

// file is the package of a version in the share of a machine.
func file(t *testing.T, shared, version string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(shared, "utdsd_"+version+"_*.deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages of version %s: %v %v", version, found, err)
	}
	return filepath.Join(share, filepath.Base(found[0]))
}

func TestPackage(t *testing.T) {
	t.Parallel() // with the wait for a server that hangs
	shared := packages(t)
	t.Run("TheSameProgramsGiveTheSameBytes", func(t *testing.T) { sameBytes(t, shared) })
	t.Run("ProgramsNeedNoLibraries", func(t *testing.T) { static(t, shared) })
	t.Run("InstalledUpgradedRemovedAndPurged", func(t *testing.T) { withoutSystemd(t, shared) })
	t.Run("RunBySystemd", func(t *testing.T) { bySystemd(t, shared) })
}

func sameBytes(t *testing.T, shared string) {
	again := t.TempDir()
	// What is about the builder, not about the sources.
	env := []string{"DEB_VERSION=1.1", "DEB_COMPRESSION=none", "TZ=Asia/Tokyo", "LC_ALL=C.UTF-8", "TMPDIR=" + t.TempDir()}
	command(t, env, "sh", "-c", "umask 077; make deb PROGRAMS=bin/static OUT="+again)
	name := filepath.Base(file(t, shared, "1.1"))
	first, err := os.ReadFile(filepath.Join(shared, name))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(again, name))
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Error("the packages differ")
	}
	list := command(t, nil, "dpkg-deb", "--contents", filepath.Join(again, name))
	for _, line := range strings.Split(strings.TrimSpace(list), "\n") {
		if !regexp.MustCompile(`^(l[rwx]{9}|[d-]rw[x-]r-[x-]r-[x-]) root/root `).MatchString(line) {
			t.Errorf("owner or mode: %s", line)
		}
	}
}

func static(t *testing.T, shared string) {
	tree := t.TempDir()
	command(t, nil, "dpkg-deb", "--extract", filepath.Join(shared, filepath.Base(file(t, shared, "1.0"))), tree)
	for folder, names := range programs {
		for _, name := range names {
			program, err := elf.Open(filepath.Join(tree, folder, name))
			if err != nil {
				t.Error(err)
				continue
			}
			if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
				t.Errorf("%s needs %v (%v)", name, libraries, err)
			}
			if err := program.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestVersionOfThePackageIsOneForDpkg(t *testing.T) {
	version := strings.TrimSpace(command(t, nil, "deploy/version.sh"))
	command(t, nil, "dpkg", "--validate-version", version)
	if !regexp.MustCompile(`^[0-9]`).MatchString(version) {
		t.Errorf("version %q", version)
	}
}

func TestInstallLaysEverythingAtItsPlace(t *testing.T) {
	dest := t.TempDir()
	bin := filepath.Dir(harness.Binary(t, "utdsd"))
	command(t, nil, "make", "install", "PROGRAMS="+bin, "DESTDIR="+dest)
	for folder, names := range programs {
		for _, name := range names {
			info, err := os.Stat(filepath.Join(dest, folder, name))
			if err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("%s: %v %v", name, info, err)
			}
			page, err := os.ReadFile(filepath.Join(dest, "opt/SUNWut/man/man8", name+".8"))
			if err != nil || !strings.Contains(string(page), ".SH OPTIONS") {
				t.Errorf("manual page of %s: %v", name, err)
			}
		}
	}
	for name, mode := range map[string]os.FileMode{
		"usr/lib/systemd/system/utdsd.service": 0o644, "usr/lib/sysusers.d/utdsd.conf": 0o644,
		"etc/init.d/utdsd": 0o755, "etc/logrotate.d/utdsd": 0o644,
	} {
		if info, err := os.Stat(filepath.Join(dest, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}
