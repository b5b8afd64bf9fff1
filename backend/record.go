package backend

// Records: the values of id2entry, dn2id and uuid2id.

import (
	"encoding/binary"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	formatVersion = 1
	recordVersion = 1
	recordHeader  = 34
	idSize        = 8
)

// appendRecord appends the record of v without checksum.
func appendRecord(dst []byte, v *schema.View) []byte {
	dst = appendHead(dst, v.Kind, &v.UUID, len(v.Key), len(v.DN), len(v.User), len(v.Operational))
	return append(append(append(append(dst, v.Key...), v.DN...), v.User...), v.Operational...)
}

// appendHead appends the start of a record. The sizes are those of its parts.
func appendHead(dst []byte, kind schema.EntryKind, uuid *schema.UUID, sizes ...int) []byte {
	dst = append(dst, recordVersion, byte(kind))
	dst = append(dst, uuid[:]...)
	for _, n := range sizes {
		dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	}
	return dst
}

// recordSize is the number of bytes of v's record with its checksum.
func recordSize(v *schema.View) int {
	return recordHeader + len(v.Key) + len(v.DN) + len(v.User) + len(v.Operational) + sealSize
}

// readRecord takes a record (without checksum) apart into v, which then shares
// its memory. ID and Live are left alone. It reports whether rec is well formed.
func readRecord(rec []byte, v *schema.View) bool {
	if len(rec) < recordHeader || rec[0] != recordVersion {
		return false
	}
	v.Kind = schema.EntryKind(rec[1])
	copy(v.UUID[:], rec[2:18])
	rest, ok := rec[recordHeader:], true
	v.Key, rest, ok = cut(rec[18:], rest, ok)
	v.DN, rest, ok = cut(rec[22:], rest, ok)
	v.User, rest, ok = cut(rec[26:], rest, ok)
	v.Operational, rest, ok = cut(rec[30:], rest, ok)
	return ok && len(rest) == 0
}

// cut takes as many bytes off rest as the number at the start of size says.
func cut(size, rest []byte, ok bool) (part, more []byte, fits bool) {
	n := uint64(binary.BigEndian.Uint32(size))
	if !ok || n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n:n], rest[n:], true
}

// appendName appends a value of dn2id without checksum.
func appendName(dst []byte, id uint64, kind schema.EntryKind) []byte {
	return append(binary.BigEndian.AppendUint64(dst, id), byte(kind))
}

// readName takes a value of dn2id (without checksum) apart.
func readName(value []byte) (id uint64, kind schema.EntryKind, ok bool) {
	if len(value) != idSize+1 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(value), schema.EntryKind(value[idSize]), true
}

// idKey is the key of an entry in id2entry.
func idKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }
