package backend_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

const sectorSize = 512

// sectors are the places at which two images of one size differ.
func sectors(a, b []byte) (list []int) {
	for at := 0; at < len(b); at += sectorSize {
		if !bytes.Equal(a[at:at+sectorSize], b[at:at+sectorSize]) {
			list = append(list, at)
		}
	}
	return list
}

// image gives the bytes of a store that is open: those that a crash now would leave
// if all of them were on the disk.
func image(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCommitThatWasCutShortIsTakenBack: of the sectors that a commit has written any
// are on the disk. With all of them the store is that of the commit, else that of
// the one before, whoever opens it, and it takes changes from there.
func TestCommitThatWasCutShortIsTakenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(300)
	for i := range 2 { // small commits: a sector with a part of a proof of before would not be missed
		w.must(person(fmt.Sprint("small", i)))
	}
	random := rand.New(rand.NewPCG(5, 6))
	for round, change := range []*schema.Change{
		person("new", "uid: new"),
		replace("cn=user000100,"+people, "description", "changed"),
		rename("cn=user000200,"+people, "cn=moved"),
		remove("cn=user000250," + people),
	} {
		before, old := image(t, path), w.Position()
		w.must(change)
		after, now := image(t, path), w.Position()
		before = append(before, make([]byte, len(after)-len(before))...)
		wrote := sectors(before, after)
		if len(wrote) < 10 {
			t.Fatalf("the commit has written %d sectors", len(wrote))
		}
		for try := range 12 {
			missing := random.Perm(len(wrote))
			switch {
			case try == 0:
				missing = nil
			case try%3 == 0:
				missing = missing[:1]
			default:
				missing = missing[:random.IntN(len(wrote)+1)]
			}
			name := fmt.Sprintf("round %d, %d of %d sectors missing", round, len(missing), len(wrote))
			state := bytes.Clone(after)
			for _, i := range missing {
				copy(state[wrote[i]:], before[wrote[i]:wrote[i]+sectorSize])
			}
			want := now
			if len(missing) > 0 {
				want = old
			}
			w.opens(name, state, want)
		}
	}
}

// opens opens the image in each way.
func (w *world) opens(name string, state []byte, want schema.Position) {
	w.Helper()
	path := filepath.Join(w.TempDir(), "crashed")
	if err := os.WriteFile(path, state, 0o600); err != nil {
		w.Fatal(err)
	}
	dumped, err := backend.OpenState(path)
	if err != nil {
		w.Fatalf("%s: dump: %v", name, err)
	}
	if got := dumped.Position(); got != want {
		w.Errorf("%s: the dump is at %s, want %s", name, got, want)
	}
	if err := dumped.Close(); err != nil {
		w.Error(err)
	}
	for _, readOnly := range []bool{true, false} {
		s, err := backend.Open(path, backend.Options{Schema: w.schema, Indexes: indexes, ReadOnly: readOnly})
		if err != nil {
			w.Fatalf("%s: %v", name, err)
		}
		if got := s.Position(); got != want {
			w.Errorf("%s: the store is at %s, want %s", name, got, want)
		}
		if !readOnly {
			again := &world{w.TB, s, w.schema}
			again.must(person("afterwards"))
			again.must(remove("cn=afterwards," + people))
		}
		storetest.Close(w, s)
	}
}

// TestCommitOfAnotherProgramIsBelieved: behind a store that was closed in order, or
// opened after a crash, a commit needs no proof. Such commits are made at the opening,
// too.
func TestCommitOfAnotherProgramIsBelieved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	for _, crashed := range []bool{false, true} {
		if crashed { // and opened since
			state := image(t, path)
			storetest.Close(t, w.Store)
			if err := os.WriteFile(path, state, 0o600); err != nil {
				t.Fatal(err)
			}
			w.Store = storetest.Open(t, path, backend.Options{Indexes: indexes})
			state = image(t, path)
			storetest.Close(t, w.Store)
			if err := os.WriteFile(path, state, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Close(t, w.Store)
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
		if err != nil {
			t.Fatal(err)
		}
		tx, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		id := tx.ID()
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		w.Store = storetest.Open(t, path, backend.Options{Indexes: indexes})
		if got, err := backend.LastCommit(path); err != nil || got != uint64(id) {
			t.Errorf("the store is that of commit %d, want %d: %v", got, id, err)
		}
		w.must(replace(people, "description", "changed"))
	}
}

// TestLargeCommitIsFlushedBeforeItsProof: one that writes more pages than are worth
// finding. All of it is there, or nothing.
func TestLargeCommitIsFlushedBeforeItsProof(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.must(person("small"))
	before, old := image(t, path), w.Position()
	w.must(person("large", "description: "+strings.Repeat("x", 3<<20)))
	after, now := image(t, path), w.Position()
	w.opens("all of it", after, now)
	before = append(before, make([]byte, len(after)-len(before))...)
	// The proof is written last: without it nothing is believed.
	page := sectors(before, after)[0] / 4096 * 4096
	clear(after[page+sectorSize/4 : page+4096])
	w.opens("without its proof", after, old)
}

// TestLastCommitIsWrittenAgain when the store was not closed in order: perhaps only
// the kernel has it. Who only reads it writes nothing.
func TestLastCommitIsWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	crashed, large := filepath.Join(t.TempDir(), "crashed"), filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(crashed, image(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(person("large", "description: "+strings.Repeat("x", 3<<20)))
	if err := os.WriteFile(large, image(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	storetest.Close(t, w.Store)
	for _, c := range []struct {
		path            string
		readOnly, wrote bool
	}{{crashed, true, false}, {crashed, false, true}, {large, true, false}, {large, false, true}, {path, true, false}, {path, false, false}} {
		long := time.Unix(1e9, 0)
		if err := os.Chtimes(c.path, long, long); err != nil {
			t.Fatal(err)
		}
		s := storetest.Open(t, c.path, backend.Options{Indexes: indexes, ReadOnly: c.readOnly})
		info, err := os.Stat(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if wrote := !info.ModTime().Equal(long); wrote != c.wrote {
			t.Errorf("%+v: written: %v", c, wrote)
		}
		storetest.Close(t, s)
	}
}
