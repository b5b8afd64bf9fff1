package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// hold makes the writer wait in its next commit until release is called, so
// that what is queued meanwhile shares the commit after it.
func (w *world) hold() (release func()) {
	held, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error {
		once.Do(func() { close(held); <-goOn })
		return backend.CommitBolt(tx)
	})
	w.Apply(context.Background(), replace(suffix, "description", "held"), func(schema.ChangeDone) {})
	<-held
	return func() { close(goOn) }
}

// together queues changes so that they share one commit, and gives the results.
func (w *world) together(changes ...*schema.Change) []schema.ChangeDone {
	release := w.hold()
	var all sync.WaitGroup
	results := make([]schema.ChangeDone, len(changes))
	for i, c := range changes {
		all.Add(1)
		w.Apply(context.Background(), c, func(d schema.ChangeDone) { results[i] = d; all.Done() })
	}
	release()
	all.Wait()
	return results
}

func TestFailingChangeLeavesItsNeighboursAlone(t *testing.T) {
	w := newWorld(t)
	w.fill(10)
	before := w.Position().Seq
	ann := "cn=ann," + people
	results := w.together(
		person("ann"),
		person("ann"),                                // there since the change before
		replace("cn=user000001,"+people, "sn"),       // a required attribute
		replace(ann, "description", "seen at once"),  // sees what came before
		remove(people),                               // not a leaf
		rename("cn=user000002,"+people, "cn=ann"),    // taken
		rename(ann, "cn=anna"),                       //
		replace(ann, "description", "x"),             // renamed away
		person("ann"),                                // free again
		add("cn=x,cn=y,"+people, "objectClass: top"), // no structural class
		remove("cn=user000003,"+people),
	)
	want := []schema.ResultCode{0, 68, 65, 0, 66, 68, 0, 32, 0, 65, 0}
	made := before + 1 // the one that held the writer
	for i, d := range results {
		if d.Result.Code != want[i] {
			t.Errorf("change %d: %v, want %d", i, &d.Result, want[i])
		}
		if d.Result.Code == schema.Success {
			if made++; d.Position.Seq != made {
				t.Errorf("change %d has number %d, want %d", i, d.Position.Seq, made)
			}
		}
	}
	if w.Position().Seq != made {
		t.Errorf("position %d, want %d", w.Position().Seq, made)
	}
	if value(w.get("cn=anna,"+people), "description") != "seen at once" {
		t.Error("a later change of the batch did not see an earlier one")
	}
}

func TestManyCallersShareCommits(t *testing.T) {
	w := newWorld(t)
	w.fill(64)
	var commits atomic.Int64
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { commits.Add(1); return backend.CommitBolt(tx) })
	const callers, each = 64, 20
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for n := range each {
				w.must(replace(fmt.Sprintf("cn=user%06d,%s", i, people), "description", fmt.Sprint(n)))
			}
		})
	}
	all.Wait()
	if n := commits.Load(); n > callers*each/4 {
		t.Errorf("%d commits for %d changes of %d callers", n, callers*each, callers)
	}
	for i := range callers {
		if got := value(w.get(fmt.Sprintf("cn=user%06d,%s", i, people)), "description"); got != fmt.Sprint(each-1) {
			t.Errorf("entry %d has %q", i, got)
		}
	}
}

// TestWhoeverCanRunSharesTheCommit: where there is one processor, changes that are
// made at once are one commit or two, and not one each.
func TestWhoeverCanRunSharesTheCommit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w := newWorld(t)
	const callers, rounds = 32, 16
	w.fill(callers) // several at once
	var commits atomic.Int64
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { commits.Add(1); return backend.CommitBolt(tx) })
	backend.SetSync(w.Store, func() error { return nil })
	for n := range rounds {
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range callers {
			all.Go(func() {
				<-start
				w.must(replace(fmt.Sprintf("cn=user%06d,%s", i, people), "description", fmt.Sprint(n)))
			})
		}
		close(start)
		all.Wait()
	}
	if n := commits.Load(); n > rounds*callers/4 {
		t.Errorf("%d commits for %d times %d changes at once", n, rounds, callers)
	}
}

func TestCancelledChangeIsNotMade(t *testing.T) {
	w := newWorld(t)
	release := w.hold()
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan schema.ChangeDone, 2)
	w.Apply(ctx, person("late"), func(d schema.ChangeDone) { got <- d })
	cancel()
	if d := <-got; d.Result.Code != schema.Canceled { // while the writer is still busy
		t.Errorf("cancelled change: %v", &d.Result)
	}
	release()
	w.must(person("ann"))
	w.refused(remove("cn=late,"+people), schema.NoSuchObject)
	w.Apply(ctx, person("late"), func(d schema.ChangeDone) { got <- d })
	if d := <-got; d.Result.Code != schema.Canceled && d.Result.Code != schema.Success {
		t.Errorf("change with a context that has ended: %v", &d.Result)
	}
	select {
	case d := <-got:
		t.Errorf("a second answer: %v", &d.Result)
	default:
	}
}

func TestCloseRefusesWhatIsQueued(t *testing.T) {
	w := newWorld(t)
	release := w.hold()
	got := make(chan schema.ChangeDone, 100)
	for i := range 100 {
		w.Apply(context.Background(), person(fmt.Sprint("p", i)), func(d schema.ChangeDone) { got <- d })
	}
	closed := make(chan error)
	go func() { closed <- w.Close() }()
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if d := <-got; d.Result.Code != schema.Unavailable && d.Result.Code != schema.Success {
			t.Errorf("queued change: %v", &d.Result)
		}
	}
}

func TestFailedCommitEndsTheStore(t *testing.T) {
	for _, cause := range []error{syscall.EIO, &fs.PathError{Op: "write", Path: "x", Err: syscall.EIO}, syscall.ENOSPC} {
		fatal := make(chan error, 1)
		path := filepath.Join(t.TempDir(), "store")
		w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Fatal: func(err error) { fatal <- err }}), storetest.Schema(t)}
		w.must(add(suffix, "objectClass: organization"))
		position := w.Position()
		backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), cause) })
		w.Apply(context.Background(), add(people, "objectClass: organizationalUnit"), func(d schema.ChangeDone) {
			t.Errorf("%v: an answer after a commit of unknown outcome: %v", cause, &d.Result)
		})
		if err := <-fatal; !errors.Is(err, cause) {
			t.Errorf("%v: fatal got %v", cause, err)
		}
		if d := w.do(remove(suffix)); d.Result.Code != schema.Unavailable {
			t.Errorf("%v: change after the failure: %v", cause, &d.Result)
		}
		storetest.Close(t, w.Store)
		w.Store = storetest.Open(t, path, backend.Options{})
		if w.Position() != position {
			t.Errorf("%v: position %v after reopening, want %v", cause, w.Position(), position)
		}
	}
}

func TestFullDiskRefusesChangesAndGoesOn(t *testing.T) {
	w := newWorldWith(t, backend.Options{Fatal: func(err error) { t.Errorf("fatal: %v", err) }})
	position := w.Position()
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), full) })
	w.refused(person("ann"), schema.UnwillingToPerform)
	w.finds(w.query(people, schema.ScopeOne, w.filter(present("cn"))))
	if w.Position() != position {
		t.Errorf("position %v, want %v", w.Position(), position)
	}
	backend.SetCommit(w.Store, backend.CommitBolt)
	if d := w.must(person("ann")); d.Position.Seq != position.Seq+1 {
		t.Errorf("position %v after the disk was full", d.Position)
	}
}

func TestFullDiskAfterTheMetaPageIsFatal(t *testing.T) {
	fatal := make(chan error, 1)
	w := newWorldWith(t, backend.Options{Fatal: func(err error) { fatal <- err }})
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), full) })
	w.Apply(context.Background(), person("ann"), func(d schema.ChangeDone) { t.Errorf("an answer: %v", &d.Result) })
	if err := <-fatal; err == nil {
		t.Error("the store failed without a reason")
	}
}
