// The pages of generation 2.x to 6.x.

package berkeley

import "encoding/binary"

const (
	modernHeader   = 26
	checkedHeader  = 32 // with a checksum
	checksumAt     = 28
	modernInternal = 3
	modernLeaf     = 5
	modernOverflow = 7

	itemPlain     = 1
	itemDuplicate = 2
	itemOverflow  = 3
	itemFile      = 4
	itemDeleted   = 0x80
)

type modern struct {
	order     binary.ByteOrder
	checksums bool
}

func (m modern) start() int {
	if m.checksums {
		return checkedHeader
	}
	return modernHeader
}

func (m modern) head(page []byte, n uint32) (header, *Problem) {
	if zeros(page) {
		return header{kind: kindFree, zero: true}, faultf(zeroPage)
	}
	if len(page) < m.start() {
		return header{}, faultf("the file ends %d bytes into the page", len(page))
	}
	h := header{next: m.order.Uint32(page[16:])}
	var p *Problem
	switch kind := page[25]; kind {
	case 0:
		h.kind = kindFree
	case modernInternal:
		h.kind = kindInternal
		p = m.count(page, &h, 2)
	case modernLeaf:
		h.kind = kindLeaf
		p = m.count(page, &h, 4)
	case modernOverflow:
		h.kind, h.used = kindOverflow, int(m.order.Uint16(page[22:]))
		if room := len(page) - m.start(); h.used > room {
			p = faultf("the page is damaged: it says it has %d bytes of a chain, and has room for %d", h.used, room)
			h.used = room
		}
	case 1, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16:
		h.kind = kindOther
	default:
		return header{}, faultf("the page is damaged: its type is %d", kind)
	}
	if number := m.order.Uint32(page[8:]); number != n {
		p = faultf("the page is damaged: it calls itself page %d", number)
	} else if p == nil && m.checksums && m.order.Uint32(page[checksumAt:]) != checksum(page, checksumAt) {
		p = faultf("the page is damaged: its checksum does not fit")
	}
	return h, p
}

// count sets the number of items, each of which has step bytes of the table.
func (m modern) count(page []byte, h *header, step int) *Problem {
	entries := int(m.order.Uint16(page[20:]))
	room := (len(page) - m.start()) / 2
	h.items = min(entries, room) * 2 / step
	if entries > room || entries*2%step != 0 {
		return faultf("the page is damaged: it says it has %d items", entries)
	}
	return nil
}

// at is where the item with number i of the table begins; it has room for size bytes.
func (m modern) at(page []byte, i, size int) (int, *Problem) {
	table := min(m.start()+2*int(m.order.Uint16(page[20:])), len(page))
	off := int(m.order.Uint16(page[m.start()+2*i:]))
	if off < table || off+size > len(page) {
		return 0, faultf("item %d is said to be at byte %d, outside its page", i, off)
	}
	return off, nil
}

func (m modern) child(page []byte, i int) (uint32, *Problem) {
	off, p := m.at(page, i, 12)
	if p != nil {
		return 0, p
	}
	return m.order.Uint32(page[off+4:]), nil
}

func (m modern) pair(page []byte, i int) (key, data item) {
	return m.item(page, 2*i), m.item(page, 2*i+1)
}

func (m modern) item(page []byte, i int) item {
	off, p := m.at(page, i, 3)
	if p != nil {
		return item{fault: p}
	}
	it := item{deleted: page[off+2]&itemDeleted != 0}
	switch kind := page[off+2] &^ itemDeleted; kind {
	case itemPlain:
		end := off + 3 + int(m.order.Uint16(page[off:]))
		if end > len(page) {
			it.fault = faultf("item %d at byte %d has %d bytes, more than its page", i, off, end-off-3)
			return it
		}
		it.bytes = page[off+3 : end]
	case itemOverflow:
		if off+12 > len(page) {
			it.fault = faultf("item %d is said to be at byte %d, outside its page", i, off)
			return it
		}
		it.chained, it.first, it.size = true, m.order.Uint32(page[off+4:]), m.order.Uint32(page[off+8:])
	case itemDuplicate:
		it.fault = faultf("item %d is a tree of duplicates, which an id2entry does not have; it is not read", i)
	case itemFile:
		it.fault = faultf("item %d is kept in a file of its own, which is not read", i)
	default:
		it.fault = faultf("item %d at byte %d has the unknown type %d", i, off, kind)
	}
	return it
}

// checksum is that of a page whose own four bytes of checksum are at byte skip.
func checksum(page []byte, skip int) uint32 {
	var h uint32
	for _, c := range page[:skip] {
		h = h*33 + uint32(c)
	}
	for range 4 {
		h *= 33
	}
	for _, c := range page[skip+4:] {
		h = h*33 + uint32(c)
	}
	return h
}
