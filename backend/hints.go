package backend

// Hints: under which id a name was found lately. A hint may be wrong, for the
// store has changed since or two names share a place; it is proved by the entry
// itself, which tells its name under a checksum. So hints are never withdrawn.
// One saves the way through dn2id, whose pages are mostly not in the
// processor's caches: a tenth of the time of a search for a base object.

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	hintSlots = 1 << 17 // 1 MiB
	hintTag   = 24      // bits of the hash that a slot holds beside the id
)

type hints struct {
	seed  maphash.Seed
	slots [hintSlots]atomic.Uint64
}

func newHints() *hints { return &hints{seed: maphash.MakeSeed()} }

// slot is where a hint about key would be, and its tag.
func (h *hints) slot(key []byte) (slot *atomic.Uint64, tag uint64) {
	sum := maphash.Bytes(h.seed, key)
	return &h.slots[sum%hintSlots], sum >> (64 - hintTag)
}

// about is the id that key may have; 0 if nothing is known.
func (h *hints) about(key []byte) uint64 {
	slot, tag := h.slot(key)
	if v := slot.Load(); v&(1<<hintTag-1) == tag {
		return v >> hintTag
	}
	return 0
}

// remember notes that key was found under id.
func (h *hints) remember(key []byte, id uint64) {
	if id < 1<<(64-hintTag) {
		slot, tag := h.slot(key)
		slot.Store(id<<hintTag | tag)
	}
}
