package backend

// Reading an index: the ids listed under one term.

import (
	"bytes"
	"encoding/binary"
)

// cursor is the cursor of index i.
func (rd *reader) cursor(i int) *cursor { return rd.on(&rd.index[i], rd.t.index[i]) }

// seekTerm finds the first id of at least from under term in index i.
func (rd *reader) seekTerm(i int, term []byte, from uint64) (id uint64, found bool, err error) {
	if err := rd.s.sound(rd.s.indexes[i].name); err != nil {
		return 0, false, err
	}
	rd.buf = binary.BigEndian.AppendUint64(append(rd.buf[:0], term...), from)
	k, v, err := seekGap(rd.cursor(i), &rd.s.indexes[i].seal, rd.buf)
	if err != nil {
		return 0, false, err
	}
	return rd.readTerm(i, term, k, v)
}

// stepTerm finds the id behind the one found last.
func (rd *reader) stepTerm(i int, term []byte, last uint64) (id uint64, found bool, err error) {
	k, v := rd.index[i].Next()
	rd.buf = binary.BigEndian.AppendUint64(append(rd.buf[:0], term...), last)
	if k != nil && bytes.Compare(k, rd.buf) <= 0 {
		return 0, false, rd.s.indexes[i].seal.damage(k, "out of order")
	}
	return rd.readTerm(i, term, k, v)
}

// readTerm takes the id from the key on which the cursor stands, passing keys
// of longer forms that begin alike. The first key beyond the term is checked
// too: a damaged one might belong to it.
func (rd *reader) readTerm(i int, term, k, v []byte) (id uint64, found bool, err error) {
	for ; k != nil; k, v = rd.index[i].Next() {
		if _, err := rd.s.indexes[i].seal.open(k, v); err != nil {
			return 0, false, err
		}
		if !bytes.HasPrefix(k, term) {
			return 0, false, nil
		}
		if len(k) == len(term)+idSize {
			return binary.BigEndian.Uint64(k[len(term):]), true, nil
		}
	}
	return 0, false, nil
}

// listTerm appends the ids under term in index i to dst, at most max of them.
func (rd *reader) listTerm(dst []uint64, i int, term []byte, max int) ([]uint64, error) {
	id, found, err := rd.seekTerm(i, term, 0)
	for n := 0; found && err == nil && n < max; n++ {
		dst = append(dst, id)
		if n+1 < max {
			id, found, err = rd.stepTerm(i, term, id)
		}
	}
	return dst, err
}

// estimate tells about how many ids are under term in index i. It is for plans,
// not for answers: nothing that it reads is checked.
func (rd *reader) estimate(i int, term []byte) int {
	c := rd.cursor(i)
	c.Seek(term)
	rd.buf = append(append(rd.buf[:0], term[:len(term)-1]...), 1)
	return c.estimate(rd.buf)
}
