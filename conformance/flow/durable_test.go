// durable_test.go: what takes the place of something else is on the disk before it
// does, and is not put there if that fails.

package flow

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// step is a system call that has ended well.
type step struct{ call, of string }

const anyFile = "any file"

// Lines of strace -f -y; a call during which another thread is traced has two.
var (
	wholeCall = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += 0$`)
	halfCall  = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	restCall  = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += 0$`)
)

// steps runs a program under strace and gives the flushes and renames that it
// has made, in their order. Flushes of the file or folder failing fail; "" is none
// and anyFile is all.
func steps(t *testing.T, failing, program string, args ...string) (list []step, r ran) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	before := []string{"-f", "-y", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync,renameat,renameat2,rename,linkat,link"}
	if failing != "" {
		before = append(before, "-e", "inject=fsync:error=EIO")
	}
	if failing != "" && failing != anyFile {
		before = append(before, "-P", failing)
	}
	cmd := command(t, program, args...)
	cmd.Args = append(append([]string{"strace"}, before...), append([]string{cmd.Path}, args...)...)
	cmd.Path = harness.Program(t, "strace")
	r = finish(t, cmd)
	begun := map[string]string{}
	for line := range strings.Lines(read(t, trace)) {
		line = strings.TrimSpace(line)
		if m := wholeCall.FindStringSubmatch(line); m != nil {
			list = append(list, step{m[2], m[3]})
		} else if m := halfCall.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[3]
		} else if m := restCall.FindStringSubmatch(line); m != nil {
			list = append(list, step{m[2], begun[m[1]] + m[3]})
		}
	}
	return list, r
}

// find is where the first step from begin on is that has all of the words.
func find(list []step, begin int, call string, words ...string) int {
	for i := begin; i < len(list); i++ {
		has := func(w string) bool { return strings.Contains(list[i].of, w) }
		if strings.HasPrefix(list[i].call, call) && !slices.ContainsFunc(words, func(w string) bool { return !has(w) }) {
			return i
		}
	}
	return len(list)
}

func TestDumpIsOnTheDiskBeforeItHasItsName(t *testing.T) {
	u := loaded(t, 100)
	for _, what := range []string{"served", "at rest"} {
		file := write(t, "dump", "yesterday's dump")
		list, r := steps(t, "", "utldbmcat", "-R", u.Root, "-o", file)
		r.want(t, 0)
		flushed := find(list, 0, "fsync", "/.dump.")
		named := find(list, flushed, "rename", "/.dump.", file+`"`)
		lasting := find(list, named, "fsync", "<"+filepath.Dir(file)+">")
		if lasting == len(list) {
			t.Errorf("%s: no fsync, rename and fsync of the folder in this order: %q", what, list)
		}
		if again := find(list, 0, "rename"); again != named {
			t.Errorf("%s: it had its name before: %q", what, list)
		}
		// A flush that fails: the file that is there stays.
		file = write(t, "dump", "yesterday's dump")
		_, r = steps(t, anyFile, "utldbmcat", "-R", u.Root, "-o", file)
		r.want(t, 1, "input/output error")
		if read(t, file) != "yesterday's dump" {
			t.Errorf("%s: a dump that may not be on the disk has replaced the file", what)
		}
		if what == "served" {
			u.Stop(t)
		}
	}
}

func TestStoreIsOnTheDiskBeforeItIsInItsPlace(t *testing.T) {
	root := newRoot(t)
	store := filepath.Join(root, storeFile)
	file := write(t, "dump", data(100))
	args := []string{"-R", root, "-c", "-i", file}
	list, r := steps(t, "", "utldif2ldbm", args...)
	r.want(t, 0)
	flushed := find(list, 0, "fsync", store+".load>")
	named := find(list, flushed, "rename", store+`.load"`, store+`"`)
	lasting := find(list, named, "fsync", "<"+filepath.Dir(store)+">")
	if lasting == len(list) {
		t.Errorf("no fsync, rename and fsync of the folder in this order: %q", list)
	}
	if again := find(list, 0, "rename", store+`.load"`); again != named {
		t.Errorf("it was in its place before: %q", list)
	}
	kept := find(list, 0, "link", store+`"`, store+".previous.new")
	if kept > named {
		t.Errorf("the old store is not kept before: %q", list)
	}

	before := dump(t, root)
	if err := os.WriteFile(file, []byte(data(50)), 0o600); err != nil {
		t.Fatal(err)
	}
	// Flush of the new store: nothing has changed. Of the folder: the new store is
	// there, and it is told that this may not last.
	_, r = steps(t, store+".load", "utldif2ldbm", args...)
	r.want(t, 1, "input/output error", "the old store is as it was")
	if dump(t, root) != before {
		t.Error("the old store was changed")
	}
	_, r = steps(t, filepath.Dir(store), "utldif2ldbm", args...)
	r.want(t, 1, "input/output error", "the new store is in its place", "load again")
	if n := strings.Count(dump(t, root), "\ndn: "); n != 56 {
		t.Errorf("%d entries", n)
	}
	check(t, root)
}
