package backend_test

// Damage to a store whose pages are looked at while it is served.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// Bits that are turned over: anywhere; in the beginnings of pages, where counts
// and places of other pages are; in the list of free pages.
const (
	flipsAnywhere = 80
	flipsInHeads  = 150
	flipsInList   = 30
	headBits      = (16 + 4*16) * 8
)

// flipsOf chooses the bits of a file.
func flipsOf(t *testing.T, path string, used int) []int {
	t.Helper()
	list, ok, err := backend.Freelist(path)
	if err != nil || !ok {
		t.Fatalf("the store has no list of its free pages (%v)", err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var bits []int
	for range flipsAnywhere {
		bits = append(bits, metaBits+random.IntN(used*8-metaBits))
	}
	for range flipsInHeads {
		bits = append(bits, (2+random.IntN(used/4096-2))*4096*8+random.IntN(headBits))
	}
	for range flipsInList {
		bits = append(bits, int(list)*4096*8+random.IntN(headBits))
	}
	return bits
}

// TestDamageFoundLaterGivesNoWrongAnswer asks a damaged store everything before
// it is walked. Each answer is right or an error; then the walk finds what it
// would have found before the opening.
func TestDamageFoundLaterGivesNoWrongAnswer(t *testing.T) {
	path, want := closedStore(t, 200)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := bytes.TrimRight(good, "\x00")
	refused, ended, failed, harmless := 0, 0, 0, 0
	damaged := filepath.Join(t.TempDir(), "damaged")
	for _, bit := range flipsOf(t, path, len(used)) {
		if err := os.WriteFile(damaged, good, 0o600); err != nil {
			t.Fatal(err)
		}
		flip(t, damaged, int64(bit/8), uint(bit%8))
		_, walk := backend.CountKeys(damaged)
		switch met, fatal, err := meet(t, damaged, bit, want); {
		case err != nil:
			var damage *backend.DamageError
			if !errors.As(err, &damage) && !errors.Is(err, backend.ErrForeign) {
				t.Errorf("bit %d: %v", bit, err)
			}
			refused++
		case fatal:
			ended++
		case walk != nil:
			t.Errorf("bit %d (page %d): the walk has not found what it finds alone: %v", bit, bit/8/4096, walk)
		case met:
			failed++
		default:
			harmless++
		}
	}
	t.Logf("%d stores refused, %d ended by the walk, %d gave errors, %d harmless", refused, ended, failed, harmless)
	if refused == 0 || ended == 0 || failed == 0 {
		t.Error("the flips have hit nothing: the test proves nothing")
	}
}

// meet opens a damaged store, asks it everything and lets the walk run. It tells
// whether there were errors and whether the walk has ended the store, or that it
// was not opened.
func meet(t *testing.T, path string, bit int, want map[string]string) (met, fatal bool, err error) {
	t.Helper()
	held, ended := make(chan struct{}), make(chan error, 1)
	o := backend.BeforeWalk(backend.Options{WalkLater: true, Indexes: indexes, Schema: storetest.Schema(t),
		Fatal: func(err error) { ended <- err }}, func() { <-held })
	s, err := backend.Open(path, o)
	if err != nil {
		close(held)
		return false, false, err
	}
	w := &world{t, s, o.Schema}
	for question, answer := range questions(w) {
		switch {
		case strings.HasPrefix(answer, "error "):
			met = true
		case answer != want[question]:
			t.Errorf("bit %d (page %d): %s answers %.200q, want %.200q", bit, bit/8/4096, question, answer, want[question])
		}
	}
	close(held)
	d := w.do(person("last")) // is answered when the walk has ended
	select {
	case err := <-ended:
		if fatal = true; d.Result.Code != schema.Unavailable || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("bit %d: change of a damaged store: %v; the walk: %v", bit, &d.Result, err)
		}
	default:
		if d.Result.Code != schema.Success && d.Result.Code != schema.Other {
			t.Errorf("bit %d: change: %v", bit, &d.Result)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("bit %d: close: %v", bit, err)
	}
	return met, fatal, nil
}

// TestDamagedPageEndsTheStore hides keys of one bucket after the other. What
// needs them is refused, the rest goes on until the walk comes there, and the
// file is left alone.
func TestDamagedPageEndsTheStore(t *testing.T) {
	for _, c := range []struct {
		bucket string
		needs  func(w *world) error // to be refused
	}{
		{"dn2id", func(w *world) error { return ask(w, schema.ScopeBase, present("objectClass")) }},
		{"eq/uid", func(w *world) error { return ask(w, schema.ScopeSub, eq("uid", "user000007")) }},
		{"id2entry", func(w *world) error { return ask(w, schema.ScopeSub, present("objectClass")) }},
		{"uuid2id", func(w *world) error {
			h, err := w.Hold()
			if err != nil {
				return err
			}
			defer h.Release()
			_, err = h.ByUUID(schema.UUID{1}, func(*schema.View) error { return nil })
			return err
		}},
		{"changelog", func(w *world) error { return w.Changelog(1, func(backend.ChangeRecord) bool { return true }) }},
	} {
		t.Run(c.bucket, func(t *testing.T) {
			path, _ := closedStore(t, 300)
			damageLeaf(t, path, c.bucket)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			fatal := make(chan error, 1)
			held := make(chan struct{})
			o := backend.BeforeWalk(backend.Options{WalkLater: true, Indexes: indexes, Schema: storetest.Schema(t),
				Fatal: func(err error) { fatal <- err }}, func() { <-held })
			s, err := backend.Open(path, o)
			if err != nil {
				t.Fatal(err)
			}
			w := &world{t, s, o.Schema}
			if err := c.needs(w); err == nil {
				t.Error("an answer out of a damaged bucket")
			}
			if c.bucket != "dn2id" && w.get(people) == nil {
				t.Error("no answer out of a bucket in order")
			}
			close(held)
			if err := <-fatal; !strings.Contains(err.Error(), c.bucket) {
				t.Errorf("the walk ends with %v", err)
			}
			if d := w.do(remove(people)); d.Result.Code != schema.Unavailable {
				t.Errorf("change: %v", &d.Result)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the damaged file was written (%v)", err)
			}
		})
	}
}

// ask searches from the suffix.
func ask(w *world, scope schema.Scope, filter []schema.FilterNode) error {
	_, err := w.search(w.query(suffix, scope, w.filter(filter)))
	return err
}

// damageLeaf makes the last leaf below the root of a bucket one key shorter.
func damageLeaf(t *testing.T, path, bucket string) {
	t.Helper()
	at, err := backend.RootOf(path, bucket)
	if err != nil || at == 0 {
		t.Fatalf("%s has no page of its own (%v)", bucket, err)
	}
	page := pageOf(t, path, at)
	for binary.NativeEndian.Uint16(page[8:]) == 1 { // a branch
		last := int(binary.NativeEndian.Uint16(page[10:])) - 1
		at = binary.NativeEndian.Uint64(page[16+16*last+8:])
		page = pageOf(t, path, at)
	}
	count := binary.NativeEndian.Uint16(page[10:])
	write(t, path, int64(at*4096+10), binary.NativeEndian.AppendUint16(nil, count-1))
}

// TestWayDownThatLeadsUpEnds has the branch page of a bucket lead to itself, in
// which bbolt would go round until it has used up its stack.
func TestWayDownThatLeadsUpEnds(t *testing.T) {
	for _, bucket := range []string{"dn2id", "id2entry", "eq/uid", "eq/cn", "changelog", "uuid2id"} {
		t.Run(bucket, func(t *testing.T) {
			path, want := closedStore(t, 300)
			at, err := backend.RootOf(path, bucket)
			if err != nil {
				t.Fatal(err)
			}
			page := pageOf(t, path, at)
			if binary.NativeEndian.Uint16(page[8:]) != 1 {
				t.Fatal("the root is no branch page")
			}
			for i := range int(binary.NativeEndian.Uint16(page[10:])) {
				write(t, path, int64(at*4096)+int64(16+16*i+8), binary.NativeEndian.AppendUint64(nil, at))
			}
			if _, fatal, err := meet(t, path, 0, want); err == nil && !fatal {
				t.Error("the walk has not ended the store")
			}
		})
	}
}

// pageOf reads a page of a store.
func pageOf(t *testing.T, path string, id uint64) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	if _, err := f.ReadAt(page, int64(id)*4096); err != nil {
		t.Fatal(err)
	}
	return page
}

// write puts bytes into a file.
func write(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(b, at)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestListOfFreePagesIsNotBelieved writes other lists. bbolt would end the
// process on some, and write over the data on others.
func TestListOfFreePagesIsNotBelieved(t *testing.T) {
	path, want := closedStore(t, 300)
	list, _, err := backend.Freelist(path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := backend.RootOf(path, "dn2id")
	if err != nil {
		t.Fatal(err)
	}
	const leaf, free = 2, 0x10
	damaged := filepath.Join(t.TempDir(), "damaged")
	for _, c := range []struct {
		what        string
		flags       uint16
		count       uint16
		pages       []uint64
		foundBefore bool // it is opened
	}{
		{"no list", leaf, 0, nil, true},
		{"longer than its page", free, 60000, nil, true},
		{"much longer than its page", free, 0xFFFF, []uint64{1 << 62}, true},
		{"meta page", free, 1, []uint64{1}, true},
		{"page outside of the file", free, 1, []uint64{1 << 40}, true},
		{"descending", free, 2, []uint64{root + 1, root}, true},
		{"the same page twice", free, 2, []uint64{root, root}, true},
		{"page in use", free, 1, []uint64{root}, false},
		{"page of the list itself", free, 1, []uint64{list}, false},
	} {
		copyFile(t, path, damaged)
		head := binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, c.flags), c.count)
		write(t, damaged, int64(list*4096+8), head)
		for i, id := range c.pages {
			write(t, damaged, int64(list*4096)+int64(16+8*i), binary.NativeEndian.AppendUint64(nil, id))
		}
		met, fatal, err := meet(t, damaged, 0, want)
		if (err != nil) != c.foundBefore || met || fatal == c.foundBefore {
			t.Errorf("%s: opened: %v; errors met: %v; ended by the walk: %v", c.what, err, met, fatal)
		}
		_, err = backend.Open(damaged, backend.Options{Schema: storetest.Schema(t), Indexes: indexes})
		if damage := (*backend.DamageError)(nil); !errors.As(err, &damage) {
			t.Errorf("%s: opened after the walk: %v", c.what, err)
		}

	}
}
