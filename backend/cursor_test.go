package backend

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// cursorFile makes a file with a bucket of n keys and values of size bytes; those of
// some have pages of their own.
func cursorFile(tb testing.TB, n, size int, key func(i int) []byte) *bbolt.DB {
	tb.Helper()
	db, _, err := openBolt(filepath.Join(tb.TempDir(), "cursor"), false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for i := 0; err == nil && i < n; i++ {
			value := bytes.Repeat([]byte{byte(i)}, size)
			if i%97 == 5 {
				value = make([]byte, 9000)
			}
			err = b.Put(key(i), value)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// TestCursorWalksAsBolts does the same steps with both cursors: keys of many lengths,
// and ids with gaps of all sizes.
func TestCursorWalksAsBolts(t *testing.T) {
	text := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	ids := func(i int) []byte { return idKey(uint64(100 + i/10*10 + i*i/300*(i/5000))) }
	for _, n := range []int{0, 1, 3, 60, 1000, 20000} {
		t.Run(fmt.Sprint("text", n), func(t *testing.T) {
			cursorsWalkAlike(t, n, text, func(i int) []byte { return append(text(i*7919%n), bytes.Repeat([]byte("x"), i%50)...) })
		})
		t.Run(fmt.Sprint("ids", n), func(t *testing.T) {
			cursorsWalkAlike(t, n, ids, func(i int) []byte { return ids(i * 7919 % n) })
		})
		t.Run(fmt.Sprint("both", n), func(t *testing.T) {
			cursorsWalkAlike(t, n, ids, func(i int) []byte { return append(ids(i), "xyz"[:i%7/2]...) })
		})
	}
}

// cursorsWalkAlike makes a bucket with the given n keys and seeks some.
func cursorsWalkAlike(t *testing.T, n int, seek, key func(i int) []byte) {
	t.Helper()
	db := cursorFile(t, n, 400, key)
	if n == 20000 { // leaves that became empty, and pages that were used again
		err := db.Update(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte("b")).Cursor()
			for k, _ := c.Seek(seek(5000)); k != nil && bytes.Compare(k, seek(9000)) < 0; k, _ = c.Seek(k) {
				if err := c.Delete(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("b"))
		pages := mappedBy(db, db.MaxSize)
		var c cursor
		c.open(&pages, b)
		if n >= 60 && c.bolt != nil {
			t.Error("bbolt's own cursor is used")
		}
		theirs := b.Cursor()
		for step := range 20000 {
			var what string
			var k, v, wantK, wantV []byte
			switch i := rand.IntN(10); {
			case i < 3 || step == 0:
				key := seek(max(rand.IntN(n+2)-1, 0))
				if rand.IntN(50) == 0 {
					key = idKey(rand.Uint64() >> rand.IntN(64)) // before, between and behind them
				}
				what = fmt.Sprintf("seek %q", key)
				k, v = c.Seek(key)
				wantK, wantV = theirs.Seek(key)
			case i < 7:
				what = "next"
				k, v = c.Next()
				wantK, wantV = theirs.Next()
			default:
				what = "prev"
				k, v = c.Prev()
				wantK, wantV = theirs.Prev()
			}
			if !bytes.Equal(k, wantK) || !bytes.Equal(v, wantV) || (k == nil) != (wantK == nil) {
				t.Fatalf("step %d, %s: %q with %d bytes, bbolt has %q with %d", step, what, k, len(v), wantK, len(wantV))
			}
			if k == nil { // bbolt forgets where it is before the first key
				c.Seek([]byte{0})
				theirs.Seek([]byte{0})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cursors does the same with both cursors, in a bucket with ids as keys.
func cursors(b *testing.B, n, size int, work func(b *testing.B, c *cursor)) {
	b.Helper()
	db := cursorFile(b, n, size, func(i int) []byte { return idKey(uint64(i)) })
	err := db.View(func(tx *bbolt.Tx) error {
		bucket, pages := tx.Bucket([]byte("b")), mappedBy(db, db.MaxSize)
		for _, kind := range []string{"mapped", "bbolt"} {
			b.Run(kind, func(b *testing.B) {
				c := cursor{bolt: bucket.Cursor()}
				if kind == "mapped" {
					c.open(&pages, bucket)
				}
				c.Seek([]byte{0})
				b.ReportAllocs()
				work(b, &c)
			})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCursorSeek looks for entries.
func BenchmarkCursorSeek(b *testing.B) {
	const n = 100000
	cursors(b, n, 400, func(b *testing.B, c *cursor) {
		var key [idSize]byte
		for i := 0; b.Loop(); i++ {
			binary.BigEndian.PutUint64(key[:], uint64(i*7919%n))
			if k, _ := c.Seek(key[:]); !bytes.Equal(k, key[:]) {
				b.Fatalf("%x is found for %x", k, key)
			}
		}
	})
}

// BenchmarkCursorNext walks through values as short as those of an index.
func BenchmarkCursorNext(b *testing.B) {
	cursors(b, 10000, sealSize, func(b *testing.B, c *cursor) {
		for b.Loop() {
			if k, _ := c.Next(); k == nil {
				c.Seek([]byte{0})
			}
		}
	})
}

// TestCursorEstimates counts the keys of ranges that lie on one page, on several and
// below several branches: what is told is right to a quarter, and to 50 keys in short
// ranges.
func TestCursorEstimates(t *testing.T) {
	const n = 60_000
	key := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	db := cursorFile(t, 0, 0, key)
	err := db.Update(func(tx *bbolt.Tx) error {
		for i := range n {
			if err := tx.Bucket([]byte("b")).Put(key(i), make([]byte, 20)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		pages := mappedBy(db, db.MaxSize)
		var c cursor
		c.open(&pages, tx.Bucket([]byte("b")))
		for from := 0; from < n; from += 37 {
			for _, size := range []int{0, 1, 50, 700, 4000, 30_000} {
				size = min(size, n-from)
				c.Seek(key(from))
				about := c.estimate(key(from + size))
				if about < size*3/4-50 || about > size*4/3+50 {
					t.Fatalf("%d keys from %d on: about %d", size, from, about)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
