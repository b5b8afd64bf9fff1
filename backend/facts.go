package backend

// Facts: what an index has told about a term. Nothing else proves them, so they are
// kept under all bits of a hash that nobody can foresee, with the number of the
// commit that has changed the index last: once it changes, they are not found any
// more. One saves a third of the time of a search for one value, a fifth of that of
// one for a part of a value.

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	factLines = 1 << 15 // 2 MiB
	factLine  = 4       // as many as the processor fetches at once
)

// facts are numbers by keys.
type facts struct {
	lines [factLines][factLine]fact // first, as those of hints
	seed  maphash.Seed
}

// fact is a number, and that number xor the hash of its key: one of which another
// goroutine has written only the half so far fits no key.
type fact struct{ value, check atomic.Uint64 }

func newFacts() *facts { return &facts{seed: maphash.MakeSeed()} }

// line is where the fact about key would be, and its hash, which is not 0.
func (f *facts) line(key []byte) (line *[factLine]fact, sum uint64) {
	sum = maphash.Bytes(f.seed, key)
	return &f.lines[sum%factLines], max(sum, 1)
}

// about is the number that was remembered for key.
func (f *facts) about(key []byte) (value uint64, known bool) {
	line, sum := f.line(key)
	for i := range line {
		if v := line[i].value.Load(); v^line[i].check.Load() == sum {
			return v, true
		}
	}
	return 0, false
}

// remember keeps value for key, in the place of what was known of it, of nothing, or
// of any other key.
func (f *facts) remember(key []byte, value uint64) {
	line, sum := f.line(key)
	at := &line[sum>>62]
	for i := range line {
		if has := line[i].value.Load() ^ line[i].check.Load(); has == 0 || has == sum {
			at = &line[i]
			break
		}
	}
	at.value.Store(value)
	at.check.Store(value ^ sum)
}

// aboutTerm is the key of facts about a term of index i, in probe.
func (sl *slice) aboutTerm(i int, term []byte) []byte {
	p := &sl.probe
	p.fact = binary.BigEndian.AppendUint32(p.fact[:0], uint32(i))
	p.fact = append(binary.BigEndian.AppendUint64(p.fact, sl.t.st.indexChanged[i]), term...)
	return p.fact
}

// listedAlone finds the only entry under term in index i, if that is known, and
// reads it into view. It is one of which node is true.
func (sl *slice) listedAlone(f *schema.Filter, node *schema.FilterNode, i int, term []byte) (id uint64, err error) {
	id, known := sl.s.facts.about(sl.aboutTerm(i, term))
	if !known {
		return 0, nil
	}
	found, err := sl.entry(id)
	if err != nil || !found || !f.MatchItem(sl.s.schema, &sl.view, node) {
		return 0, err
	}
	if len(f.Nodes) == 1 {
		sl.matched = id
	}
	return id, nil
}

// about is estimate, of which it remembers what it told: names have much in common,
// and a seek costs more than all the rest of choose.
func (sl *slice) about(i int, term []byte) (ids int) {
	key := sl.aboutTerm(i, term)
	if n, known := sl.s.facts.about(key); known {
		return int(n)
	}
	ids = sl.estimate(i, term)
	sl.s.facts.remember(key, uint64(ids))
	return ids
}
