package backend

// Spots: where in the file the entries of the current snapshot are. An entry whose
// spot is known is read there, without the way through the tree: a tenth more base
// searches.
//
// A spot holds for the commit with whose number it was noted, and for no other: the
// page may have been given up since, and would still show the entry as it was. That
// it is the spot of this entry and not of another with the same slot is proved by the
// key that is found there.

import "sync/atomic"

const (
	spotSlots = 1 << 17 // 1 MiB
	spotUnit  = pageElement
	spotBits  = 32 // of a slot for the spot, in units: 64 GiB; as many for the commit
)

// spots are places of entries by their ids.
type spots [spotSlots]atomic.Uint64

// of is where in the file the entry with id was noted to be as of a commit, or that of
// another entry.
func (s *spots) of(id, commit uint64) (at uint64, known bool) {
	v := s[id%spotSlots].Load()
	return v >> spotBits * spotUnit, v != 0 && uint32(v) == uint32(commit)
}

// note takes down where the element of the entry with id is as of a commit.
func (s *spots) note(id, commit, at uint64) {
	if unit := at / spotUnit; at%spotUnit == 0 && unit < 1<<spotBits {
		s[id%spotSlots].Store(unit<<spotBits | uint64(uint32(commit)))
	}
}
