// lost_test.go: a disk that says that it has written and has not, or has written
// a part. Nothing can be promised then but this: the check does not call a store
// good that is not, but for an older one.

package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	lostAcks   = 200 // acknowledged changes in the recording
	lostWrites = 300 // of those that leave a trace in the file
	// fewestLost is how many of them must be in pages that are in use at the end. In the
	// others, of which there are twice as many, nothing is lost.
	fewestLost = 50
	metaPages  = 2 * 4096
)

// lostWrite is one that is not in the file, or whose first bytes are not, when
// everything that came later is.
type lostWrite struct {
	interval, which int
	from, to        int    // bytes of the write that are lost
	at              int64  // place in the file
	instead         []byte // what stands there
}

func (l lostWrite) String() string {
	return fmt.Sprintf("behind flush %d, write %d, bytes %d to %d at %d are lost", l.interval, l.which, l.from, l.to, l.at)
}

// overlay writes to a part of the file that begins at at.
func overlay(part []byte, at int64, w writing) {
	if w.resize {
		return
	}
	if begin := w.at - at; begin >= 0 && begin < int64(len(part)) {
		copy(part[begin:], w.data)
	} else if begin < 0 && -begin < int64(len(w.data)) {
		copy(part, w.data[-begin:])
	}
}

// lost finds writes whose loss leaves a trace: later ones do not cover it.
func (tp *tape) lost(random *rand.Rand, n int) (list []lostWrite) {
	image := bytes.Clone(tp.first)
	later := func(part []byte, at int64, interval, which int) {
		for i := interval; i < len(tp.intervals); i++ {
			for k, w := range tp.intervals[i].writes {
				if i > interval || k > which {
					overlay(part, at, w)
				}
			}
		}
	}
	for i, v := range tp.intervals {
		for k, w := range v.writes {
			end := w.at + int64(len(w.data))
			if w.resize || end > int64(len(image)) {
				continue // what was not there before cannot stand there instead
			}
			if w.at < metaPages {
				overlay(image, 0, w) // without its last root the store is that of the commit before, and sound
				continue
			}
			for _, to := range []int{sector, len(w.data)} {
				instead, right := bytes.Clone(image[w.at:w.at+int64(to)]), bytes.Clone(w.data[:to])
				later(instead, w.at, i, k)
				later(right, w.at, i, k)
				if !bytes.Equal(instead, right) {
					list = append(list, lostWrite{i, k, 0, to, w.at, instead})
				}
			}
			overlay(image, 0, w)
		}
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

// TestWritesThatTheDiskLoses: where the check finds nothing, everything is there
// all the same. Without a write of the last commit it may be the store of the commit
// before: nothing tells that one from a commit that was cut short.
func TestWritesThatTheDiskLoses(t *testing.T) {
	s := newSubject(t)
	tp := record(t, s, lostAcks)
	k := newLooker(t, s, tp, s.books.histories(t))
	last := crashState{interval: len(tp.intervals) - 1, kind: withAll}
	if problems, err := k.look(last); err != nil || len(problems) > 0 {
		t.Fatalf("nothing is lost yet: %q, %v", problems, err)
	}
	if err := k.apply(tp.intervals[last.interval].writes, true); err != nil {
		t.Fatal(err)
	}
	lost := tp.lost(seed(t), times(t, lostWrites))
	newest := last
	for len(tp.intervals[newest.interval].writes) == 0 {
		newest.interval--
	}
	found, older, begun := 0, 0, time.Now()
	for _, l := range lost {
		must := last
		if l.interval == newest.interval {
			must, older = newest, older+1
		}
		now := []writing{{at: l.at, data: l.instead}}
		if err := k.apply(now, false); err != nil {
			t.Fatal(err)
		}
		if k.faults() != "" {
			found++
		} else if problems, err := k.judge(must); err != nil || len(problems) > 0 {
			t.Errorf("%v: the check finds nothing: %q, %v", l, problems, err)
		}
		if err := k.revert(now); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d lost writes in %.1f s, %d of the last commit, the check has found %d", len(lost), time.Since(begun).Seconds(), older, found)
	if len(lost) < lostWrites || found+older < fewestLost || found == 0 {
		t.Errorf("%d lost writes, %d found: that shows nothing", len(lost), found)
	}
}

// TestLostWritesOfATape: one that is written over leaves no trace.
func TestLostWritesOfATape(t *testing.T) {
	page := func(b byte) []byte { return bytes.Repeat([]byte{b}, 4096) }
	tp := &tape{first: make([]byte, 6*4096), intervals: []interval{
		{writes: []writing{{at: 8192, data: page(1)}, {at: 12288, data: page(2)}, {at: 0, data: page(9)}}},
		{writes: []writing{{at: 8192, data: page(3)}, {at: 7 * 4096, resize: true}}},
	}}
	var got []string
	for _, l := range tp.lost(rand.New(rand.NewPCG(1, 1)), 100) {
		got = append(got, fmt.Sprint(l.interval, l.which, l.to, l.instead[0]))
	}
	slices.Sort(got)
	if want := []string{"0 1 4096 0", "0 1 512 0", "1 0 4096 1", "1 0 512 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
