package backend

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestBoltsListIsFound: another version of bbolt may have its list elsewhere.
func TestBoltsListIsFound(t *testing.T) {
	if newRounds(t).list == nil {
		t.Fatal("the list of free pages is not where it is looked for")
	}
}

// TestNoRoomIsBelievedLongerEachTime, because a commit that fails has bbolt read all of
// the file.
func TestNoRoomIsBelievedLongerEachTime(t *testing.T) {
	w := &writer{}
	if w.tight() {
		t.Error("there is no room from the beginning")
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		want *= time.Minute
		for range 3 { // again and again meanwhile
			w.cramp()
			if w.cramped = w.cramped.Add(-want / 2); !w.tight() {
				t.Errorf("not believed for %v", want)
			}
		}
		if w.cramped = w.cramped.Add(-want / 2); w.tight() {
			t.Errorf("believed for longer than %v", want)
		}
	}
}

// TestPagesOfACommitLieTogether changes one entry as often as another, for long enough
// that all free pages have gone round several times.
func TestPagesOfACommitLieTogether(t *testing.T) {
	r := newRounds(t)
	const keys, each = 8000, 40
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
	free := len(*r.list) + r.count
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

// TestFileThatIsHalfFreeDoesNotGrow: then single pages are used, too, and at once.
func TestFileThatIsHalfFreeDoesNotGrow(t *testing.T) {
	r := newRounds(t)
	const keys = 60_000
	for first := uint64(0); first < keys; first += 500 {
		r.puts(1200, keys, 400)
		r.look()
	}
	pages := func() int { return int(r.reader.Size()) / r.db.Info().PageSize }
	for free := 0; 2*free <= pages(); free = r.free(r.db) {
		r.deletes(20, keys)
		r.look()
	}
	for range 10 {
		r.deletes(20, keys)
		r.look()
	}
	before := pages()
	for range 500 {
		r.puts(1, keys, 400)
		r.look()
	}
	if after := pages(); after != before {
		t.Errorf("the file has grown from %d pages to %d; %d are free", before, after, r.free(r.db))
	}
	r.verify()
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
			case 4: // the file cannot grow, or the disk is full
				room := func() { r.db.MaxSize = 0 }
				switch r.rng.IntN(3) {
				case 0:
					r.db.MaxSize = 1
				case 1:
					room = r.full(r.rng.IntN(100), false)
				default:
					room = r.full(0, true)
				}
				if before := r.count; !r.puts(200, 6000, 400) && before > 0 {
					refused++
				}
				room()
			case 5:
				r.stays()
			case 6:
				r.leaves()
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
