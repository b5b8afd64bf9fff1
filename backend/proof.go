package backend

// Proofs: what makes one flush enough for a commit. bbolt flushes twice, the pages
// and then the meta page that makes them valid. Here both are written and flushed
// together, so that a crash can leave a meta page whose pages did not reach the
// disk. Behind bbolt's bytes in the meta page is therefore the proof of the commit:
// which pages it has written, and their checksum. When the file is opened, a meta
// page whose proof does not hold is not taken, but the other one: the commit
// before, which was durable before anything of this one was written, and of which
// bbolt writes over no page before the next commit.

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

const (
	proofAt   = 128 // place in a meta page: behind bbolt's bytes, in their sector
	proofHead = 25  // bytes before the numbers of pages
	proofPage = 4   // bytes of a number
	proofMark = 0x75745052
)

// proofKind says what a proof proves.
type proofKind byte

const (
	// provesPages: the pages of the commit are listed. The next commit has a proof,
	// or it was not completed.
	provesPages proofKind = iota + 1
	// provesFlush: all else was flushed before the proof was written. The next commit
	// is as above.
	provesFlush
	// provesEnd: as provesFlush, but the store was closed with it. The next commit
	// need not have a proof: another program may have made it in bbolt's own way.
	provesEnd
)

// proof is that of one commit.
type proof struct {
	kind  proofKind
	txid  uint64
	total uint32   // pages, with their overflow
	sum   uint32   // CRC-32C of all pages, in the order of the list
	pages []uint32 // first numbers
}

// maxProofPages is how many pages a proof can list.
func maxProofPages(pageSize uint64) int {
	return (int(pageSize) - proofAt - proofHead - sealSize) / proofPage
}

// append appends the bytes of p, which end in a checksum of them and of the meta
// page's own bytes.
func (p *proof) append(dst []byte, meta []byte) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, proofMark)
	dst = append(dst, byte(p.kind))
	dst = binary.BigEndian.AppendUint64(dst, p.txid)
	dst = binary.BigEndian.AppendUint32(dst, p.total)
	dst = binary.BigEndian.AppendUint32(dst, p.sum)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(p.pages)))
	for _, id := range p.pages {
		dst = binary.BigEndian.AppendUint32(dst, id)
	}
	return binary.BigEndian.AppendUint32(dst, proofSum(meta, dst[at:]))
}

func proofSum(meta, proof []byte) uint32 {
	return crc32.Update(crc32.Checksum(meta[:pageHeader+metaSize], castagnoli), castagnoli, proof)
}

// readProof reads the proof in a meta page of the commit txid; ok is false if there
// is none that is whole.
func readProof(page []byte, txid uint64) (p proof, ok bool) {
	if len(page) < proofAt+proofHead {
		return p, false
	}
	b := page[proofAt:]
	n := int(binary.BigEndian.Uint32(b[21:]))
	if binary.BigEndian.Uint32(b) != proofMark || n > maxProofPages(uint64(len(page))) {
		return p, false
	}
	end := proofHead + n*proofPage
	if binary.BigEndian.Uint32(b[end:]) != proofSum(page, b[:end]) {
		return p, false
	}
	p = proof{kind: proofKind(b[4]), txid: binary.BigEndian.Uint64(b[5:]),
		total: binary.BigEndian.Uint32(b[13:]), sum: binary.BigEndian.Uint32(b[17:]), pages: make([]uint32, n)}
	for i := range p.pages {
		p.pages[i] = binary.BigEndian.Uint32(b[proofHead+i*proofPage:])
	}
	return p, p.txid == txid && p.kind >= provesPages && p.kind <= provesEnd
}

// holds tells whether the pages that p lists are in the file of m as they were
// written. The error is that of a disk that cannot be read, which tells nothing.
func (p *proof) holds(file io.ReaderAt, m boltMeta) (bool, error) {
	if p.kind != provesPages {
		return true, nil
	}
	sum, total := uint32(0), uint32(0)
	err := p.each(file, m, func(_ int64, page []byte) error {
		sum, total = crc32.Update(sum, castagnoli, page), total+1
		return nil
	})
	if errors.Is(err, io.EOF) {
		return false, nil // the file is shorter
	}
	return sum == p.sum && total == p.total, err
}

// each reads the pages that p lists one by one, those of an overflow also, but no
// more than there are.
func (p *proof) each(file io.ReaderAt, m boltMeta, f func(at int64, page []byte) error) error {
	page := make([]byte, m.pageSize)
	left := p.total
	for _, first := range p.pages {
		for n, count := uint32(0), uint32(1); n < count && left > 0; n, left = n+1, left-1 {
			at := (int64(first) + int64(n)) * int64(m.pageSize)
			if _, err := file.ReadAt(page, at); err != nil {
				return err
			}
			if n == 0 {
				count += min(native.Uint32(page[12:]), p.total)
			}
			if err := f(at, page); err != nil {
				return err
			}
		}
	}
	return nil
}
