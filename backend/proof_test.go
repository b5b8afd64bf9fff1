package backend

import (
	"bytes"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestProofIsReadAsWritten and no other way: each byte counts, and those of bbolt
// in the page with it.
func TestProofIsReadAsWritten(t *testing.T) {
	page := make([]byte, 4096)
	for i := range pageHeader + metaSize {
		page[i] = byte(i)
	}
	for _, n := range []int{0, 1, maxOneFlush} {
		want := proof{kind: provesPages, txid: 1 << 40, total: 77, sum: 0xABCDEF01, pages: make([]uint32, n)}
		for i := range want.pages {
			want.pages[i] = rand.Uint32()
		}
		bytesOf := want.append(nil, page)
		if len(bytesOf) > len(page)-proofAt {
			t.Fatalf("%d pages take %d bytes", n, len(bytesOf))
		}
		clear(page[proofAt:])
		copy(page[proofAt:], bytesOf)
		got, ok := readProof(page, want.txid)
		if !ok || got.kind != want.kind || got.total != want.total || got.sum != want.sum || !slices.Equal(got.pages, want.pages) {
			t.Fatalf("%d pages: %+v, %v", n, got, ok)
		}
		if _, ok := readProof(page, want.txid+1); ok {
			t.Error("it is taken for that of the next commit")
		}
		for at := range proofAt + len(bytesOf) {
			if at >= pageHeader+metaSize && at < proofAt {
				continue // between the two is nothing
			}
			bad := bytes.Clone(page)
			bad[at] ^= 1 << rand.IntN(8)
			if _, ok := readProof(bad, want.txid); ok {
				t.Errorf("%d pages: a bit of byte %d does not count", n, at)
			}
		}
	}
}

// TestReadProofOfAnyBytes gives it pages of all sizes with nonsense behind the mark.
func TestReadProofOfAnyBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{80, proofAt + proofHead, 512, 4096} {
		for range 5000 {
			page := make([]byte, size)
			for i := range page {
				page[i] = byte(random.Uint32())
			}
			if size > proofAt+4 {
				copy(page[proofAt:], []byte{proofMark >> 24, proofMark >> 16 & 0xFF, proofMark >> 8 & 0xFF, proofMark & 0xFF})
			}
			if size > proofAt+24 {
				copy(page[proofAt+21:], []byte{0, 0, byte(random.IntN(5)), byte(random.Uint32())})
			}
			if _, ok := readProof(page, random.Uint64()); ok {
				t.Fatal("nonsense is a proof")
			}
		}
	}
}

// badDisk cannot read the page at a place.
type badDisk struct {
	io.ReaderAt
	at int64
}

var errDisk = errors.New("input/output error")

func (d badDisk) ReadAt(b []byte, at int64) (int, error) {
	if at == d.at {
		return 0, errDisk
	}
	return d.ReaderAt.ReadAt(b, at)
}

// TestWhatIsTakenBack looks at files of two meta pages and one page that the last
// commit has written.
func TestWhatIsTakenBack(t *testing.T) {
	page := bytes.Repeat([]byte{0, 7}, 2048)
	clear(page[:pageHeader])
	sound := proof{kind: provesPages, total: 1, sum: crc32.Checksum(page, castagnoli), pages: []uint32{2}}
	torn := sound
	torn.sum++
	flush, end := proof{kind: provesFlush}, proof{kind: provesEnd}
	for _, c := range []struct {
		what         string
		before, last proof
		lost         bool // the meta page before
		gap          uint64
		cut          bool
		fails        error
		bad          int64
	}{
		{what: "both without proof"},
		{what: "a proof that holds", last: sound},
		{what: "a proof that does not", before: flush, last: torn, cut: true},
		{what: "a proof that does not, behind one that does", before: sound, last: torn, cut: true},
		{what: "a proof that does not, behind none", last: torn, cut: true},
		{what: "none behind a list", before: sound, cut: true},
		{what: "none behind a flush", before: flush, cut: true},
		{what: "none behind an end", before: end},
		{what: "none, not next", before: flush, gap: 1},
		{what: "neither proof holds", before: torn, last: torn, fails: errBothDamaged},
		{what: "none behind a proof that does not hold", before: torn, fails: errBothDamaged},
		{what: "a proof that does not, and no other page", last: torn, lost: true, fails: errBothDamaged},
		{what: "none, and no other page", lost: true},
		{what: "a disk that cannot be read", before: flush, last: sound, bad: 2 * 4096, fails: errDisk},
	} {
		file := make([]byte, 3*4096)
		copy(file[2*4096:], page)
		put := func(slot int, txid uint64, p proof) {
			m := file[slot*4096:]
			native.PutUint16(m[8:], metaPage)
			native.PutUint32(m[16:], boltMagic)
			native.PutUint32(m[20:], boltVersion)
			native.PutUint32(m[24:], 4096)
			native.PutUint64(m[pageHeader+40:], 3)
			native.PutUint64(m[pageHeader+48:], txid)
			sum := fnv.New64a()
			sum.Write(m[pageHeader : pageHeader+metaChecked])
			native.PutUint64(m[pageHeader+metaChecked:], sum.Sum64())
			if p.kind != 0 {
				p.txid = txid
				copy(m[proofAt:], p.append(nil, m))
			}
		}
		if !c.lost {
			put(0, 10, c.before)
		}
		put(1, 11+c.gap, c.last)
		at := c.bad
		if at == 0 {
			at = -1
		}
		best, _, err := newestMeta(badDisk{bytes.NewReader(file), at})
		want := 11 + c.gap
		if c.cut {
			want = 10
		}
		if !errors.Is(err, c.fails) || err == nil && best.txid != want {
			t.Errorf("%s: commit %d, %v; want %d, %v", c.what, best.txid, err, want, c.fails)
		}
	}
}
