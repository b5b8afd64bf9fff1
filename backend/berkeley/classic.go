// The pages of generation 1.85.

package berkeley

import "encoding/binary"

const (
	classicHeader = 20

	classicInternal = 1
	classicLeaf     = 2
	classicOverflow = 4
	classicKinds    = 0x1f // the other bits say nothing of the kind

	classicBigData = 1
	classicBigKey  = 2
)

type classic struct{ order binary.ByteOrder }

func (c classic) start() int { return classicHeader }

func (c classic) head(page []byte, n uint32) (header, *Problem) {
	if zeros(page) {
		return header{kind: kindFree, zero: true}, faultf(zeroPage)
	}
	if len(page) < classicHeader {
		return header{}, faultf("the file ends %d bytes into the page", len(page))
	}
	h := header{next: c.order.Uint32(page[8:])}
	flags := c.order.Uint32(page[12:]) & classicKinds
	switch flags {
	case classicInternal:
		h.kind = kindInternal
	case classicLeaf:
		h.kind = kindLeaf
	case classicOverflow:
		h.kind, h.used = kindOverflow, len(page)-classicHeader
	case 8, 16:
		return header{kind: kindOther}, faultf("a page of a recno file")
	default:
		return header{}, faultf("the page is damaged: its flags are %#x", c.order.Uint32(page[12:]))
	}
	var p *Problem
	if h.kind != kindOverflow {
		lower := int(c.order.Uint16(page[16:]))
		if lower < classicHeader || lower > len(page) {
			p = faultf("the page is damaged: its table ends at byte %d", lower)
			lower = min(max(lower, classicHeader), len(page))
		}
		h.items = (lower - classicHeader) / 2
	}
	if number := c.order.Uint32(page); number != n {
		p = faultf("the page is damaged: it calls itself page %d", number)
	}
	return h, p
}

// at is where item i begins; it has room for its fixed part of 9 bytes.
func (c classic) at(page []byte, i int) (int, *Problem) {
	lower := int(c.order.Uint16(page[16:]))
	off := int(c.order.Uint16(page[classicHeader+2*i:]))
	if off < min(lower, len(page)) || off+9 > len(page) {
		return 0, faultf("item %d is said to be at byte %d, outside its page", i, off)
	}
	return off, nil
}

func (c classic) child(page []byte, i int) (uint32, *Problem) {
	off, p := c.at(page, i)
	if p != nil {
		return 0, p
	}
	return c.order.Uint32(page[off+4:]), nil
}

func (c classic) pair(page []byte, i int) (key, data item) {
	off, p := c.at(page, i)
	if p != nil {
		return item{fault: p}, item{fault: p}
	}
	// 64 bits, so that the sum of two sizes does not wrap
	keySize, dataSize := int64(c.order.Uint32(page[off:])), int64(c.order.Uint32(page[off+4:]))
	flags := page[off+8]
	if off := int64(off) + 9; off+keySize+dataSize > int64(len(page)) {
		p = faultf("item %d at byte %d has %d and %d bytes, more than its page", i, off-9, keySize, dataSize)
		return item{fault: p}, item{fault: p}
	}
	middle := off + 9 + int(keySize)
	key = c.item(page[off+9:middle], flags&classicBigKey != 0)
	data = c.item(page[middle:middle+int(dataSize)], flags&classicBigData != 0)
	return key, data
}

func (c classic) item(b []byte, chained bool) item {
	switch {
	case !chained:
		return item{bytes: b}
	case len(b) != 8:
		return item{fault: faultf("the pointer to a chain of overflow pages has %d bytes, not 8", len(b))}
	}
	return item{chained: true, first: c.order.Uint32(b), size: c.order.Uint32(b[4:])}
}
