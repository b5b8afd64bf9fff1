package backend

// The changelog: one record for each change, numbered without gaps.

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const (
	logHeader = 43
	logParts  = 6
	// trimExtra is how many records a commit deletes beyond those it adds
	// twice over, so that a lowered bound is reached without a long commit.
	trimExtra = 100
)

// ErrTrimmed tells that the changelog does not reach back that far any more.
var ErrTrimmed = errors.New("the changelog no longer has this change")

// ChangeRecord is one record of the changelog.
type ChangeRecord struct {
	Seq  uint64
	Kind schema.ChangeKind
	Time time.Time        // of the server's clock; it may repeat or go back
	UUID schema.UUID      // of the entry; of the topmost one of a renamed subtree
	CSN  string           // later than that of any record before
	Hash schema.StateHash // of the state after the change
	DN   string           // before the change

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

// Changelog hands the records from number from on to f, in order, until f
// returns false. f runs within a read transaction and must not block; records
// are its to keep. The error is ErrTrimmed if from is not there any more, or a
// *DamageError; a record that does not exist yet is no error.
func (s *Store) Changelog(from uint64, f func(rec ChangeRecord) bool) (err error) {
	sn := s.take()
	if sn == nil {
		return schema.Refuse(schema.Unavailable, "the store is closed")
	}
	defer s.drop(sn)
	if from < sn.st.firstSeq {
		return ErrTrimmed
	}
	c := sn.log.Cursor()
	k, v := c.Seek(idKey(from))
	for n := from; n <= sn.st.seq; n++ {
		if len(k) != idSize || binary.BigEndian.Uint64(k) != n {
			return s.seals.log.damage(idKey(n), "record is missing")
		}
		rec, err := s.openLog(k, v)
		if err != nil {
			return err
		}
		if !f(rec) {
			return nil
		}
		k, v = c.Next()
	}
	return nil
}

// appendLog puts the record of a change that has been made.
func (b *batch) appendLog(rec *ChangeRecord, c *schema.Change) error {
	rec.LDIF = ldif.AppendChange(nil, c)
	key := idKey(rec.Seq)
	return b.log.Put(key, b.s.seals.log.close(key, rec.append(nil)))
}

func (rec *ChangeRecord) append(dst []byte) []byte {
	flags := byte(0)
	if rec.DeleteOldRDN {
		flags |= 1
	}
	if rec.HasNewSuperior {
		flags |= 2
	}
	dst = append(dst, recordVersion, byte(rec.Kind), flags)
	dst = binary.BigEndian.AppendUint64(dst, uint64(rec.Time.UnixMicro()))
	dst = append(append(dst, rec.UUID[:]...), rec.Hash[:]...)
	for _, part := range [logParts]string{rec.CSN, rec.DN, rec.NewRDN, rec.NewSuperior, rec.NewDN, string(rec.LDIF)} {
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(part))), part...)
	}
	return dst
}

// openLog checks a key and value of the changelog.
func (s *Store) openLog(k, v []byte) (rec ChangeRecord, err error) {
	v, err = s.seals.log.open(k, v)
	if err != nil {
		return rec, err
	}
	rec, ok := readChange(v)
	if !ok {
		return rec, s.seals.log.damage(k, "not a change")
	}
	rec.Seq = binary.BigEndian.Uint64(k)
	return rec, nil
}

// readChange reads what append wrote; Seq is not in it.
func readChange(v []byte) (rec ChangeRecord, ok bool) {
	if len(v) < logHeader || v[0] != recordVersion {
		return rec, false
	}
	rec.Kind, rec.DeleteOldRDN, rec.HasNewSuperior = schema.ChangeKind(v[1]), v[2]&1 != 0, v[2]&2 != 0
	rec.Time = time.UnixMicro(int64(binary.BigEndian.Uint64(v[3:]))).UTC()
	copy(rec.UUID[:], v[11:])
	copy(rec.Hash[:], v[27:])
	var part [logParts]string
	rest := v[logHeader:]
	for i := range part {
		if len(rest) < 4 {
			return rec, false
		}
		one, more, fits := cut(rest, rest[4:], true)
		if !fits {
			return rec, false
		}
		part[i], rest = string(one), more
	}
	rec.CSN, rec.DN, rec.NewRDN, rec.NewSuperior, rec.NewDN = part[0], part[1], part[2], part[3], part[4]
	rec.LDIF = []byte(part[5])
	return rec, len(rest) == 0
}

// trim deletes records beyond the bounds of size and age, a bounded number in
// each commit.
func (b *batch) trim() error {
	o := &b.s.opts
	for n := 2*b.changes + trimExtra; n > 0 && b.st.firstSeq <= b.st.seq; n-- {
		key := idKey(b.st.firstSeq)
		old := o.ChangelogKeep > 0 && b.st.seq-b.st.firstSeq >= uint64(o.ChangelogKeep)
		if !old && o.ChangelogAge > 0 {
			rec, err := b.s.openLog(key, b.log.Get(key))
			if err != nil { // must not stop all changes: readers of the log will meet it
				_ = b.s.refusal(err) // counts and logs it
				return nil
			}
			old = b.now.Sub(rec.Time) > o.ChangelogAge
		}
		if !old {
			return nil
		}
		if err := b.log.Delete(key); err != nil {
			return err
		}
		b.st.firstSeq++
	}
	return nil
}
