package backend_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// The store of before has the ballast until its last change is made.
func TestNextStoreLeavesTheBallastToTheOneBefore(t *testing.T) {
	next := generation(t, 2, 3)
	f := newFollower(t, backend.Options{Ballast: -1})
	f.refreshes(generation(t, 1, 3))
	w, stop, ended := f.now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				w.do(replace(people, "description", fmt.Sprint(n)))
			}
		}
	}()
	err := f.Refresh(context.Background(), strings.NewReader(next.dump()), contentOf(next), nil)
	close(stop)
	<-ended
	if err != nil {
		t.Log(err) // a change came between
	}
}

func TestStoreIsClosedAfterAPanicInCommit(t *testing.T) {
	failed := make(chan error, 1)
	o := backend.Options{Create: true, Indexes: indexes, Schema: storetest.Schema(t), Fatal: func(err error) { failed <- err }}
	s, err := backend.Open(filepath.Join(t.TempDir(), "store"), o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t, s, o.Schema}
	w.must(add(suffix, "objectClass: organization"))
	backend.SetCommit(s, func(*bbolt.Tx) error { panic("a damaged page is met") })
	w.ask(replace(suffix, "description", "x"))
	if err := <-failed; !strings.Contains(err.Error(), "a damaged page is met") {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestDamageInTheLogIsAnAnswer has the log's first page go bad while the store is
// open: the change that trims it is refused, and the server goes on.
func TestDamageInTheLogIsAnAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	fatal := make(chan error, 100)
	o := backend.Options{Create: true, Indexes: indexes, Schema: storetest.Schema(t), ChangelogKeep: 100, Fatal: func(err error) { fatal <- err }}
	s, err := backend.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t, s, o.Schema}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(120)
	page, err := backend.RootOf(path, "changelog")
	if err != nil {
		t.Fatal(err)
	}
	for p := pageOf(t, path, page); p[8] == 1; p = pageOf(t, path, page) { // a branch
		page = binary.NativeEndian.Uint64(p[16+8:])
	}
	write(t, path, int64(page)*4096, make([]byte, 16))
	for range 2 {
		if done := w.do(replace(people, "description", "x")); done.Result.Code != schema.Other {
			t.Errorf("%+v", done.Result)
		}
	}
	if err := s.Close(); err != nil || len(fatal) > 0 {
		t.Errorf("%v, %d faults", err, len(fatal))
	}
}
