// machine.go: where it was measured, and what.

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// fileSystems are the names of those that stores are often on (statfs(2)).
var fileSystems = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "XFS", unix.BTRFS_SUPER_MAGIC: "Btrfs",
	unix.TMPFS_MAGIC: "tmpfs (in memory: writes to it are never durable)", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
}

// machine describes the machine and its disk.
func machine(tb testing.TB) string {
	tb.Helper()
	model := first(`(?m)^model name\s*: (.*)$`, read(tb, "/proc/cpuinfo"), runtime.GOARCH)
	memory, err := strconv.Atoi(first(`(?m)^MemTotal:\s*(\d+) kB$`, read(tb, "/proc/meminfo"), "0"))
	if err != nil {
		tb.Fatal(err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(os.TempDir(), &fs); err != nil {
		tb.Fatal(err)
	}
	kind := fileSystems[int64(fs.Type)]
	if kind == "" {
		kind = fmt.Sprintf("file system %#x", fs.Type)
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		tb.Fatal(err)
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(system.Release[:]), "-") // what follows names a build
	return fmt.Sprintf("%s, %d cores, %.0f GiB, Linux %s, %s", model, runtime.NumCPU(), float64(memory)/(1<<20), release, kind)
}

// versions tells which programs were measured.
func versions(tb testing.TB) string {
	tb.Helper()
	ours, err := exec.Command(harness.Binary(tb, "utdsd"), "-version").CombinedOutput()
	if err != nil {
		tb.Fatal(err)
	}
	theirs, err := exec.Command(harness.Program(tb, "slapd"), "-VV").CombinedOutput()
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("%s beside slapd %s", strings.TrimSpace(string(ours)), first(`slapd (\S+)`, string(theirs), "of unknown version"))
}

func read(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// first is the first group of a pattern in text.
func first(pattern, text, otherwise string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return otherwise
}
