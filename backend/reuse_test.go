package backend

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// rounds is a file whose free pages go round, with what must be in it. Its last
// commit is read by somebody, as that of a store is.
type rounds struct {
	*testing.T
	path   string
	db     *bbolt.DB
	reader *bbolt.Tx
	*reuse
	rng   *rand.Rand
	tight bool // now and then there is said to be no room
	want  map[uint64][]byte
}

var roundsBucket = []byte("b")

func newRounds(t *testing.T) *rounds {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &rounds{T: t, path: filepath.Join(t.TempDir(), "file"), rng: rand.New(rand.NewPCG(seed, 0)), want: map[uint64][]byte{}}
	r.open()
	t.Cleanup(func() { r.close() })
	r.done(r.change(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(roundsBucket); return err }))
	return r
}

func (r *rounds) open() {
	r.Helper()
	db, err := bbolt.Open(r.path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistArrayType, InitialMmapSize: 1 << 30})
	if err != nil {
		r.Fatal(err)
	}
	r.db, r.reuse = db, newReuse(db)
	r.look()
}

// look has the reader read the last commit.
func (r *rounds) look() {
	r.Helper()
	tx, err := r.db.Begin(false)
	r.done(err)
	if r.reader != nil {
		r.done(r.reader.Rollback())
	}
	r.reader = tx
}

// close writes the list of free pages, as a store does.
func (r *rounds) close() {
	r.Helper()
	r.done(r.reader.Rollback())
	r.reader = nil
	tx, err := r.begin(r.db, true)
	r.done(err)
	r.db.NoFreelistSync = false
	r.done(errors.Join(tx.Commit(), r.db.Close()))
}

func (r *rounds) done(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// change commits what f does; if that fails, nothing is changed.
func (r *rounds) change(f func(*bbolt.Tx) error) error {
	r.Helper()
	tx, err := r.begin(r.db, r.tight && r.rng.IntN(20) == 0)
	r.done(err)
	r.done(f(tx))
	if err = tx.Commit(); err == nil {
		r.wrote = int(tx.Stats().PageCount)
	}
	return err
}

func roundsKey(k uint64) []byte { return binary.BigEndian.AppendUint64(nil, k) }

// puts gives values of so many bytes to some keys below most. It reports whether there
// was room.
func (r *rounds) puts(n int, most uint64, size int) bool {
	r.Helper()
	fresh := map[uint64][]byte{}
	for range n {
		v := make([]byte, size/2+r.rng.IntN(size))
		binary.BigEndian.PutUint64(v, r.rng.Uint64())
		fresh[r.rng.Uint64N(most)] = v
	}
	err := r.change(func(tx *bbolt.Tx) error {
		for k, v := range fresh {
			if err := tx.Bucket(roundsBucket).Put(roundsKey(k), v); err != nil {
				return err
			}
		}
		return nil
	})
	if r.db.MaxSize > 0 && errors.Is(err, berrors.ErrMaxSizeReached) {
		return false
	}
	r.done(err)
	maps.Copy(r.want, fresh)
	return true
}

// deletes deletes n keys in a row below most.
func (r *rounds) deletes(n, most uint64) {
	r.Helper()
	first := r.rng.Uint64N(most)
	r.done(r.change(func(tx *bbolt.Tx) error {
		for k := first; k < first+n; k++ {
			delete(r.want, k)
			if err := tx.Bucket(roundsBucket).Delete(roundsKey(k)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// verify compares all values, and has bbolt look for pages that are free and in use, or
// neither. No page is held back then.
func (r *rounds) verify() {
	r.Helper()
	tx, err := r.begin(r.db, true)
	r.done(err)
	defer tx.Rollback()
	for err := range tx.Check() {
		r.Fatal(err)
	}
	n := 0
	r.done(tx.Bucket(roundsBucket).ForEach(func(k, v []byte) error {
		n++
		if !bytes.Equal(v, r.want[binary.BigEndian.Uint64(k)]) {
			return fmt.Errorf("key %x has another value", k)
		}
		return nil
	}))
	if n != len(r.want) {
		r.Fatalf("%d keys, want %d", n, len(r.want))
	}
}

// inUse is how many pages are reached from the last commit.
func (r *rounds) inUse() int {
	s := r.reader.Bucket(roundsBucket).Stats()
	return s.BranchPageN + s.BranchOverflowN + s.LeafPageN + s.LeafOverflowN
}

// TestBoltsListIsFound: another version of bbolt may have its list elsewhere.
func TestBoltsListIsFound(t *testing.T) {
	if newRounds(t).list == nil {
		t.Fatal("the list of free pages is not where it is looked for")
	}
}

// TestPagesOfACommitLieTogether changes one entry as often as another, for long enough
// that all free pages have gone round several times.
func TestPagesOfACommitLieTogether(t *testing.T) {
	r := newRounds(t)
	const keys, each = 8000, 40
	r.want[0] = nil
	for len(r.want) < keys*9/10 {
		r.puts(500, keys, 400)
		r.look()
	}
	written, rows := 0, 0
	for i := range 600 {
		before, end := slices.Clone(*r.list), r.reader.Size()/int64(r.db.Info().PageSize)
		r.puts(each, keys, 400)
		r.look()
		if i < 500 || len(before) < len(*r.list) { // it was given more
			continue
		}
		pages := before[:len(before)-len(*r.list)]
		for id := end; id < r.reader.Size()/int64(r.db.Info().PageSize); id++ {
			pages = append(pages, uint64(id))
		}
		written += len(pages)
		for i, id := range pages {
			if i == 0 || id != pages[i-1]+1 {
				rows++
			}
		}
	}
	t.Logf("%d pages in %d rows", written, rows)
	if written < 50*each || 2*rows > written {
		t.Errorf("%d pages lie in %d rows", written, rows)
	}
	all := int(r.reader.Size()) / r.db.Info().PageSize
	free := len(*r.list) + int(r.spared())
	if 2*free > all+leastGiven {
		t.Errorf("%d of %d pages are free", free, all)
	}
	r.verify()
}

// TestFileStopsGrowing does the same work again and again. Each is so much that a file which
// grew with it would become many times larger.
func TestFileStopsGrowing(t *testing.T) {
	for _, c := range []struct {
		name string
		work func(r *rounds, i int)
	}{
		{"one value at a time", func(r *rounds, _ int) { r.puts(1, 3000, 400) }},
		{"many now and then", func(r *rounds, i int) {
			if i%50 == 0 {
				r.puts(900, 3000, 400)
			}
			r.puts(1, 3000, 400)
		}},
		{"a long value", func(r *rounds, _ int) { r.puts(1, 1, 300_000) }},
		{"long values among others", func(r *rounds, i int) {
			if i%5 == 0 {
				r.puts(1, 10, 200_000)
			}
			r.puts(10, 3000, 400)
		}},
		{"deleted and added", func(r *rounds, i int) {
			if i%100 > 50 {
				r.puts(100, 3000, 400)
			} else {
				r.deletes(100, 3000)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRounds(t)
			r.puts(3000, 3000, 400)
			r.look()
			for i := range 1600 {
				c.work(r, i)
				r.look()
			}
			r.verify()
			all, used := int(r.reader.Size())/r.db.Info().PageSize, r.inUse()
			t.Logf("%d pages, %d in use", all, used)
			if all > 4*used {
				t.Errorf("%d pages, and %d in use", all, used)
			}
		})
	}
}

// TestNoFreePageIsLostOrUsedTwice does what can happen to a file, and looks at all of it
// in between.
func TestNoFreePageIsLostOrUsedTwice(t *testing.T) {
	r := newRounds(t)
	r.tight = true
	r.puts(3000, 6000, 400)
	refused := 0
	for range 60 {
		for range 20 {
			switch r.rng.IntN(12) {
			case 0: // long values take pages in a row
				r.puts(1+r.rng.IntN(3), 20, 60_000)
			case 1:
				r.puts(1, 6000, 400)
			case 2: // some are deleted
				r.deletes(100, 6000)
			case 3: // a transaction is given up
				tx, err := r.begin(r.db, r.rng.IntN(2) == 0)
				r.done(err)
				r.done(errors.Join(tx.Bucket(roundsBucket).Put(roundsKey(1), nil), tx.Rollback()))
			case 4: // there is no room
				r.db.MaxSize = 1
				before := r.spared()
				if !r.puts(200, 6000, 400) && before > 0 {
					refused++
				}
				r.db.MaxSize = 0
			case 5: // the reader stays where it is
				r.puts(20, 6000, 400)
				continue
			default:
				r.puts(30, 6000, 400)
			}
			r.look()
		}
		r.verify()
		if r.rng.IntN(10) == 0 {
			r.close()
			r.open()
		}
	}
	t.Logf("%d commits failed with pages held back", refused)
	if refused == 0 {
		t.Error("no commit failed")
	}
}
