// berkeley_test.go: files of the original data store, made by Berkeley DB's own
// tool, loaded as they are.

package flow

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// oldRecords are entries as the original kept them: the superiors are not first.
func oldRecords(n int) map[uint64]string {
	records := map[uint64]string{}
	id := uint64(0)
	for record := range strings.SplitSeq(strings.TrimSuffix(data(n), "\n\n"), "\n\n") {
		id++
		records[id*7%100_003] = strings.ToLower(record[:3]) + record[3:] + "\ncreatorsname: NULLDN\ncreatetimestamp: 991231235959Z\n"
	}
	records[900_000] = "dn: cn=long," + farm + "\nobjectclass: applicationProcess\ncn: long\ndescription: " + strings.Repeat("overflow ", 3000) + "\n"
	return records
}

// oldFile makes a btree file with keys of width bytes in the given order.
func oldFile(t *testing.T, records map[uint64]string, order binary.ByteOrder, width int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id2entry.dbb")
	lorder := map[bool]string{true: "1234", false: "4321"}[order == binary.ByteOrder(binary.LittleEndian)]
	var b strings.Builder
	b.WriteString("VERSION=3\nformat=bytevalue\ntype=btree\ndb_lorder=" + lorder + "\nHEADER=END\n")
	for id, text := range records {
		fmt.Fprintf(&b, " %x\n %s\n", oldKey(id, order, width), hex.EncodeToString(fmt.Appendf(nil, "%d\n%s\x00", id, text)))
	}
	b.WriteString("DATA=END\n")
	cmd := exec.Command(harness.Program(t, "db5.3_load"), path)
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("db5.3_load: %v\n%s", err, out)
	}
	return path
}

func TestOldStoresOfEveryMachineGiveTheSameDump(t *testing.T) {
	records := oldRecords(400)
	root := newRoot(t)
	var first string
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, width := range []int{4, 8} {
			r := run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", oldFile(t, records, order, width)).want(t, 0)
			if !strings.Contains(r.out, fmt.Sprintf("%d entries loaded", len(records))) || !strings.Contains(r.out, "the next id is 900001") {
				t.Errorf("output %s%s", r.out, r.err)
			}
			text := unstamped(dump(t, root))
			if first == "" {
				first = text
			}
			if text != first {
				t.Errorf("%v, keys of %d bytes: another dump", order, width)
			}
		}
	}
	if n := strings.Count(first, "creatorsName: NULLDN\ncreateTimestamp: 991231235959Z\n"); n != len(records)-1 {
		t.Errorf("%d of %d old stamps were kept", n, len(records)-1)
	}
	check(t, root)
}

// oldFile185 makes a file of release 1.85, with the library of that release.
func oldFile185(t *testing.T, records map[uint64]string, order binary.ByteOrder, width int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id2entry.dbb")
	lorder := map[bool]string{true: "1234", false: "4321"}[order == binary.ByteOrder(binary.LittleEndian)]
	var b strings.Builder
	for id, text := range records {
		fmt.Fprintf(&b, "put %x %x\n", oldKey(id, order, width), fmt.Appendf(nil, "%d\n%s\x00", id, text))
	}
	cmd := exec.Command(harness.Program(t, "python3"), "../../backend/berkeley/testdata/write185.py", path, "4096", lorder)
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("write a file of release 1.85: %v\n%s", err, out)
	}
	return path
}

func oldKey(id uint64, order binary.ByteOrder, width int) []byte {
	key := make([]byte, width)
	if width == 4 {
		order.PutUint32(key, uint32(id))
	} else {
		order.PutUint64(key, id)
	}
	return key
}

func TestOldStoresOfTheFirstReleaseGiveTheSameDump(t *testing.T) {
	records := oldRecords(300)
	// This library cannot write a long entry behind a key of 8 bytes in the other
	// byte order, see backend/berkeley.
	delete(records, 900_000)
	root := newRoot(t)
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", oldFile(t, records, binary.LittleEndian, 8)).want(t, 0)
	first := unstamped(dump(t, root))
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, width := range []int{4, 8} {
			run(t, "", "utldif2ldbm", "-R", root, "-c", "-d", "1", "-i", oldFile185(t, records, order, width)).want(t, 0, "Berkeley DB 1.85 btree")
			if unstamped(dump(t, root)) != first {
				t.Errorf("%v, keys of %d bytes: another dump", order, width)
			}
		}
	}
	check(t, root)
}

// unstamped is a dump without what a load makes up.
func unstamped(text string) string {
	var b strings.Builder
	for line := range strings.Lines(entries(text)) {
		if !strings.HasPrefix(line, "entryUUID: ") && !strings.HasPrefix(line, "entryCSN: ") && !strings.HasPrefix(line, "modifyTimestamp: 2") &&
			!strings.HasPrefix(line, "createTimestamp: 2") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestDamagedPageOfAnOldStoreLosesOnlyItsEntries(t *testing.T) {
	records := oldRecords(400)
	path := oldFile(t, records, binary.LittleEndian, 8)
	text := []byte(read(t, path))
	const page = 4096
	leaf := 0
	for n := 2; n < len(text)/page; n++ { // the first leaf page behind the root
		if text[n*page+25] == 5 {
			leaf = n
			break
		}
	}
	if leaf == 0 {
		t.Fatal("no leaf page found")
	}
	for i := range page {
		text[leaf*page+i] = byte(i * 31)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"-salvage"}} {
		root := newRoot(t)
		run(t, "", "utldif2ldbm", append([]string{"-R", root, "-c", "-i", path}, args...)...).want(t, 3, fmt.Sprintf("page %d", leaf))
		there := strings.Count(dump(t, root), "\ndn: ")
		if there < len(records)-30 {
			t.Errorf("%q: %d of %d entries are there", args, there, len(records))
		}
		check(t, root)
	}
	root := newRoot(t)
	before := dump(t, root)
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-strict", "-i", path).want(t, 1, fmt.Sprintf("page %d", leaf))
	if dump(t, root) != before {
		t.Error("a strict load has changed the store")
	}
}

func TestOldStoreInThePlaceOfTheNewOne(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, storeFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	old := read(t, oldFile(t, oldRecords(20), binary.BigEndian, 4))
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "utldbmcat", path).want(t, 1, "Berkeley DB", "utldif2ldbm -c -i")
	run(t, "", "utldif2ldbm", "-R", root, "-c", "-i", path).want(t, 0)
	if n := strings.Count(dump(t, root), "\ndn: "); n != 27 {
		t.Errorf("%d entries", n)
	}
	if read(t, path+".previous") != old {
		t.Error("the old file was not kept")
	}
}
