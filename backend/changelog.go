package backend

// The changelog: one record for each change, numbered without gaps.

import (
	"encoding/binary"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// usualLDIF is room for the text of a usual change.
const usualLDIF = 512

// ErrTrimmed tells that the changelog does not reach back that far any more.
var ErrTrimmed = errors.New("the changelog no longer has this change")

// ChangeRecord is one record of the changelog.
type ChangeRecord = schema.ChangeRecord

// Changelog hands the records from number from on to f, in order, until f
// returns false. f runs within a read transaction and must not block; records
// are its to keep. The error is ErrTrimmed if from is not there any more, or a
// *DamageError; a record that does not exist yet is no error.
func (s *Store) Changelog(from uint64, f func(rec ChangeRecord) bool) error {
	sn := s.take()
	if sn == nil {
		return errClosed()
	}
	defer s.drop(sn)
	return s.changes(sn, from, f)
}

// changes is Changelog on one snapshot.
func (s *Store) changes(sn *snapshot, from uint64, f func(rec ChangeRecord) bool) error {
	if from < sn.st.firstSeq {
		return ErrTrimmed
	}
	if err := s.sound(bucketChangelog); err != nil {
		return err
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

// appendLog puts the record of a change that has been made. It may have its text
// already.
func (b *batch) appendLog(rec *ChangeRecord, c *schema.Change) error {
	if rec.LDIF == nil {
		rec.LDIF = ldif.AppendChange(make([]byte, 0, usualLDIF), c)
	}
	key := idKey(rec.Seq)
	return b.log.Put(key, b.s.seals.log.close(key, rec.AppendTo(nil)))
}

// openLog checks a key and value of the changelog.
func (s *Store) openLog(k, v []byte) (rec ChangeRecord, err error) {
	v, err = s.seals.log.open(k, v)
	if err != nil {
		return rec, err
	}
	rec, ok := schema.ReadChangeRecord(v)
	if !ok {
		return rec, s.seals.log.damage(k, "not a change")
	}
	rec.Seq = binary.BigEndian.Uint64(k)
	return rec, nil
}
