package backend

// Reading an index: the ids listed under one term.

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Estimates look at so many keys one by one. Those under one term are much alike; a
// part has many grams, of which the first tell nothing about the others.
const (
	fewKeys  = 8
	partKeys = 256
)

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

// listed appends the ids under a term or a part in index i to dst, in order, each
// once; at most max of them, which are not the first ones of a part.
func (rd *reader) listed(dst []uint64, i int, term []byte, max int) ([]uint64, error) {
	if rd.s.indexes[i].isPart(term) {
		return rd.listPart(dst, i, term, max)
	}
	return rd.listTerm(dst, i, term, 0, max)
}

// listPart is listed for all grams that begin with part.
func (rd *reader) listPart(dst []uint64, i int, part []byte, max int) ([]uint64, error) {
	begin := len(dst)
	ordered := func() int {
		slices.Sort(dst[begin:])
		dst = dst[:begin+len(slices.Compact(dst[begin:]))]
		return len(dst) - begin
	}
	err := rd.eachKey(i, part, func(k, gaps []byte) (more bool, err error) {
		if !bytes.HasPrefix(k, part) {
			return false, nil
		}
		var ok bool
		if dst, ok = appendIDs(dst, idOf(k), gaps); !ok {
			return false, rd.s.indexes[i].seal.damage(k, "not a list of ids")
		}
		// One value may have several of these grams.
		return len(dst)-begin < 2*max || ordered() < max, nil
	})
	return dst[:begin+min(ordered(), max)], err
}

// eachKey calls f with the keys of index i from the place of from on, and with what
// they list, until there is no more or f wants no more.
func (rd *reader) eachKey(i int, from []byte, f func(k, gaps []byte) (more bool, err error)) error {
	seal := &rd.s.indexes[i].seal
	if err := rd.s.sound(seal.bucket); err != nil {
		return err
	}
	c := rd.cursor(i)
	k, v, err := seekGap(c, seal, from)
	if err != nil {
		return err
	}
	for last := []byte(nil); k != nil; k, v = c.Next() {
		gaps, err := seal.open(k, v)
		if err != nil {
			return err
		}
		if len(k) <= idSize || bytes.Compare(k, last) <= 0 {
			return seal.damage(k, "out of order")
		}
		last = k
		if more, err := f(k, gaps); err != nil || !more {
			return err
		}
	}
	return nil
}

// estimate tells about how many ids are under a term or a part in index i, under few
// keys exactly. It is for plans, not for answers: nothing that it reads is checked.
func (rd *reader) estimate(i int, term []byte) (ids int) {
	c := rd.cursor(i)
	few := fewKeys
	if rd.s.indexes[i].isPart(term) {
		few = partKeys
	}
	k, v := c.Seek(term)
	for range few {
		if !bytes.HasPrefix(k, term) {
			return ids
		}
		ids += countIDs(v[:max(len(v)-sealSize, 0)])
		k, v = c.Next()
	}
	rd.buf = appendBehind(rd.buf[:0], term)
	return ids + c.estimate(rd.buf)*ids/few
}

// appendBehind appends a key that stands behind all that begin with prefix.
func appendBehind(dst, prefix []byte) []byte {
	kept := len(bytes.TrimRight(prefix, "\xff"))
	if kept == 0 { // octets may be like that: an estimate is too low then
		return append(append(dst, prefix...), 0xff)
	}
	dst = append(dst, prefix[:kept]...)
	dst[len(dst)-1]++
	return dst
}
