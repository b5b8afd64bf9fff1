package schema

import (
	"encoding/binary"
	"slices"
	"time"
)

const (
	changeVersion = 1
	logHeader     = 43 // bytes before the parts
	logParts      = 6
	logSpare      = 8 // for what a store puts behind a record
)

// ChangeRecord is one record of the changelog.
type ChangeRecord struct {
	Seq  uint64
	Kind ChangeKind
	Time time.Time // of the server's clock; it may repeat or go back
	UUID UUID      // of the entry; of the topmost one of a renamed subtree
	CSN  string    // later than that of any record before
	Hash StateHash // of the state after the change
	DN   string    // before the change

	// Of a modify DN.
	NewDN          string
	NewRDN         string
	DeleteOldRDN   bool
	HasNewSuperior bool
	NewSuperior    string

	// LDIF is what follows the changetype line of a change record: the value
	// of "changes" in cn=changelog.
	LDIF []byte
}

// AppendTo appends the bytes of a record, in which it is stored and sent (package
// backend describes them); Seq is not among them.
func (rec *ChangeRecord) AppendTo(dst []byte) []byte {
	flags := byte(0)
	if rec.DeleteOldRDN {
		flags |= 1
	}
	if rec.HasNewSuperior {
		flags |= 2
	}
	size := logHeader + 4*logParts + len(rec.CSN) + len(rec.DN) + len(rec.NewRDN) + len(rec.NewSuperior) + len(rec.NewDN) + len(rec.LDIF)
	dst = append(slices.Grow(dst, size+logSpare), changeVersion, byte(rec.Kind), flags)
	dst = binary.BigEndian.AppendUint64(dst, uint64(rec.Time.UnixMicro()))
	dst = append(append(dst, rec.UUID[:]...), rec.Hash[:]...)
	for _, part := range [logParts - 1]string{rec.CSN, rec.DN, rec.NewRDN, rec.NewSuperior, rec.NewDN} {
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(part))), part...)
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(rec.LDIF))), rec.LDIF...)
}

// ReadChangeRecord reads what AppendTo wrote; Seq is not in it, and ok is false
// for anything else.
func ReadChangeRecord(v []byte) (rec ChangeRecord, ok bool) {
	if len(v) < logHeader || v[0] != changeVersion {
		return rec, false
	}
	rec.Kind, rec.DeleteOldRDN, rec.HasNewSuperior = ChangeKind(v[1]), v[2]&1 != 0, v[2]&2 != 0
	rec.Time = time.UnixMicro(int64(binary.BigEndian.Uint64(v[3:]))).UTC()
	copy(rec.UUID[:], v[11:])
	copy(rec.Hash[:], v[27:])
	var part [logParts]string
	rest := v[logHeader:]
	for i := range part {
		if len(rest) < 4 {
			return rec, false
		}
		n := uint64(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; n > uint64(len(rest)) {
			return rec, false
		}
		part[i], rest = string(rest[:n]), rest[n:]
	}
	rec.CSN, rec.DN, rec.NewRDN, rec.NewSuperior, rec.NewDN = part[0], part[1], part[2], part[3], part[4]
	rec.LDIF = []byte(part[5])
	return rec, len(rest) == 0
}
