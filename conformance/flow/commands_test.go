// commands_test.go: what the two programs take, refuse and say.

package flow

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUsageIsExplainedAndMisuseIsExitStatus2(t *testing.T) {
	for _, c := range []struct {
		program string
		args    []string
		code    int
		says    string
	}{
		{"utldif2ldbm", []string{"-h"}, 0, "Examples:"},
		{"utldif2ldbm", []string{"-h"}, 0, "Exit status:"},
		{"utldbmcat", []string{"-h"}, 0, "Examples:"},
		{"utldbmcat", []string{"-h"}, 0, "Exit status:"},
		{"utldif2ldbm", nil, 2, "-i FILE is needed"},
		{"utldif2ldbm", []string{"-c", "-i", "x", "-j", "0"}, 2, "-j 0"},
		{"utldif2ldbm", []string{"-c", "-i", "x", "y"}, 2, "unexpected argument"},
		{"utldif2ldbm", []string{"-c", "-i", "x", "-strict", "-salvage"}, 2, "choose one"},
		{"utldif2ldbm", []string{"-z"}, 2, "-z"},
		{"utldbmcat", []string{"a", "b"}, 2, "unexpected argument"},
		{"utldbmcat", []string{"/nowhere/id2entry.dbb"}, 1, "store not there"},
		{"utldif2ldbm", []string{"-c", "-R", "/nowhere/x", "-i", "/nowhere/dump"}, 1, "/nowhere/dump"},
	} {
		r := run(t, "", c.program, c.args...)
		if r.code != c.code || !strings.Contains(r.out+r.err, c.says) {
			t.Errorf("%s %q: exit status %d\n%s%s", c.program, c.args, r.code, r.out, r.err)
		}
	}
}

func TestStoreWithEntriesIsReplacedOnlyWithC(t *testing.T) {
	root := newRoot(t)
	before := dump(t, root)
	run(t, data(5), "utldif2ldbm", "-R", root, "-i", "-").want(t, 1, "has 14 entries", "give -c")
	if dump(t, root) != before {
		t.Error("the store was changed")
	}
	load(t, root, data(5)).want(t, 0)
	if n := strings.Count(dump(t, root), "\ndn: "); n != 11 {
		t.Errorf("%d entries", n)
	}
	if names := files(t, root); !slices.Equal(names, []string{"id2entry.dbb", "id2entry.dbb.previous"}) {
		t.Errorf("files %q", names)
	}
	empty := t.TempDir()
	run(t, data(5), "utldif2ldbm", "-R", empty, "-i", "-").want(t, 0)
}

func TestCompressedDumpIsReadAsItIs(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(data(100))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := write(t, "dump.ldif.gz", packed.String())
	root := newRoot(t)
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", file).want(t, 0)
	first := dump(t, root, "-n")
	load(t, root, packed.String()).want(t, 0) // from standard input
	if n := strings.Count(first, "\ndn: "); n != 106 {
		t.Errorf("%d entries", n)
	}
	cut := write(t, "cut.gz", packed.String()[:packed.Len()/2])
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", cut).want(t, 1, "unexpected EOF")
	check(t, root)
}

// oldDump is a dump of the old tools: ids, names in lower case, tabs, stamps of
// another age, entries before their superiors, and damage.
const oldDump = "256\ndn: utname=u,o=v1,o=utdata\nobjectclass: top\nobjectclass: utUnheardOf\nutname: u\nutsecretthing: kept\n" +
	"description: a long line that was\n\tcontinued with a tab\ncreatorsname: NULLDN\ncreatetimestamp: 991231235959Z\n\n" +
	"1\ndn: o=utdata\nobjectclass: organization\no: utdata\n\n" +
	"17\ndn: o=v1,o=utdata\nobjectclass: organization\no: v1\nthis line is damaged\nuserpassword:: !!!!\nst:\n\n"

func TestOldDialectWithDamageIsLoadedAndTold(t *testing.T) {
	root := t.TempDir()
	file := write(t, "old", oldDump)
	r := run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", file).want(t, 3, `line 21: entry "o=v1,o=utdata": no colon`, `line 22: entry "o=v1,o=utdata": broken base64`,
		`line 23: entry "o=v1,o=utdata": empty value`, `note: line 1: the schema has no object class "utUnheardOf"`, `attribute type "utsecretthing"`, "3 problems with the input")
	if !strings.Contains(r.out, "3 entries loaded") || !strings.Contains(r.out, "the next id is 257") {
		t.Errorf("output %s", r.out)
	}
	text := dump(t, root)
	for _, want := range []string{"256\ndn: utname=u,", "utsecretthing: kept\n", "description: a long line that wascontinued with a tab\n",
		"creatorsName: NULLDN\n", "createTimestamp: 991231235959Z\n", "objectClass: utUnheardOf\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if a, b := strings.Index(text, "\n1\ndn:"), strings.Index(text, "\n256\ndn:"); a > b {
		t.Error("a superior comes behind what is below it")
	}
	before := dump(t, root)
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-strict", "-i", file).want(t, 1, "line 21", "the old store is as it was")
	if dump(t, root) != before {
		t.Error("a strict load has changed the store")
	}
}

func TestDumpIsTheSameForTheSameState(t *testing.T) {
	root := newRoot(t)
	load(t, root, data(500)).want(t, 0)
	first := dump(t, root)
	if dump(t, root) != first {
		t.Error("two dumps of one state differ")
	}
	m := positionLine.FindStringSubmatch(first)
	if m == nil || !strings.Contains(first, "\n# state hash "+m[3]+"\n") {
		t.Errorf("no position and state hash in\n%.300s", first)
	}
	if end := fmt.Sprintf("\n# end: 506 entries, position %s.%s.%s\n", m[1], m[2], m[3]); !strings.HasSuffix(first, end) {
		t.Errorf("no %q at the end", end)
	}
	for line := range strings.Lines(first) {
		if len(line) > 77 && !strings.HasPrefix(line, "# ") {
			t.Errorf("a line of %d columns: %q", len(line)-1, line)
		}
	}
	// Round trip: to the last byte, also through another store.
	other := newRoot(t)
	load(t, other, first).want(t, 0)
	if dump(t, other) != first {
		t.Error("dump, load, dump gives other bytes")
	}
	plain := dump(t, root, "-n")
	load(t, other, plain).want(t, 0)
	if dump(t, other, "-n") != plain {
		t.Error("dump -n, load, dump -n gives other bytes")
	}
}

func TestParentsComeFirstWhateverTheOrderOfTheInput(t *testing.T) {
	records := strings.Split(strings.TrimSuffix(data(2000), "\n\n"), "\n\n")
	slices.Reverse(records)
	root := newRoot(t)
	for _, order := range []string{"reversed", "shuffled"} {
		load(t, root, strings.Join(records, "\n\n")+"\n").want(t, 0)
		seen := map[string]bool{}
		for line := range strings.Lines(strings.ReplaceAll(dump(t, root), "\n ", "")) {
			dn, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "dn: ")
			if !ok {
				continue
			}
			seen[dn] = true
			if _, superior, below := strings.Cut(dn, ","); below && !seen[superior] {
				t.Errorf("%s: %s comes before its superior", order, dn)
			}
		}
		if len(seen) != len(records) {
			t.Errorf("%s: %d entries of %d", order, len(seen), len(records))
		}
		rand.New(rand.NewSource(2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	}
}

func TestCutDumpIsToldApart(t *testing.T) {
	root, other := newRoot(t), newRoot(t)
	load(t, root, data(50)).want(t, 0)
	text := dump(t, root)
	half := text[:strings.LastIndex(text[:len(text)/2], "\n\n")+2]
	before := dump(t, other)
	for _, args := range [][]string{nil, {"-strict"}} {
		load(t, other, half, args...).want(t, 1, "the dump is cut off", "the old store is as it was", "-partial")
		if dump(t, other) != before {
			t.Error("the store was changed")
		}
	}
	load(t, other, half, "-partial").want(t, 3, "the dump is cut off", "1 problem with the input (told above); look at that before")
}

func TestInputThatIsNoDumpIsRefused(t *testing.T) {
	root := newRoot(t)
	before := dump(t, root)
	for name, c := range map[string]struct{ input, says string }{
		"nothing": {"", "no entry"}, "binary": {strings.Repeat("\x00\x01\x02", 5000), "is no LDIF"},
		"a store": {filepath.Join(root, storeFile), "make a dump of it"}, "a folder": {t.TempDir(), "is a folder"},
	} {
		file := c.input
		if !filepath.IsAbs(file) {
			file = write(t, "input", c.input)
		}
		run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", file).want(t, 1, c.says)
		if dump(t, root) != before {
			t.Errorf("%s: the store was changed", name)
		}
	}
}

func TestConfigurationDecidesAboutSuffixAndIndexes(t *testing.T) {
	root := t.TempDir()
	conf := write(t, "conf.toml", "suffix = \"dc=example\"\n[admin]\ndn = \"cn=boss,dc=example\"\n[index]\neq = [\"cn\"]\n")
	load(t, root, "dn: dc=example\nobjectClass: domain\ndc: example\n\n", "-f", conf).want(t, 0)
	if text := dump(t, root); !strings.Contains(text, "creatorsName: cn=boss,dc=example\n") {
		t.Errorf("dump\n%s", text)
	}
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-f", "/nowhere/conf", "-i", conf).want(t, 1, "/nowhere/conf")
	if _, err := os.Stat(filepath.Join(root, storeFile+".previous")); err == nil {
		t.Error("a refused load has replaced the store")
	}
}
