package backend

// The state hash: a sum of entry hashes, so that a change costs the same
// whatever the size of the store.

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sunray-ds/utdsd/schema"
)

// entryHash is the hash of one entry. The id is not part of it: two stores are
// equal if clients cannot tell them apart.
func entryHash(v *schema.View) (h schema.StateHash) {
	d := sha256.New()
	d.Write(v.UUID[:])
	var size [4]byte
	for _, part := range [...][]byte{v.DN, v.User, v.Operational} {
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		d.Write(size[:])
		d.Write(part)
	}
	var sum [sha256.Size]byte
	copy(h[:], d.Sum(sum[:0]))
	return h
}

// addHash adds b to a, subHash takes it away again.
func addHash(a *schema.StateHash, b schema.StateHash) {
	for i := 0; i < len(a); i += 8 {
		binary.BigEndian.PutUint64(a[i:], binary.BigEndian.Uint64(a[i:])+binary.BigEndian.Uint64(b[i:]))
	}
}

func subHash(a *schema.StateHash, b schema.StateHash) {
	for i := 0; i < len(a); i += 8 {
		binary.BigEndian.PutUint64(a[i:], binary.BigEndian.Uint64(a[i:])-binary.BigEndian.Uint64(b[i:]))
	}
}
