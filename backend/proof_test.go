package backend

import (
	"bytes"
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
