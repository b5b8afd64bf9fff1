package backend

// The ids and UUIDs that were seen, in little memory.

import (
	"encoding/binary"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// unnumbered marks an id that was given to an entry without one: the rest of
// it is its place among those. They come behind the largest of the input's own
// ids, which is known only at the end; the order of ids is right from the start.
const unnumbered = uint64(1) << 63

// idSet is a set of ids: for each 65,536 of them a list of the low halves, or a
// bit for each when they are many.
type idSet struct {
	parts map[uint64]*idPart
	last  uint64 // part of the id looked at last
	part  *idPart
	count int
}

type idPart struct {
	few  []uint16 // sorted
	bits []uint64
}

const manyIDs = 1024 // in one part; as a list they would take 2 KiB of the 8 KiB of bits

// add puts id into the set; it is false if it is there already.
func (s *idSet) add(id uint64) bool {
	p := s.find(id)
	if p == nil {
		if s.parts == nil {
			s.parts = map[uint64]*idPart{}
		}
		p = &idPart{}
		s.parts[id>>16] = p
		s.last, s.part = id>>16, p
	}
	if !p.add(uint16(id)) {
		return false
	}
	s.count++
	return true
}

func (s *idSet) has(id uint64) bool {
	p := s.find(id)
	if p == nil {
		return false
	}
	if p.bits != nil {
		return p.bits[uint16(id)>>6]&(1<<(id&63)) != 0
	}
	_, found := slices.BinarySearch(p.few, uint16(id))
	return found
}

func (s *idSet) find(id uint64) *idPart {
	if s.part == nil || s.last != id>>16 {
		p, ok := s.parts[id>>16]
		if !ok {
			return nil
		}
		s.last, s.part = id>>16, p
	}
	return s.part
}

func (p *idPart) add(low uint16) bool {
	if p.bits == nil {
		i, found := slices.BinarySearch(p.few, low)
		if found {
			return false
		}
		p.few = slices.Insert(p.few, i, low)
		if len(p.few) < manyIDs {
			return true
		}
		p.bits = make([]uint64, 1<<10)
		for _, one := range p.few {
			p.bits[one>>6] |= 1 << (one & 63)
		}
		p.few = nil
		return true
	}
	word, bit := &p.bits[low>>6], uint64(1)<<(low&63)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// uuidSet is a set of UUIDs with open addressing: 16 bytes for each place.
type uuidSet struct {
	places []schema.UUID // a power of two
	count  int
	zero   bool // the zero UUID marks a free place
}

// add puts u into the set; it is false if it is there already.
func (s *uuidSet) add(u schema.UUID) bool {
	if u == (schema.UUID{}) {
		had := s.zero
		s.zero = true
		return !had
	}
	if s.count*4 >= len(s.places)*3 {
		old := s.places
		s.places = make([]schema.UUID, max(1024, 2*len(old)))
		s.count = 0
		for _, one := range old {
			if one != (schema.UUID{}) {
				s.put(one)
			}
		}
	}
	return s.put(u)
}

func (s *uuidSet) put(u schema.UUID) bool {
	mask := uint64(len(s.places) - 1)
	// UUIDs of one clock differ in a few bytes only: mix all of them.
	h := (binary.BigEndian.Uint64(u[:])*0x9e3779b97f4a7c15 ^ binary.BigEndian.Uint64(u[8:])) * 0xbf58476d1ce4e5b9
	for i := (h ^ h>>32) & mask; ; i = (i + 1) & mask {
		switch s.places[i] {
		case u:
			return false
		case schema.UUID{}:
			s.places[i] = u
			s.count++
			return true
		}
	}
}
