package backend

// Tests of the parts of a load: cutting, sorting, sets, and the pages.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

func TestBlocksAreCutAtBlankLinesOnly(t *testing.T) {
	var text strings.Builder
	text.WriteString("# a comment\n\nversion: 1\n\n")
	for i := range 300 {
		fmt.Fprintf(&text, "%d\ndn: cn=%d,o=utdata\ncn: %d\n", i+1, i, i)
		text.WriteString([]string{"bad line\n\n", "description:: !!!\n\n", "description: folded\n  more\n\n\n", "sn: x\r\n\r\n", "# in between\n\n"}[i%5])
	}
	text.WriteString("dn: cn=last,o=utdata\ncn: last") // no line end
	readAll := func(r *ldif.Reader, shift int) (out []string) {
		r.OnFault = func(se *ldif.SyntaxError) error {
			out = append(out, fmt.Sprintf("fault %d %s %q", se.Line+shift, se.Kind, se.DN))
			return nil
		}
		for {
			rec, err := r.Next()
			if err != nil {
				return out
			}
			out = append(out, fmt.Sprintf("%d %d %q %q", rec.Line+shift, rec.ID, rec.DN, rec.Attributes))
		}
	}
	want := readAll(ldif.NewReader(strings.NewReader(text.String())), 0)
	for _, size := range []int{1, 7, 40, 100, 1000, 1 << 20} {
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(text.String()),
			"byte by byte": iotest.OneByteReader(strings.NewReader(text.String())),
			"error at end": iotest.DataErrReader(strings.NewReader(text.String()))} {
			s := newSplitter(src, 2)
			s.size = size
			var got []string
			for n := 0; ; n++ {
				b, err := s.block()
				if err != nil {
					t.Fatal(err)
				}
				if b == nil {
					break
				}
				if b.number != n {
					t.Fatalf("block %d is number %d", n, b.number)
				}
				got = append(got, readAll(ldif.NewReader(bytes.NewReader(b.data)), b.line)...)
				s.recycle(b)
			}
			if !slices.Equal(got, want) {
				t.Errorf("blocks of %d, %s:\n%q\nwant\n%q", size, name, got, want)
			}
			if s.bytes != int64(text.Len()) || !strings.HasSuffix(text.String(), string(s.tail)) {
				t.Errorf("blocks of %d, %s: %d bytes, tail %q", size, name, s.bytes, s.tail)
			}
		}
	}
}

func TestReadErrorOfTheInputIsPassedOn(t *testing.T) {
	fail := errors.New("the disk is gone")
	s := newSplitter(io.MultiReader(strings.NewReader("dn: o=utdata\no: utdata\n"), iotest.ErrReader(fail)), 1)
	if _, err := s.block(); !errors.Is(err, fail) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v", err)
	}
}

func TestSorterGivesPairsInOrderWhateverTheSizeOfItsBuffers(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	type pair struct{ key, value string }
	for _, limit := range []int{1, 100, 5000, runSize} {
		s := newSorter(t.TempDir(), make(chan struct{}, 2))
		s.limit = limit
		var want []pair
		for i := range 3000 {
			p := pair{strings.Repeat("k", rnd.Intn(12)) + fmt.Sprint(rnd.Intn(400)), fmt.Sprint(i)}
			if i%1000 == 500 {
				p.value = strings.Repeat("long", 20_000) // longer than a buffer of the merge
			}
			want = append(want, p)
			if err := s.add([]byte(p.key), []byte(p.value)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b pair) int { return strings.Compare(a.key, b.key) })
		n := 0
		err := s.each(func(key, value []byte) error {
			if n >= len(want) || string(key) != want[n].key || string(value) != want[n].value {
				return fmt.Errorf("pair %d is %q %.20q", n, key, value)
			}
			n++
			return nil
		})
		if err != nil || n != len(want) {
			t.Errorf("buffers of %d: %d pairs, %v", limit, n, err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	}
}

func TestSetsRememberWhatWasPutIn(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	var ids idSet
	var uuids uuidSet
	seenID, seenUUID := map[uint64]bool{}, map[schema.UUID]bool{}
	for range 50_000 {
		id := rnd.Uint64() >> rnd.Intn(64)
		if rnd.Intn(2) == 0 {
			id = uint64(rnd.Intn(70_000))
		}
		if ids.has(id) != seenID[id] {
			t.Fatalf("id %d: has is %v", id, !seenID[id])
		}
		if ids.add(id) == seenID[id] {
			t.Fatalf("id %d: add is %v", id, seenID[id])
		}
		seenID[id] = true
		var u schema.UUID
		binary.BigEndian.PutUint64(u[rnd.Intn(9):], uint64(rnd.Intn(20_000)))
		if uuids.add(u) == seenUUID[u] {
			t.Fatalf("UUID %x: add is %v", u, seenUUID[u])
		}
		seenUUID[u] = true
	}
	if ids.count != len(seenID) {
		t.Errorf("%d ids counted of %d", ids.count, len(seenID))
	}
}

// buildFile makes a file with one bucket of the given pairs.
func buildFile(t *testing.T, pairs map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "built")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, 0, len(pairs))
	for k := range pairs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	space := newPageSpace(f)
	tree := space.newTree()
	for _, k := range keys {
		if err := tree.add([]byte(k), []byte(pairs[k]), 0); err != nil {
			t.Fatal(err)
		}
	}
	b, err := endTree(tree, "bucket", nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := buildRoot(space, []built{b})
	if err == nil {
		err = space.finish(root)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBuiltPagesAreABboltFileThatCanBeChanged(t *testing.T) {
	rnd := rand.New(rand.NewSource(3))
	for _, n := range []int{0, 1, 2, 100, 5000, 60_000} {
		pairs := map[string]string{}
		for i := range n {
			value := strings.Repeat("v", rnd.Intn(300))
			if i%700 == 0 {
				value = strings.Repeat("long", rnd.Intn(400_000))
			}
			key := fmt.Sprintf("%08x", rnd.Uint32())
			if i%900 == 1 {
				key += strings.Repeat("k", rnd.Intn(9000))
			}
			pairs[key] = value
		}
		path := buildFile(t, pairs)
		if keys, err := CountKeys(path); err != nil || keys["bucket"] != uint64(len(pairs)) {
			t.Fatalf("%d pairs: walk finds %d, %v", n, keys["bucket"], err)
		}
		db, err := bbolt.Open(path, fileMode, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, db, pairs)
		for range 3 { // change it as a server would
			err := db.Update(func(tx *bbolt.Tx) error {
				b := tx.Bucket([]byte("bucket"))
				for k := range pairs {
					switch rnd.Intn(6) {
					case 0:
						delete(pairs, k)
						if err := b.Delete([]byte(k)); err != nil {
							return err
						}
					case 1:
						pairs[k] += "more"
						if err := b.Put([]byte(k), []byte(pairs[k])); err != nil {
							return err
						}
					}
				}
				pairs["new"+fmt.Sprint(rnd.Int())] = "x"
				for k, v := range pairs {
					if strings.HasPrefix(k, "new") {
						if err := b.Put([]byte(k), []byte(v)); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, db, pairs)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// compare checks db with bbolt's own check, and what is in it.
func compare(t *testing.T, db *bbolt.DB, pairs map[string]string) {
	t.Helper()
	err := db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("check: %v", err)
		}
		n := 0
		return errors.Join(tx.Bucket([]byte("bucket")).ForEach(func(k, v []byte) error {
			n++
			if want, ok := pairs[string(k)]; !ok || want != string(v) {
				return fmt.Errorf("key %.40q: %d bytes, want %d (%v)", k, len(v), len(want), ok)
			}
			return nil
		}), func() error {
			if n != len(pairs) {
				return fmt.Errorf("%d pairs of %d", n, len(pairs))
			}
			return nil
		}())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the loader makes of an entry directly is what an import by the entry
// type makes of it.
func TestLoadedRecordIsThatOfARelaxedEntry(t *testing.T) {
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLoader(LoadOptions{Schema: s, Indexes: Indexes{Eq: []string{"objectClass", "cn", "uid", "name", "utport", "entryUUID"}, Sub: []string{"cn", "utname"}}})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"cn", "CN", "commonName", "cn;lang-de", "sn", "uid", "userid", "objectclass", "utname", "utport", "foo", "FOO", "2.5.4.13",
		"description", "creatorsname", "createTimestamp", "modifiersname", "x;binary", "userpassword"}
	values := []string{"a", "A ", " person", "inetOrgPerson", "top", "12", "-1", "x y z", "äöü", "alias", "referral", "\x00\xff", "a"}
	rnd := rand.New(rand.NewSource(4))
	for n := range 1500 {
		rec := &ldif.Record{Line: 1, DN: fmt.Sprintf("cn=A %d, ou=X+l=y,o=utdata", n)}
		for range rnd.Intn(8) {
			a := schema.RawAttribute{Attr: names[rnd.Intn(len(names))]}
			for range 1 + rnd.Intn(3) {
				a.Values = append(a.Values, []byte(values[rnd.Intn(len(values))]))
			}
			if !slices.ContainsFunc(rec.Attributes, func(b schema.RawAttribute) bool { return strings.EqualFold(a.Attr, b.Attr) }) {
				rec.Attributes = append(rec.Attributes, a)
			}
		}
		m := newEntryMaker(l)
		m.out = &loadedBlock{text: &textBlock{}}
		m.make(rec)
		if len(m.out.entries) != 1 {
			t.Fatalf("no entry: %v", m.out.problems)
		}
		e := m.out.entries[0]
		var got schema.View
		if !readRecord(m.out.arena[e.at+hashSize:e.at+e.size], &got) {
			t.Fatal("not a record")
		}
		entry, err := s.NewEntry(rec.DN, rec.Attributes, true)
		if err != nil {
			t.Fatal(err)
		}
		for i := stampUUID; i < stamps; i++ {
			if entry.Get(stampNames[i]) == nil {
				a, _ := got.Find(stampNames[i])
				v, _, _ := schema.NextValue(a.Values)
				s.SetOperational(entry, stampNames[i], v)
			}
		}
		entry.UUID = got.UUID
		want := s.View(entry, got.Key)
		if string(appendRecord(nil, &got)) != string(appendRecord(nil, want)) {
			t.Fatalf("record of %q:\n%q\nwant\n%q", rec.Attributes, appendRecord(nil, &got), appendRecord(nil, want))
		}
		if h := entryHash(want); string(m.out.arena[e.at:e.at+hashSize]) != string(h[:]) {
			t.Fatal("other hash")
		}
		compareKeys(t, l, m.out.keys, want)
	}
}

func compareKeys(t *testing.T, l *loader, packed []byte, v *schema.View) {
	t.Helper()
	got := make([][]string, len(l.indexes))
	for len(packed) > 0 {
		i, n := binary.BigEndian.Uint16(packed), binary.BigEndian.Uint16(packed[2:])
		got[i] = append(got[i], string(packed[4:4+n]))
		packed = packed[4+n:]
	}
	for i, ix := range l.indexes {
		slices.Sort(got[i])
		var want []string
		var keys indexKeys
		for _, k := range keys.of(l.schema, ix, v) {
			want = append(want, string(k))
		}
		if !slices.Equal(slices.Compact(got[i]), want) {
			t.Fatalf("index %s: %q\nwant %q", ix.name, got[i], want)
		}
	}
}
