package backend_test

// Stores whose pages are looked at while they are served.

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// closedStore is the path of a store with persons that was closed in order, and
// all that it answers.
func closedStore(t testing.TB, persons int) (path string, answers map[string]string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(persons)
	w.must(rename("cn=user000010,"+people, "cn=renamed"))
	answers = questions(w)
	storetest.Close(t, w.Store)
	return path, answers
}

// listed tells whether the file has a list of its free pages.
func listed(t testing.TB, path string) bool {
	t.Helper()
	_, ok, err := backend.Freelist(path)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// openLater opens a store that is walked when release is called, which may be
// called more than once.
func openLater(t testing.TB, path string, o backend.Options) (w *world, release func()) {
	t.Helper()
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	o.WalkLater, o.Indexes = true, indexes
	o = backend.BeforeWalk(o, func() { <-held })
	w = &world{t, storetest.Open(t, path, o), storetest.Schema(t)}
	t.Cleanup(release) // before that of Open
	return w, release
}

// walkedFirst opens a store and fails the test if it is served before its pages
// are looked at.
func walkedFirst(t testing.TB, path string) *world {
	t.Helper()
	var log bytes.Buffer
	o := backend.BeforeWalk(backend.Options{WalkLater: true, Indexes: indexes, Log: slog.New(slog.NewTextHandler(&log, nil))},
		func() { t.Error("a store that was not closed in order is served before it is walked") })
	w := &world{t, storetest.Open(t, path, o), storetest.Schema(t)}
	if !strings.Contains(log.String(), "not closed in order") {
		t.Errorf("nothing tells why the start takes its time: %q", log.String())
	}
	return w
}

func TestStoreIsReadBeforeItIsWalkedAndChangedAfter(t *testing.T) {
	path, want := closedStore(t, 300)
	if !listed(t, path) {
		t.Fatal("a closed store has no list of its free pages")
	}
	w, release := openLater(t, path, backend.Options{})
	done := make(chan schema.ChangeDone, 1)
	w.Apply(context.Background(), &schema.Change{Kind: schema.ChangeModify, DN: people, Actor: admin,
		Mods: []schema.Modification{{Op: schema.ModReplace, Attr: "description", Values: [][]byte{[]byte("x")}}}},
		func(d schema.ChangeDone) { done <- d })
	if got := questions(w); !maps.Equal(got, want) {
		t.Error("another answer before the walk")
	}
	select {
	case d := <-done:
		t.Errorf("a change was answered before the walk: %v", &d.Result)
	default:
	}
	release()
	if d := <-done; d.Result.Code != schema.Success {
		t.Errorf("change after the walk: %v", &d.Result)
	}
	if listed(t, path) {
		t.Error("the list of free pages has outlived a change")
	}
	storetest.Close(t, w.Store)
	if !listed(t, path) {
		t.Error("a closed store has no list of its free pages")
	}
}

func TestManyReadWhileTheStoreIsWalked(t *testing.T) {
	path, want := closedStore(t, 300)
	w, release := openLater(t, path, backend.Options{})
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			for range 3 {
				if got := questions(w); !maps.Equal(got, want) {
					t.Error("another answer while the store is walked")
				}
			}
		})
	}
	release()
	readers.Wait()
	w.must(person("after"))
}

func TestStoreWithoutChangesIsNotWritten(t *testing.T) {
	path, want := closedStore(t, 300)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, walked := range []bool{false, true} {
		s, err := backend.Open(path, backend.Options{WalkLater: true, Indexes: indexes, Schema: storetest.Schema(t)})
		if err != nil {
			t.Fatal(err)
		}
		if walked {
			storetest.Check(t, s) // else it is closed in the middle of the walk
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
			t.Errorf("the file was written without a change (%v)", err)
		}
	}
	w, _ := openLater(t, path, backend.Options{})
	if got := questions(w); !maps.Equal(got, want) {
		t.Error("another answer")
	}
}

func TestCrashedStoreIsWalkedFirst(t *testing.T) {
	path, _ := closedStore(t, 50)
	w, release := openLater(t, path, backend.Options{})
	closed := w.Position()
	release()
	w.must(person("late"))
	last := w.Position()
	crashed := filepath.Join(t.TempDir(), "crashed")
	copyFile(t, path, crashed)
	after := walkedFirst(t, crashed)
	if after.Position() != last {
		t.Errorf("position %v, want %v", after.Position(), last)
	}
	storetest.Close(t, after.Store)

	// The meta page before the last one has the list, which was that of the store
	// when it was closed. It is not trusted if the last one is lost.
	found := map[schema.Position]int{}
	for page := range 2 {
		copyFile(t, path, crashed)
		flip(t, crashed, int64(page*4096+16+40), 0)
		after = walkedFirst(t, crashed)
		found[after.Position()]++
		after.must(person("later"))
		storetest.Close(t, after.Store)
		if !listed(t, crashed) {
			t.Error("a closed store has no list of its free pages")
		}
	}
	if found[closed] != 1 || found[last] != 1 {
		t.Errorf("positions %v, want %v and %v", found, closed, last)
	}
}

func TestFullDiskAtTheEndLeavesNoList(t *testing.T) {
	path, _ := closedStore(t, 50)
	for _, cause := range []error{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, syscall.EIO} {
		var log bytes.Buffer
		w, release := openLater(t, path, backend.Options{Log: slog.New(slog.NewTextHandler(&log, nil)),
			Fatal: func(err error) { t.Errorf("fatal: %v", err) }})
		release()
		w.must(replace(people, "description", cause.Error()))
		position := w.Position()
		backend.SetCommit(w.Store, func(tx *bbolt.Tx) error {
			if err := tx.Rollback(); err != nil {
				return err
			}
			return cause
		})
		storetest.Close(t, w.Store)
		if !strings.Contains(log.String(), "without a list of its free pages") {
			t.Errorf("the log says nothing: %q", log.String())
		}
		if listed(t, path) {
			t.Error("there is a list that could not be written")
		}
		w = walkedFirst(t, path)
		if w.Position() != position {
			t.Errorf("position %v, want %v", w.Position(), position)
		}
		storetest.Close(t, w.Store)
	}
}

func TestFailedStoreIsNotWrittenAtTheEnd(t *testing.T) {
	path, _ := closedStore(t, 50)
	fatal := make(chan error, 1)
	w, release := openLater(t, path, backend.Options{Fatal: func(err error) { fatal <- err }})
	release()
	w.must(person("before"))
	commits := 0
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error {
		commits++
		if err := tx.Rollback(); err != nil {
			return err
		}
		return syscall.EIO
	})
	w.Apply(context.Background(), person("lost"), func(d schema.ChangeDone) { t.Errorf("an answer: %v", &d.Result) })
	if err := <-fatal; !errors.Is(err, syscall.EIO) {
		t.Errorf("fatal got %v", err)
	}
	storetest.Close(t, w.Store)
	if commits != 1 || listed(t, path) {
		t.Errorf("a store that has failed was written again: %d commits", commits)
	}
}

func TestLoadedStoreIsServedBeforeItIsWalked(t *testing.T) {
	place := newLoadPlace(t)
	if _, err := backend.Load(t.Context(), place.path, strings.NewReader("dn: o=utdata\nobjectClass: organization\no: utdata\n"),
		place.options()); err != nil {
		t.Fatal(err)
	}
	if !listed(t, place.path) {
		t.Error("a loaded store has no list of its free pages")
	}
	w, release := openLater(t, place.path, backend.Options{})
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("objectClass", "organization"))), suffix)
	release()
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(100)
	w.must(remove("cn=user000050," + people))
}

func TestNewStoreIsServedBeforeItIsWalked(t *testing.T) {
	w, release := openLater(t, filepath.Join(t.TempDir(), "store"), backend.Options{Create: true})
	if w.Stats().Entries != 0 {
		t.Error("a new store has entries")
	}
	release()
	w.must(add(suffix, "objectClass: organization"))
}

func TestIndexIsBuiltAfterTheWalk(t *testing.T) {
	path, want := closedStore(t, 50)
	o := backend.BeforeWalk(backend.Options{WalkLater: true}, func() { t.Error("an index was changed before the walk") })
	storetest.Close(t, storetest.Open(t, path, o)) // without indexes
	o.Indexes = indexes
	w := &world{t, storetest.Open(t, path, o), storetest.Schema(t)}
	if got := questions(w); !maps.Equal(got, want) {
		t.Error("another answer with the indexes built again")
	}
}

// copyFile copies a store as a crash at this moment would leave it.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flip turns a bit over.
func flip(t testing.TB, path string, at int64, bit uint) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
