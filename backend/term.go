package backend

// Reading an index: the ids listed under one term.

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// fewKeys is how many keys an estimate looks at one by one.
const fewKeys = 8

// cursor is the cursor of index i.
func (rd *reader) cursor(i int) *cursor { return rd.on(&rd.index[i], rd.t.index[i]) }

// listTerm appends the ids of at least from under term in index i to dst, at most
// max of them, in order.
func (rd *reader) listTerm(dst []uint64, i int, term []byte, from uint64, max int) ([]uint64, error) {
	seal := &rd.s.indexes[i].seal
	if err := rd.s.sound(seal.bucket); err != nil {
		return dst, err
	}
	c := rd.cursor(i)
	rd.buf = binary.BigEndian.AppendUint64(append(rd.buf[:0], term...), from)
	if from > 0 { // it may be among those of a key before
		if k, _ := c.Seek(rd.buf); !bytes.Equal(k, rd.buf) {
			if k, _ = lastPosting(c, rd.buf); k != nil {
				rd.buf = append(rd.buf[:0], k...)
			}
		}
	}
	k, v, err := seekGap(c, seal, rd.buf)
	if err != nil {
		return dst, err
	}
	begin, last := len(dst), []byte(nil)
	for ; k != nil && len(dst)-begin < max; k, v = c.Next() {
		// The first key beyond the term is checked, too: a damaged one might
		// belong to it.
		gaps, err := seal.open(k, v)
		switch {
		case err != nil:
			return dst, err
		case bytes.Compare(k, last) <= 0:
			return dst, seal.damage(k, "out of order")
		case !bytes.HasPrefix(k, term):
			return dst, nil
		}
		if last = k; len(k) != len(term)+idSize {
			continue // of a longer form that begins alike
		}
		at, ok := len(dst), false
		if dst, ok = appendIDs(dst, idOf(k), gaps); !ok || at > begin && dst[at] <= dst[at-1] {
			return dst, seal.damage(k, "not a list of ids")
		}
		if dst[at] < from {
			early, _ := slices.BinarySearch(dst[at:], from)
			dst = slices.Delete(dst, at, at+early)
		}
	}
	return dst[:min(len(dst), begin+max)], nil
}

// estimate tells about how many ids are under term in index i, of few keys exactly.
// It is for plans, not for answers: nothing that it reads is checked.
func (rd *reader) estimate(i int, term []byte) (ids int) {
	c := rd.cursor(i)
	k, v := c.Seek(term)
	for range fewKeys {
		if !bytes.HasPrefix(k, term) {
			return ids
		}
		ids += countIDs(v[:max(len(v)-sealSize, 0)])
		k, v = c.Next()
	}
	rd.buf = append(append(rd.buf[:0], term[:len(term)-1]...), 1)
	return ids + c.estimate(rd.buf)*maxPosting/2
}
