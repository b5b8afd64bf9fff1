// Files that are something else: each is refused with a sentence that says what it is not.

package berkeley_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// loaded is a file that db5.3_load makes of a dump.
func loaded(t *testing.T, header, body string, options ...string) []byte {
	t.Helper()
	load := need(t, "db5.3_load", "db5.3-util")
	path := filepath.Join(t.TempDir(), "file")
	dump := "VERSION=3\nformat=bytevalue\n" + header + "HEADER=END\n" + body + "DATA=END\n"
	run(t, []byte(dump), load, append(options, path)...)
	return slurp(t, path)
}

func bboltFile(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id2entry.dbb")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return slurp(t, path)
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// patched is a built file with bytes of its first page changed.
func patched(release string, at int, with ...byte) []byte {
	image := builders(512)[release+"/sparc"].build(entries(3))
	copy(image[at:], with)
	return image
}

func TestOtherFilesAreRefused(t *testing.T) {
	pair := " 00000001\n 3100\n"
	database := "database=one\n"
	hash185 := make([]byte, 512)
	machines["sparc"].order.PutUint32(hash185, 0x061561)
	for name, c := range map[string]struct {
		image []byte
		want  string
	}{
		"nothing":           {nil, "is empty"},
		"hash":              {loaded(t, "type=hash\n", pair), "Berkeley DB hash file"},
		"hash, big-endian":  {loaded(t, "type=hash\ndb_lorder=4321\n", pair), "Berkeley DB hash file"},
		"hash of 1.85":      {hash185, "Berkeley DB hash file"},
		"recno":             {loaded(t, "type=recno\n", " 3100\n"), "Berkeley DB recno file"},
		"recno of 1.85":     {patched("1.85", 20, 0, 0, 0, 0x80), "Berkeley DB recno file"},
		"queue":             {loaded(t, "type=queue\nre_len=4\n", " 31323334\n"), "Berkeley DB queue file"},
		"heap":              {loaded(t, "type=heap\n", " 3100\n"), "Berkeley DB heap file"},
		"several databases": {loaded(t, database+"type=btree\n", pair), "several databases"},
		"encrypted":         {loaded(t, "type=btree\n", pair, "-P", "secret"), "encrypted"},
		"partitioned":       {patched("5.3", 26, 2), "partitioned"},
		"compressed":        {patched("5.3", 48, 0, 0, 0, 0x80), "compressed"},
		"version 5":         {patched("2.x", 16, 0, 0, 0, 5), "btree version 5"},
		"version 11":        {patched("6.x", 16, 0, 0, 0, 11), "btree version 11"},
		"1.85, version 4":   {patched("1.85", 4, 0, 0, 0, 4), "version 4"},
		"log":               {append([]byte("0123456789ab\x88\x09\x04\x00"), make([]byte, 100)...), "log file"},
		"LDIF":              {[]byte("1\ndn: o=utdata\no: utdata\n\n"), "text, perhaps an LDIF dump"},
		"LDIF in gzip":      {gzipped(t, []byte("dn: o=utdata\n")), "gzip"},
		"our own store":     {bboltFile(t), "the form that the present server writes"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, open := range []func(io.ReaderAt, int64) (*berkeley.File, error){berkeley.Open, berkeley.OpenDamaged} {
				_, err := callOpen(open, c.image)
				if !errors.Is(err, berkeley.ErrNotBtree) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want one with %q", err, c.want)
				}
			}
		})
	}
}

func TestDamagedFirstPageIsToldFromAnotherFile(t *testing.T) {
	for name, image := range map[string][]byte{
		"page size":        patched("1.85", 8, 0, 0, 1),
		"odd page size":    patched("1.85", 8, 0, 0, 2, 1),
		"no power of two":  patched("5.3", 20, 0, 0, 3, 0),
		"version":          patched("5.3", 16, 0xf0),
		"old version":      patched("1.85", 4, 0xf0),
		"type":             patched("3.0", 25, 77),
		"flags":            patched("3.1", 48, 0xff),
		"cipher":           patched("5.3", 24, 99),
		"checksum":         patched("5.3 sums", 200, 1),
		"zeros":            patched("5.3", 0, make([]byte, 512)...),
		"noise":            patched("2.x", 0, bytes.Repeat([]byte("\xfe\x01\xd0"), 170)...),
		"a magic that bit": patched("2.x", 14, 0x30),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := callOpen(berkeley.Open, image)
			if !errors.Is(err, berkeley.ErrDamaged) || errors.Is(err, berkeley.ErrNotBtree) {
				t.Errorf("Open: %v, want ErrDamaged", err)
			}
			f, err := callOpen(berkeley.OpenDamaged, image)
			if err != nil {
				t.Fatalf("OpenDamaged: %v", err)
			}
			c := collect(t, f.Salvage)
			if len(c.problems) != 1 || !strings.HasPrefix(c.problems[0], "page 0: ") {
				t.Errorf("problems %q, want one, of page 0", c.problems)
			}
			c.problems = nil
			wantAll(t, c, entries(3))
		})
	}
}

func TestNoiseIsNoFile(t *testing.T) {
	for _, size := range []int{1, 11, 12, 23, 24, 511, 512, 5000} {
		image := bytes.Repeat([]byte{0xff, 0x00, 0x13}, size)[:size]
		_, err := callOpen(berkeley.OpenDamaged, image)
		if err == nil {
			t.Errorf("%d bytes of noise are opened", size)
		}
	}
	image := patched("5.3", 0)[:100]
	if _, err := callOpen(berkeley.Open, image); !errors.Is(err, berkeley.ErrDamaged) {
		t.Errorf("a first page that ends: %v", err)
	}
}

func callOpen(open func(io.ReaderAt, int64) (*berkeley.File, error), image []byte) (*berkeley.File, error) {
	return open(bytes.NewReader(image), int64(len(image)))
}
