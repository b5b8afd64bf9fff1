// disk_test.go: disks of their own for servers: in memory, to be filled, and in
// files that can be copied in an instant, which is what is left when the power
// fails.

package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// command runs a system program.
func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(harness.Program(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// mountPoint makes a folder with a short name, which is removed at the end of the
// test.
func mountPoint(t testing.TB, name string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a disk of its own can be mounted by root only")
	}
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// tmpfs mounts a memory disk of some size and gives its folder and a function
// that changes the size.
func tmpfs(t testing.TB, size string) (dir string, resize func(string)) {
	t.Helper()
	dir = mountPoint(t, "full")
	command(t, "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir)
	t.Cleanup(func() { command(t, "umount", dir) })
	return dir, func(size string) { command(t, "mount", "-o", "remount,size="+size, dir) }
}

// Sizes of disks in files: XFS wants as much.
const (
	shelfSize = "512m"
	diskSize  = "128m"
)

// shelf is a file system on which a copy of a file takes no time, whatever is
// written to the file meanwhile.
type shelf struct{ dir string }

func newShelf(t testing.TB) shelf {
	t.Helper()
	dir := mountPoint(t, "shelf")
	image := filepath.Join(t.TempDir(), "shelf.img")
	command(t, "truncate", "-s", shelfSize, image)
	command(t, "mkfs.xfs", "-q", "-m", "reflink=1", image)
	command(t, "mount", "-o", "loop", image, dir)
	t.Cleanup(func() { command(t, "umount", dir) })
	return shelf{dir}
}

// disk is an ext4 in a file of a shelf.
type disk struct {
	image string
	dir   string // where it is mounted
	look  string // where what a power failure leaves is mounted
}

func (s shelf) newDisk(t testing.TB, name string) *disk {
	t.Helper()
	d := &disk{image: filepath.Join(s.dir, name), dir: mountPoint(t, name), look: mountPoint(t, "look")}
	command(t, "truncate", "-s", diskSize, d.image)
	command(t, "mkfs.ext4", "-q", "-F", d.image)
	command(t, "mount", "-o", "loop,commit=1", d.image, d.dir)
	t.Cleanup(func() { command(t, "umount", d.dir) })
	return d
}

// cut gives where what the disk has at this instant can be looked at, after its
// file system has gone through its journal as after a power failure. What the
// kernel has not written to the disk is not there.
func (d *disk) cut(t testing.TB, look func(dir string)) {
	t.Helper()
	left := d.image + ".left"
	command(t, "cp", "--reflink=always", d.image, left)
	defer os.Remove(left)
	command(t, "mount", "-o", "loop", left, d.look)
	defer command(t, "umount", d.look)
	look(d.look)
}
