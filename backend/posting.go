package backend

// Postings: the ids under a term of an index, many of them in each key. One key
// for each id took ten times the room and 45 ns to read; here it is 6 ns an id
// (BenchmarkPosting).

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// maxPosting is how many ids a key has at most: what is written again for each id
// that is added, and read for each that is looked for.
const maxPosting = 128

// appendGaps appends the value of a key that has ids, of which the first is in the
// key: how far each of the others is from the one before it.
func appendGaps(dst []byte, ids []uint64) []byte {
	for i := 1; i < len(ids); i++ {
		dst = binary.AppendUvarint(dst, ids[i]-ids[i-1])
	}
	return dst
}

// appendIDs appends the ids of a key, of which id is the first. It is false if gaps
// is not what appendGaps makes.
func appendIDs(dst []uint64, id uint64, gaps []byte) ([]uint64, bool) {
	dst = append(dst, id)
	for len(gaps) > 0 {
		gap, n := uint64(gaps[0]), 1
		if gap >= 0x80 {
			if gap, n = binary.Uvarint(gaps); n <= 0 {
				return dst, false
			}
		}
		if id+gap <= id {
			return dst, false
		}
		id += gap
		dst, gaps = append(dst, id), gaps[n:]
	}
	return dst, true
}

// countIDs is the length of what appendIDs would make of gaps.
func countIDs(gaps []byte) int {
	n := 1
	for ; len(gaps) >= 8; gaps = gaps[8:] {
		n += 8 - bits.OnesCount64(binary.LittleEndian.Uint64(gaps)&0x8080808080808080)
	}
	for _, c := range gaps {
		n += 1 - int(c>>7)
	}
	return n
}

// idOf is the id at the end of a key.
func idOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-idSize:]) }

// packer makes postings of keys that come in order, each of a term and one id.
type packer struct {
	put        func(key, gaps []byte) error // which keeps neither
	key, gaps  []byte
	last       uint64
	count, all int // ids in key, and keys that were put
}

// add takes the next key.
func (p *packer) add(key []byte) error {
	at, id := len(key)-idSize, idOf(key)
	if p.count > 0 && p.count < maxPosting && len(p.key) == len(key) && bytes.Equal(p.key[:at], key[:at]) {
		p.gaps = binary.AppendUvarint(p.gaps, id-p.last)
		p.last = id
		p.count++
		return nil
	}
	if err := p.end(); err != nil {
		return err
	}
	p.key, p.gaps, p.last, p.count = append(p.key[:0], key...), p.gaps[:0], id, 1
	return nil
}

// end puts what is left.
func (p *packer) end() error {
	if p.count == 0 {
		return nil
	}
	p.count = 0
	p.all++
	return p.put(p.key, p.gaps)
}

// posting finds the key of index i that has the id of key, or would have it: the
// last one of the term that begins at or before it; nil if there is none. Its ids
// are in b.ids then.
func (b *batch) posting(i int, key []byte) (first []byte, err error) {
	c, seal := b.rd.cursor(i), &b.s.indexes[i].seal
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		k, v = lastPosting(c, key)
	}
	if k == nil {
		return nil, nil
	}
	gaps, err := seal.open(k, v)
	if err != nil {
		return nil, err
	}
	var ok bool
	if b.ids, ok = appendIDs(b.ids[:0], idOf(k), gaps); !ok {
		return nil, seal.damage(k, "not a list of ids")
	}
	return bytes.Clone(k), nil // k is in memory that the next put may change
}

// lastPosting finds the last key before the place that c has sought for key, and
// that is of its term; nil if there is none. Keys of longer forms that begin alike
// may stand between.
func lastPosting(c interface{ Prev() (k, v []byte) }, key []byte) (k, v []byte) {
	term := key[:len(key)-idSize]
	for k, v = c.Prev(); bytes.HasPrefix(k, term); k, v = c.Prev() {
		if len(k) == len(key) {
			return k, v
		}
	}
	return nil, nil
}

// list puts the id of key under its term in index i.
func (b *batch) list(i int, key []byte) error {
	first, err := b.posting(i, key)
	switch {
	case err != nil:
		return err
	case first == nil:
		b.st.indexKeys[i]++
		return b.putPosting(i, key, nil)
	}
	at, there := slices.BinarySearch(b.ids, idOf(key))
	if there {
		return b.s.indexes[i].seal.damage(key, "is listed already")
	}
	b.ids = slices.Insert(b.ids, at, idOf(key))
	n := len(b.ids)
	if n <= maxPosting {
		return b.putPosting(i, first, b.ids)
	}
	half := n / 2
	if at == n-1 {
		half = at // ids mostly come in order: what is full remains so
	}
	b.st.indexKeys[i]++
	if err := b.putPosting(i, first, b.ids[:half]); err != nil {
		return err
	}
	return b.putPosting(i, keyWith(first, b.ids[half]), b.ids[half:])
}

// unlist takes the id of key from its term in index i.
func (b *batch) unlist(i int, key []byte) error {
	first, err := b.posting(i, key)
	if err != nil {
		return err
	}
	at, there := slices.BinarySearch(b.ids, idOf(key))
	if first == nil || !there {
		return b.s.indexes[i].seal.damage(key, "is not listed")
	}
	b.ids = slices.Delete(b.ids, at, at+1)
	if at > 0 {
		return b.putPosting(i, first, b.ids)
	}
	if err := b.index[i].Delete(first); err != nil {
		return err
	}
	if len(b.ids) == 0 {
		b.st.indexKeys[i]--
		return nil
	}
	return b.putPosting(i, keyWith(first, b.ids[0]), b.ids)
}

// putPosting writes a key of index i with the ids that it has.
func (b *batch) putPosting(i int, key []byte, ids []uint64) error {
	value := appendGaps(make([]byte, 0, 2*len(ids)+sealSize), ids) // bbolt keeps it
	return b.index[i].Put(key, b.s.indexes[i].seal.close(key, value))
}

// keyWith is key with another id.
func keyWith(key []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(key[:len(key)-idSize]), id)
}
