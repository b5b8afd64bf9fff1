package backend

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// reachable are the pages of the tree at root, with their overflow.
func reachable(pages *mapped, root uint64, into map[uint64]bool) {
	p := pages.page(root)
	for n := range uint64(len(p)) / pages.size {
		into[root+n] = true
	}
	for _, id := range below(nil, p) {
		reachable(pages, id, into)
	}
}

// TestWrittenPagesAreFound makes random changes of several buckets. What is found
// must be all that the new state has and the old one has not, and as many pages as
// bbolt says that it has written.
func TestWrittenPagesAreFound(t *testing.T) {
	db, _, err := openBolt(filepath.Join(t.TempDir(), "written"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	pages := mappedBy(db, db.MaxSize)
	random := rand.New(rand.NewPCG(1, 2))
	var d treeDiff
	found, many := 0, 0
	for round := range 600 {
		tx, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		changeSome(t, random, tx, round)
		id := uint64(tx.ID())
		before, _ := readBoltMeta(pages.meta(id - 1))
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		now, ok := readBoltMeta(pages.meta(id))
		if !ok || now.txid != id {
			t.Fatalf("commit %d has no meta page", id)
		}
		if !d.between(&pages, before.root, now.root) {
			if many++; tx.Stats().PageCount <= maxOneFlush {
				t.Errorf("round %d: %d pages are too many", round, tx.Stats().PageCount)
			}
			continue
		}
		old, all, total := map[uint64]bool{}, map[uint64]bool{}, uint32(0)
		reachable(&pages, before.root, old)
		reachable(&pages, now.root, all)
		for _, first := range d.found {
			for n := range uint64(len(pages.page(uint64(first)))) / pages.size {
				if at := uint64(first) + n; old[at] || !all[at] {
					t.Fatalf("round %d: page %d was not written by the commit", round, at)
				}
				delete(all, uint64(first)+n)
				total++
			}
		}
		for at := range all {
			if !old[at] {
				t.Fatalf("round %d: page %d was written by the commit and is not found", round, at)
			}
		}
		if total != d.total || int64(total) != tx.Stats().PageCount {
			t.Fatalf("round %d: %d pages, %d counted, bbolt says %d", round, total, d.total, tx.Stats().PageCount)
		}
		found++
	}
	if found < 300 || many == 0 {
		t.Errorf("%d commits had their pages found, %d were too large: that shows nothing", found, many)
	}
}

// changeSome puts and deletes from one key to some thousands.
func changeSome(t *testing.T, random *rand.Rand, tx *bbolt.Tx, round int) {
	t.Helper()
	for range 1 + random.IntN(3) {
		b, err := tx.CreateBucketIfNotExists(fmt.Appendf(nil, "bucket%d", random.IntN(9)))
		if err != nil {
			t.Fatal(err)
		}
		n := 1 + random.IntN(1<<random.IntN(7))
		if round%50 == 49 {
			n = 3000
		}
		from, doomed := random.IntN(20000), random.IntN(3) == 0
		for i := range n {
			at := random.IntN(20000)
			if i%2 == 0 || doomed { // neighbours, so that pages fill up or become empty
				at = from + i
			}
			key := fmt.Appendf(nil, "%06d", at)
			if doomed {
				err = b.Delete(key)
			} else {
				err = b.Put(key, make([]byte, random.IntN(1<<random.IntN(14))))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkWritten finds the pages of a commit that has changed keys far apart.
func BenchmarkWritten(b *testing.B) {
	for _, n := range []int{1, 16, 120} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			db := cursorFile(b, 100000, 400, func(i int) []byte { return fmt.Appendf(nil, "%06d", i) })
			pages := mappedBy(db, db.MaxSize)
			tx, err := db.Begin(true)
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				if err := tx.Bucket([]byte("b")).Put(fmt.Appendf(nil, "%06d", i*100000/n), make([]byte, 400)); err != nil {
					b.Fatal(err)
				}
			}
			id := uint64(tx.ID())
			before, _ := readBoltMeta(pages.meta(id - 1))
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
			now, _ := readBoltMeta(pages.meta(id))
			var d treeDiff
			b.ReportAllocs()
			for b.Loop() {
				if !d.between(&pages, before.root, now.root) {
					b.Fatal("too many pages")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(d.total), "ns/page")
		})
	}
}
