package backend

// The state: counters and hash that change with every commit. See the package
// comment for its bytes.

import (
	"encoding/binary"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	stateVersion = 2
	stateSize    = 94
	// Version 1 did not know the hash before the first record of the changelog.
	stateVersion1 = 1
	stateSize1    = 77
)

// state is what the store knows about itself as of one commit.
type state struct {
	seq       uint64 // number of the last change; 0 before the first
	hash      schema.StateHash
	nextID    uint64 // above every id in use
	entries   uint64
	referrals uint64
	aliases   uint64
	firstSeq  uint64 // seq+1 when the changelog is empty
	csn       csn
	base      schema.StateHash // of the state before change firstSeq
	hasBase   bool             // base is known
	indexKeys []uint64         // keys of each index, in their order
	// indexChanged is by index the commit that has changed it last, 0 for one before
	// the store was opened. It is not stored.
	indexChanged []uint64
}

// clone copies st so that a batch can work on it and be forgotten.
func (st *state) clone() state {
	c := *st
	c.indexKeys, c.indexChanged = slices.Clone(st.indexKeys), slices.Clone(st.indexChanged)
	return c
}

func (st *state) append(dst []byte) []byte {
	put := binary.BigEndian.AppendUint64
	dst = put(append(dst, stateVersion), st.seq)
	dst = append(dst, st.hash[:]...)
	for _, n := range [...]uint64{st.nextID, st.entries, st.referrals, st.aliases, st.firstSeq, uint64(st.csn.micros)} {
		dst = put(dst, n)
	}
	dst = binary.BigEndian.AppendUint32(dst, st.csn.count)
	known := byte(0)
	if st.hasBase {
		known = 1
	}
	dst = append(append(dst, known), st.base[:]...)
	for _, n := range st.indexKeys {
		dst = put(dst, n)
	}
	return dst
}

// readState reports whether b is a state.
func readState(b []byte) (st state, ok bool) {
	size := stateSize
	if len(b) > 0 && b[0] == stateVersion1 {
		size = stateSize1
	}
	if len(b) < size || b[0] != stateVersion && b[0] != stateVersion1 || (len(b)-size)%8 != 0 {
		return st, false
	}
	get := binary.BigEndian.Uint64
	st.seq = get(b[1:])
	copy(st.hash[:], b[9:])
	st.nextID, st.entries, st.referrals, st.aliases = get(b[25:]), get(b[33:]), get(b[41:]), get(b[49:])
	st.firstSeq = get(b[57:])
	st.csn = csn{int64(get(b[65:])), binary.BigEndian.Uint32(b[73:])}
	if size == stateSize {
		st.hasBase = b[77] == 1
		copy(st.base[:], b[78:])
	}
	for rest := b[size:]; len(rest) > 0; rest = rest[8:] {
		st.indexKeys = append(st.indexKeys, get(rest))
	}
	return st, true
}
