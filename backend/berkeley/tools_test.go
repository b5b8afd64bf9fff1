// The real writers: Debian's Berkeley DB 5.3 and 1.85, driven with one script of puts and deletes.

package berkeley_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// record is an entry as the store kept it.
type record struct {
	id   uint64
	text string // without id line and NUL
}

// stored is the data of a record in the file.
func (r record) stored() []byte { return fmt.Appendf(nil, "%d\n%s\x00", r.id, r.text) }

// machine is the kind of computer that a file was written on.
type machine struct {
	order byteOrder
	width int // bytes of an unsigned long
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var machines = map[string]machine{
	"x86":     {binary.LittleEndian, 4},
	"x86_64":  {binary.LittleEndian, 8},
	"sparc":   {binary.BigEndian, 4},
	"sparcv9": {binary.BigEndian, 8},
}

func (m machine) key(id uint64) []byte {
	key := make([]byte, m.width)
	if m.width == 4 {
		m.order.PutUint32(key, uint32(id))
	} else {
		m.order.PutUint64(key, id)
	}
	return key
}

// lorder is the library's word for the byte order.
func (m machine) lorder() string {
	if m.order == byteOrder(binary.BigEndian) {
		return "4321"
	}
	return "1234"
}

// mark is in every piece of the entry with this id, and of no other.
func mark(id uint64) string { return fmt.Sprintf("#%d#", id) }

// entries makes n records. Every seventh is longer than a page of 512 bytes,
// every hundredth needs several pages of any size.
func entries(n int) []record {
	list := make([]record, n)
	for i := range list {
		id := uint64(i + 1)
		text := fmt.Sprintf("dn: utname=user%s,o=utdata\nobjectclass: utUser\n", mark(id))
		if i%7 == 3 {
			text += "description: " + strings.Repeat(mark(id), 600/len(mark(id))) + "\n"
		}
		if i%100 == 20 {
			text += "utkioskconfig: " + strings.Repeat(mark(id), 30000) + "\n"
		}
		list[i] = record{id, text}
	}
	return list
}

// short is those of list that fit on a leaf page of any size.
func short(list []record) []record {
	var fit []record
	for _, r := range list {
		if len(r.text) < 100 {
			fit = append(fit, r)
		}
	}
	return fit
}

// need fails the test with the line that installs what is missing.
func need(tb testing.TB, tool, install string) string {
	tb.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		tb.Fatalf("%s is missing: apt-get install -y %s", tool, install)
	}
	return path
}

// run runs a tool to its end and returns what it wrote.
func run(tb testing.TB, stdin []byte, tool string, args ...string) []byte {
	tb.Helper()
	cmd := exec.Command(tool, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s %s: %v: %s", tool, strings.Join(args, " "), err, &stderr)
	}
	return out
}

// db5 writes a file with db5.3_load. headers are further lines of its header.
func db5(tb testing.TB, m machine, pageSize int, list []record, headers ...string) []byte {
	tb.Helper()
	load := need(tb, "db5.3_load", "db5.3-util")
	var in bytes.Buffer
	fmt.Fprintf(&in, "VERSION=3\nformat=bytevalue\ntype=btree\ndb_pagesize=%d\ndb_lorder=%s\n", pageSize, m.lorder())
	for _, h := range headers {
		fmt.Fprintln(&in, h)
	}
	fmt.Fprintln(&in, "HEADER=END")
	for _, r := range list {
		fmt.Fprintf(&in, " %x\n %x\n", m.key(r.id), r.stored())
	}
	fmt.Fprintln(&in, "DATA=END")
	path := filepath.Join(tb.TempDir(), "id2entry.dbb")
	run(tb, in.Bytes(), load, path)
	return slurp(tb, path)
}

// puts and dels are lines for the scripts in testdata.
func puts(m machine, list []record) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "put %x %x\n", m.key(r.id), r.stored())
	}
	return b.String()
}

func dels(m machine, ids ...uint64) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "del %x\n", m.key(id))
	}
	return b.String()
}

// perl5 writes a file with Perl's DB_File, that is with Berkeley DB 5.3.
func perl5(tb testing.TB, m machine, pageSize int, script string) []byte {
	tb.Helper()
	perl := need(tb, "perl", "perl")
	path := filepath.Join(tb.TempDir(), "id2entry.dbb")
	run(tb, []byte(script), perl, "testdata/write5.pl", path, strconv.Itoa(pageSize), m.lorder())
	return slurp(tb, path)
}

// db185 writes a file with Berkeley DB 1.85.
func db185(tb testing.TB, m machine, pageSize int, script string) []byte {
	tb.Helper()
	need(tb, "db_dump185", "libdb1-compat")
	python := need(tb, "python3", "python3")
	path := filepath.Join(tb.TempDir(), "id2entry.dbb")
	run(tb, []byte(script), python, "testdata/write185.py", path, strconv.Itoa(pageSize), m.lorder())
	return slurp(tb, path)
}

// dumped is what one of the library's dump tools finds in a file.
func dumped(tb testing.TB, dump string, image []byte) map[string]string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "id2entry.dbb")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		tb.Fatal(err)
	}
	_, body, _ := strings.Cut(string(run(tb, nil, dump, path)), "HEADER=END\n")
	lines := strings.Fields(strings.TrimSuffix(body, "DATA=END\n"))
	found := map[string]string{}
	for i := 0; i+1 < len(lines); i += 2 {
		data, err := hex.DecodeString(lines[i+1])
		if err != nil {
			tb.Fatalf("%s: %v", dump, err)
		}
		found[lines[i]] = string(data)
	}
	return found
}

func slurp(tb testing.TB, path string) []byte {
	tb.Helper()
	image, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return image
}
