// explained_test.go: an error says what happened, to what, and what to do next.

package flow

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// wrong is a situation and what has to be said about it, in one line.
type wrong struct {
	what    string
	program string
	args    []string
	code    int
	says    []string
}

func (w wrong) try(t *testing.T) {
	t.Helper()
	r := run(t, "", w.program, w.args...)
	said(t, w, r)
}

func said(t *testing.T, w wrong, r ran) {
	t.Helper()
	lines := strings.Count(r.err, "\n")
	if w.code == 2 {
		lines-- // where to read more
	}
	if r.code != w.code || lines != 1 || r.out != "" {
		t.Errorf("%s: exit status %d, %d lines\n%.2000s%.300s", w.what, r.code, lines, r.err, r.out)
	}
	for _, text := range w.says {
		if !strings.Contains(r.err, text) {
			t.Errorf("%s: no %q in\n%s", w.what, text, r.err)
		}
	}
}

func TestWhatCannotBeDumpedIsExplained(t *testing.T) {
	root := newRoot(t)
	store := filepath.Join(root, storeFile)
	dir := t.TempDir()
	text := write(t, "dump.ldif", data(3))
	cut := write(t, "cut.dbb", read(t, store)[:9000])
	lost := filepath.Join(dir, "no", "such", "dump")
	for _, w := range []wrong{
		{"a folder", "utldbmcat", []string{filepath.Dir(store)}, 1, []string{"is a folder", "id2entry.dbb in it"}},
		{"an empty file", "utldbmcat", []string{write(t, "empty", "")}, 1, []string{"empty", "load a dump with utldif2ldbm -c"}},
		{"a dump", "utldbmcat", []string{text}, 1, []string{text, "is LDIF", "utldif2ldbm -c -i loads it"}},
		{"another file", "utldbmcat", []string{write(t, "junk", strings.Repeat("\x07junk", 5000))}, 1, []string{"junk", "put a copy in its place", "load a dump"}},
		{"a store that is cut off", "utldbmcat", []string{cut}, 1, []string{cut, "9000 bytes", "put a copy in its place"}},
		{"no folder for the dump", "utldbmcat", []string{"-o", lost, store}, 1, []string{filepath.Dir(lost), "no such file or directory", "name another place with -o"}},
		{"a folder in the place of the dump", "utldbmcat", []string{"-o", dir, store}, 1, []string{dir, "is no file"}},
		{"-from without -changes", "utldbmcat", []string{"-from", "3", store}, 2, []string{"-from", "-changes"}},
		{"-n with -changes", "utldbmcat", []string{"-n", "-changes", store}, 2, []string{"-n", "-changes"}},
		{"-slapadd with -changes", "utldbmcat", []string{"-slapadd", "-changes", store}, 2, []string{"-slapadd", "-changes"}},
	} {
		w.try(t)
	}
}

func TestWhatCannotBeLoadedIsExplained(t *testing.T) {
	root := newRoot(t)
	before := dump(t, root)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(data(200))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	half := write(t, "half.gz", packed.String()[:packed.Len()/2])
	tiny := write(t, "tiny.gz", packed.String()[:5])
	broken := packed.Bytes()
	broken[len(broken)-6] ^= 0x40 // in its checksum
	kept := "the old store is as it was"
	from := func(name, text string, more ...string) []string {
		return append([]string{"-R", root, "-c", "-i", write(t, name, text)}, more...)
	}
	for _, w := range []wrong{
		{"no file", "utldif2ldbm", []string{"-R", root, "-c", "-i", "/nowhere/dump"}, 1, []string{"/nowhere/dump", "no such file"}},
		{"nothing", "utldif2ldbm", from("empty", ""), 1, []string{"empty", "no entry", kept, "utldbmcat or slapcat"}},
		{"nothing to salvage", "utldif2ldbm", from("empty", "", "-salvage"), 1, []string{"is empty"}},
		{"a dump to salvage", "utldif2ldbm", from("text.ldif", data(30), "-salvage"), 1, []string{"LDIF", "without -salvage"}},
		{"a program", "utldif2ldbm", from("junk", "\x7fELF"+strings.Repeat("\x00\x01\n", 5000)), 1, []string{"is no LDIF", kept, "utldbmcat or slapcat"}},
		{"xz", "utldif2ldbm", from("dump.xz", "\xfd7zXZ\x00\x00\x04"+strings.Repeat("\x91\n", 500)), 1, []string{"xz -dc", "-i -"}},
		{"bzip2", "utldif2ldbm", from("dump.bz2", "BZh91AY&SY"+strings.Repeat("\x91\n", 500)), 1, []string{"bzip2 -dc", "-i -"}},
		{"zstd", "utldif2ldbm", from("dump.zst", "\x28\xb5\x2f\xfd"+strings.Repeat("\x91\n", 500)), 1, []string{"zstd -dc", "-i -"}},
		{"UTF-16", "utldif2ldbm", from("wide.ldif", "\xff\xfed\x00n\x00:\x00 \x00o\x00=\x00u\x00"), 1, []string{"UTF-16", "iconv"}},
		{"half of a compressed file", "utldif2ldbm", []string{"-R", root, "-c", "-i", half}, 1, []string{half, "cut off or damaged", "unexpected EOF", kept, "copy it again"}},
		{"less", "utldif2ldbm", []string{"-R", root, "-c", "-i", tiny}, 1, []string{tiny, "cut off or damaged", "copy it again"}},
		{"a wrong checksum", "utldif2ldbm", from("sum.gz", string(broken)), 1, []string{"sum.gz", "cut off or damaged", "checksum", kept}},
	} {
		w.try(t)
		if dump(t, root) != before {
			t.Errorf("%s: the store was changed", w.what)
		}
	}
	fresh := t.TempDir()
	wrong{"no store and nothing to load", "utldif2ldbm", []string{"-R", fresh, "-c", "-i", "/dev/null"}, 1, []string{"no entry", "no store was made"}}.try(t)
}

// asAnother runs a program as the owner of the tests' files without the rights
// of root: what has no mode for its owner cannot be read.
func asAnother(t *testing.T, program string, args ...string) ran {
	t.Helper()
	cmd := command(t, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}}}
	return finish(t, cmd)
}

func TestMissingRightsAreExplained(t *testing.T) {
	root := newRoot(t)
	store := filepath.Join(root, storeFile)
	locked := write(t, "locked", data(3))
	dir := t.TempDir()
	shut := func(path string, mode, again os.FileMode) func() {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Chmod(path, again); err != nil {
				t.Fatal(err)
			}
		}
	}
	const owner = "run it as root, or as the user to whom it belongs"
	for _, w := range []struct {
		wrong
		path        string
		mode, again os.FileMode
	}{
		{wrong{"a store", "utldbmcat", []string{store}, 1, []string{store, "permission denied", owner}}, store, 0, 0o600},
		{wrong{"a place for the dump", "utldbmcat", []string{"-o", filepath.Join(dir, "x"), store}, 1, []string{dir, "permission denied", "name another place with -o"}}, dir, 0o500, 0o700},
		{wrong{"an input", "utldif2ldbm", []string{"-R", root, "-c", "-i", locked}, 1, []string{locked, "permission denied", owner}}, locked, 0, 0o600},
		{wrong{"a folder for the store", "utldif2ldbm", []string{"-R", root, "-c", "-i", write(t, "d", data(3))}, 1,
			[]string{filepath.Dir(store), "permission denied", owner, "the old store is as it was"}}, filepath.Dir(store), 0o500, 0o700},
		{wrong{"a configuration", "utldif2ldbm", []string{"-R", root, "-c", "-i", locked}, 1, []string{"utdsd.toml", "permission denied", owner}},
			filepath.Join(root, "etc/opt/SUNWut/srds"), 0, 0o755},
		{wrong{"a server", "utdsd", []string{"-R", root}, 1, []string{"utdsd.toml", "permission denied", owner}},
			filepath.Join(root, "etc/opt/SUNWut/srds"), 0, 0o755},
		{wrong{"a signature", "utgroupsig", []string{"-R", root, "-l"}, 1, []string{"permission denied", owner}}, filepath.Join(root, "etc/opt/SUNWut/gmSignature"), 0, 0o600},
		{wrong{"a password", "utpw", []string{"-R", root, "-w", locked}, 1, []string{"permission denied", owner}}, filepath.Join(root, "etc/opt/SUNWut/utadmin.pw"), 0, 0o600},
	} {
		again := shut(w.path, w.mode, w.again)
		r := asAnother(t, w.program, w.args...)
		again()
		said(t, w.wrong, r)
	}
}

func TestFullOutputIsToldOnce(t *testing.T) {
	u := loaded(t, 300)
	full(t, "served", u.Root)
	u.Stop(t)
	full(t, "at rest", u.Root)
}

// full dumps to a device that is always full.
func full(t *testing.T, what, root string) {
	t.Helper()
	out, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := command(t, "utldbmcat", "-R", root)
	cmd.Stdout = out
	said(t, wrong{what: what, code: 1, says: []string{"the dump is cut off", "the disk is full", "make room", "dump again"}}, finish(t, cmd))
}

func TestInputWithoutAnEntryIsNotToldLineByLine(t *testing.T) {
	root := newRoot(t)
	var elsewhere strings.Builder
	for i := range 300 {
		fmt.Fprintf(&elsewhere, "dn: cn=u%d,dc=example\ncn: u%d\n\n", i, i)
	}
	for text, says := range map[string]string{
		strings.Repeat("root:x:0:0:root:/root:/bin/bash\n", 299): "give a dump made by utldbmcat",
		elsewhere.String(): "all 300 entries are outside of o=utdata; the old store is as it was",
	} {
		r := load(t, root, text)
		r.want(t, 1, says, "and 295 further problems")
		if n := strings.Count(r.err, "\n"); n != 7 {
			t.Errorf("%d lines:\n%s", n, r.err)
		}
	}
}

func TestProblemsAreCountedInWords(t *testing.T) {
	root := newRoot(t)
	load(t, root, tree()+"dn: o=elsewhere\no: elsewhere\n\n").want(t, 3, "1 problem with the input (told above): 1 entry was left out, no placeholder was made",
		"o=elsewhere", "mend the input and load it again")
}
