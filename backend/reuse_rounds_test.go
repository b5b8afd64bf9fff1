package backend

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// rounds is a file whose free pages go round, with what must be in it. Its last
// commit is read by somebody, as that of a store is.
type rounds struct {
	*testing.T
	path    string
	db      *bbolt.DB
	writeAt *func([]byte, int64) (int, error) // of db
	reader  *bbolt.Tx
	stay    []*bbolt.Tx // they read what was before
	*reuse
	rng   *rand.Rand
	tight bool // now and then there is said to be no room for a while
	all   bool // so there is now
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
	at := reflect.ValueOf(db).Elem().FieldByName("ops").FieldByName("writeAt")
	r.writeAt = (*func([]byte, int64) (int, error))(at.Addr().UnsafePointer())
	r.look()
}

// stays has the reader stay where it is.
func (r *rounds) stays() {
	r.stay, r.reader = append(r.stay, r.reader), nil
	r.look()
}

// leaves ends one of those that stay.
func (r *rounds) leaves() {
	if len(r.stay) == 0 {
		return
	}
	i := r.rng.IntN(len(r.stay))
	r.done(r.stay[i].Rollback())
	r.stay = slices.Delete(r.stay, i, i+1)
}

// full has the disk be full after so many pieces of data, or of meta pages.
func (r *rounds) full(pieces int, meta bool) (room func()) {
	real := *r.writeAt
	*r.writeAt = func(p []byte, at int64) (int, error) {
		if isMeta := at < 2*int64(r.db.Info().PageSize); isMeta != meta {
			return real(p, at)
		}
		if pieces--; pieces >= 0 {
			return real(p, at)
		}
		part := len(p) / 2
		if meta { // of which half would be enough
			part = 0
		}
		n, err := real(p[:part], at)
		return n, errors.Join(err, &fs.PathError{Op: "write", Path: r.path, Err: syscall.ENOSPC})
	}
	return func() { *r.writeAt = real }
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
	for len(r.stay) > 0 {
		r.leaves()
	}
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
	if r.tight && r.rng.IntN(30) == 0 || r.all && r.rng.IntN(8) == 0 {
		r.all = !r.all
	}
	tx, err := r.begin(r.db, r.all)
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
	if errors.Is(err, berrors.ErrMaxSizeReached) || errors.Is(err, syscall.ENOSPC) {
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
// neither.
func (r *rounds) verify() {
	r.Helper()
	tx, err := r.begin(r.db, false)
	r.done(err)
	defer tx.Rollback()
	given, end := *r.list, uint64(len(r.held))*64
	all := slices.Clone(given)
	for id := r.next(0, end, 0); id < end; id = r.next(id+1, end, 0) {
		all = append(all, id)
	}
	if slices.Sort(all); len(all) != len(given)+r.count || len(slices.Compact(slices.Clone(all))) != len(all) {
		r.Fatalf("%d pages given and %d held back, but %d in all", len(given), r.count, len(all))
	}
	*r.list = all // for Check
	defer func() { *r.list = given }()
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
