package backend

// Hints: what a search has found lately. A hint may be wrong, for the store has
// changed since or two keys look alike; it is proved by the entry itself, which
// tells under a checksum what it is. So hints are never withdrawn. One saves the
// way through a tree whose pages are mostly not in the processor's caches: a tenth
// of the time of a search for a base object. What nothing proves is a fact, which
// takes twice the room, see facts.go.

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	hintLines = 1 << 14 // 1 MiB
	hintLine  = 8       // slots: as many as the processor fetches at once
	hintTag   = 24      // bits of the hash that a slot holds beside the id
)

// hints are ids by keys. The lines come first: memory of this size begins where one
// that the processor fetches does.
type hints struct {
	lines [hintLines][hintLine]atomic.Uint64
	seed  maphash.Seed
}

func newHints() *hints { return &hints{seed: maphash.MakeSeed()} }

// line is where a hint about key would be, and its tag, which is not 0.
func (h *hints) line(key []byte) (line *[hintLine]atomic.Uint64, tag uint64) {
	sum := maphash.Bytes(h.seed, key)
	return &h.lines[sum%hintLines], sum>>(64-hintTag) | 1
}

// about is the id that key may have; 0 if nothing is known.
func (h *hints) about(key []byte) uint64 {
	line, tag := h.line(key)
	for i := range line {
		if v := line[i].Load(); v&(1<<hintTag-1) == tag {
			return v >> hintTag
		}
	}
	return 0
}

// remember notes that key was found under id, in the place of what was known of it,
// of nothing, or of any other key.
func (h *hints) remember(key []byte, id uint64) {
	if id >= 1<<(64-hintTag) {
		return
	}
	line, tag := h.line(key)
	slot := &line[tag/2%hintLine]
	for i := range line {
		if v := line[i].Load(); v == 0 || v&(1<<hintTag-1) == tag {
			slot = &line[i]
			break
		}
	}
	slot.Store(id<<hintTag | tag)
}
