// Sets of page numbers and of ids that take memory only for what is in them.

package berkeley

// pageSet has one bit for a page, in blocks of 4096 pages.
type pageSet map[uint32]*[64]uint64

// add puts n into the set and says whether it is new there.
func (s pageSet) add(n uint32) bool {
	block := s[n>>12]
	if block == nil {
		block = new([64]uint64)
		s[n>>12] = block
	}
	word, bit := &block[n>>6&63], uint64(1)<<(n&63)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

func (s pageSet) has(n uint32) bool {
	block := s[n>>12]
	return block != nil && block[n>>6&63]&(1<<(n&63)) != 0
}

// idSet has one bit for an id, in words of 64 ids: ids are dense in a store.
type idSet map[uint64]uint64

// add puts id into the set and says whether it is new there.
func (s idSet) add(id uint64) bool {
	word, bit := s[id>>6], uint64(1)<<(id&63)
	s[id>>6] = word | bit
	return word&bit == 0
}
