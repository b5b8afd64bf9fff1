package backend

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// newUUID makes a UUID of version 7 (RFC 9562 5.7): it begins with the time,
// so that entries added together stand together in uuid2id.
func newUUID(now time.Time) (u schema.UUID) {
	rand.Read(u[:]) // never fails: the process ends instead
	binary.BigEndian.PutUint64(u[:], uint64(max(now.UnixMilli(), 0))<<16|uint64(u[6])<<8|uint64(u[7]))
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// uuidText is the form of entryUUID (RFC 4530).
func uuidText(u schema.UUID) []byte {
	return fmt.Appendf(nil, "%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
