// states_test.go: every state in which a crash can leave the store's file. Of what
// was written since the last completed flush the disk has any part: nothing, one
// of the writes, all but one, some, or one of them torn.

package faults

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	crashStates   = 1000 // looked at, of all that the recording has
	crashAcks     = 800  // acknowledged changes in the recording, enough for 20,000 states
	spoiltStates  = 150  // looked at, of a recording that was spoilt
	sector        = 512  // what a disk writes as a whole
	crashLookers  = 2
	crashProblems = 20 // told, then no more is looked for
)

// crashState is one of them.
type crashState struct {
	interval int
	kind     stateKind
	which    int    // of the interval's writes
	cut      int    // of that write's bytes are there
	some     uint64 // where the choice of writes begins
}

type stateKind int

const (
	withNone stateKind = iota
	withOne            // which alone
	butOne             // all but which
	tornOne            // all, but of which the first cut bytes alone
	withSome           // each or not, by chance
	withAll            // and then the flush has not come back
)

// choices is how many states with some of the writes there are of each interval.
const choices = 4

func (c crashState) String() string {
	switch c.kind {
	case withNone:
		return fmt.Sprintf("behind flush %d, nothing more", c.interval)
	case withAll:
		return fmt.Sprintf("behind flush %d, all that was written", c.interval)
	case withOne:
		return fmt.Sprintf("behind flush %d, write %d alone", c.interval, c.which)
	case butOne:
		return fmt.Sprintf("behind flush %d, all but write %d", c.interval, c.which)
	case withSome:
		return fmt.Sprintf("behind flush %d, some of the writes, choice %d", c.interval, c.some)
	}
	return fmt.Sprintf("behind flush %d, all and of write %d the first %d bytes", c.interval, c.which, c.cut)
}

// states are all that a tape has. Those that are equal to another by their nature
// are left out.
func (tp *tape) states() (list []crashState) {
	for i, v := range tp.intervals {
		list = append(list, crashState{interval: i, kind: withNone})
		if len(v.writes) > 0 {
			list = append(list, crashState{interval: i, kind: withAll})
		}
		for w, writing := range v.writes {
			if len(v.writes) > 1 {
				list = append(list, crashState{interval: i, kind: withOne, which: w})
			}
			if len(v.writes) > 2 {
				list = append(list, crashState{interval: i, kind: butOne, which: w})
			}
			if len(v.writes) > 3 && w < choices {
				list = append(list, crashState{interval: i, kind: withSome, some: uint64(w)})
			}
			cuts := []int{sector, len(writing.data) / 2, len(writing.data) - sector}
			for n, cut := range slices.Compact(cuts) {
				if cut > 0 && cut < len(writing.data) && (n == 0 || cut > cuts[n-1]) {
					list = append(list, crashState{interval: i, kind: tornOne, which: w, cut: cut})
				}
			}
		}
	}
	return list
}

// choose takes n states at random, in the order of the tape.
func choose(random *rand.Rand, all []crashState, n int) []crashState {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:min(n, len(all))]
	slices.SortFunc(all, func(a, b crashState) int { return cmp.Compare(a.interval, b.interval) })
	return all
}

// writesOf are the writes that a state has beyond its flush.
func (tp *tape) writesOf(c crashState) (list []writing) {
	random := rand.New(rand.NewPCG(uint64(c.interval), c.some))
	for i, w := range tp.intervals[c.interval].writes {
		there := random.IntN(2) == 0
		switch {
		case c.kind == withSome && !there,
			c.kind == withNone, c.kind == withOne && i != c.which, c.kind == butOne && i == c.which:
			continue
		case c.kind == tornOne && i == c.which:
			w.data = w.data[:c.cut]
		}
		list = append(list, w)
	}
	return list
}

// TestCrashStates: whatever the disk has of what was not flushed, the store is
// sound and has every acknowledged change, with one record for each. Then the
// same for a recording in which every second flush is missing, where it cannot
// be so: that is seen.
func TestCrashStates(t *testing.T) {
	s := newSubject(t)
	recorded := record(t, s, crashAcks)
	problems := lookAtStates(t, s, recorded, times(t, crashStates))
	for _, p := range problems {
		t.Error(p)
	}
	if spoilt := lookAtStates(t, s, recorded.withoutEverySecondFlush(), spoiltStates); len(spoilt) == 0 {
		t.Error("with every second flush left out nothing is found")
	} else {
		t.Logf("with every second flush left out, the first fault: %.300s", spoilt[0])
	}
}

// lookAtStates looks at n crash states of a tape and gives what is wrong.
func lookAtStates(t testing.TB, s *subject, tp *tape, n int) (problems []string) {
	t.Helper()
	all := tp.states()
	chosen := choose(seed(t), slices.Clone(all), n)
	if len(chosen) < n {
		t.Errorf("the recording has %d states, %d are wanted", len(chosen), n)
	}
	histories := s.books.histories(t)
	begun := time.Now()
	var mu sync.Mutex
	var wait sync.WaitGroup
	for part := range crashLookers {
		k := newLooker(t, s, tp, histories)
		mine := chosen[part*len(chosen)/crashLookers : (part+1)*len(chosen)/crashLookers]
		wait.Go(func() {
			for _, c := range mine {
				found, err := k.look(c)
				if err != nil {
					found = append(found, err.Error())
				}
				mu.Lock()
				for _, f := range found {
					problems = append(problems, fmt.Sprintf("%v: %s", c, f))
				}
				enough := len(problems) >= crashProblems
				mu.Unlock()
				if enough || err != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d crash states of %d were looked at in %.1f s: %d intervals between flushes, %d changes acknowledged",
		len(chosen), len(all), time.Since(begun).Seconds(), len(tp.intervals), tp.answers)
	return problems
}

// history is all that a client asked for, in order; every request of it was
// answered with success but perhaps the last.
type history struct {
	client   int
	attempts []attempt
}

// histories reads them from the ledgers' files.
func (b books) histories(t testing.TB) (list []history) {
	t.Helper()
	for _, l := range b {
		text, err := os.ReadFile(l.path)
		if err != nil {
			t.Fatal(err)
		}
		h := history{client: l.client}
		whole := text[:bytes.LastIndexByte(text, '\n')+1] // the client may be writing on
		for line := range lines(string(whole)) {
			var a attempt
			var number, code int
			if n, _ := fmt.Sscanf(line, "try %d %d %d %q", &a.number, &a.slot, &a.after.number, &a.after.dn); n == 4 {
				h.attempts = append(h.attempts, a)
			} else if n, _ := fmt.Sscanf(line, "ack %d %d", &number, &code); n != 2 || code != 0 || number != len(h.attempts) {
				t.Fatalf("%s: %q", l.path, line)
			}
		}
		list = append(list, h)
	}
	return list
}

// at is the ledger of the client after so many answers.
func (h *history) at(answers int) (*ledger, error) {
	l := &ledger{client: h.client, acked: answers}
	if answers > len(h.attempts) {
		return nil, fmt.Errorf("client %d asked %d times and has %d answers", h.client, len(h.attempts), answers)
	}
	for _, a := range h.attempts[:answers] {
		l.slots[a.slot] = a.after
	}
	if answers < len(h.attempts) {
		l.pending = &h.attempts[answers]
	}
	return l, nil
}

// crashStatesOf is the whole of it with another program, for TestSabotageIsCaught.
func crashStatesOf(t testing.TB, program string) {
	s := newSubjectOf(t, program)
	for _, p := range lookAtStates(t, s, record(t, s, crashAcks/4), spoiltStates) {
		t.Error(p)
	}
}

// TestStatesOfATape shows which states a tape has.
func TestStatesOfATape(t *testing.T) {
	page := make([]byte, 4096)
	tp := &tape{intervals: []interval{
		{writes: []writing{{at: 0, data: page}}},
		{},
		{writes: []writing{{at: 0, data: page}, {at: 4096, data: page[:1024]}, {at: 65536, resize: true}}},
	}}
	count := make(map[stateKind]int)
	for _, c := range tp.states() {
		count[c.kind]++
		for _, w := range tp.writesOf(c) {
			if c.kind == withNone || c.kind == tornOne && w.at == 65536 && !w.resize {
				t.Errorf("%v has %d bytes at %d", c, len(w.data), w.at)
			}
		}
	}
	want := map[stateKind]int{withNone: 3, withAll: 2, withOne: 3, butOne: 3, tornOne: 3 + 3 + 1}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", count, want)
	}
	if got := tp.writesOf(crashState{interval: 2, kind: tornOne, cut: sector}); len(got) != 3 || len(got[0].data) != sector || len(got[1].data) != 1024 {
		t.Errorf("torn: %d writes", len(got))
	}
}
