package backend

// Checksums: every value ends in one, see the package comment.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// sealSize is the number of bytes that a checksum adds to a value.
const sealSize = 4

// castagnoli has hardware support on the machines that matter.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// wholeFile stands in the place of a bucket where it is all of them.
const wholeFile = "all"

// DamageError tells of a value that is not what was written, or of a key that
// is not where it must be. The store never answers from such a value.
type DamageError struct {
	Bucket string
	Key    []byte
	What   string
}

// Error names the place for the log; clients get a fixed sentence instead.
func (e *DamageError) Error() string {
	if e.Bucket == wholeFile {
		return "store damaged: " + e.What
	}
	return fmt.Sprintf("store damaged: bucket %s, key %q: %s", e.Bucket, e.Key, e.What)
}

// seal makes and checks the checksums of one bucket.
type seal struct {
	bucket string
	start  uint32
}

func newSeal(bucket string) seal {
	return seal{bucket, crc32.Update(0, castagnoli, append([]byte(bucket), 0))}
}

// close appends the checksum to value, which is the whole content so far.
func (s *seal) close(key, value []byte) []byte {
	sum := crc32.Update(crc32.Update(s.start, castagnoli, key), castagnoli, value)
	return binary.BigEndian.AppendUint32(value, sum)
}

// open checks a stored value and returns it without the checksum.
func (s *seal) open(key, value []byte) ([]byte, error) {
	n := len(value) - sealSize
	if n < 0 {
		return nil, s.damage(key, "value is too short")
	}
	sum := crc32.Update(crc32.Update(s.start, castagnoli, key), castagnoli, value[:n])
	if sum != binary.BigEndian.Uint32(value[n:]) {
		return nil, s.damage(key, "checksum differs")
	}
	return value[:n:n], nil
}

func (s *seal) damage(key []byte, what string) error {
	return &DamageError{Bucket: s.bucket, Key: bytes.Clone(key), What: what}
}
