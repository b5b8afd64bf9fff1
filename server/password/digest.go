// digest.go: one pass of a hash function, with or without salt behind the password.

package password

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
)

// digest is base64(H(password || salt) || salt).
type digest struct {
	function crypto.Hash
	salted   bool
}

var digests = map[string]digest{
	"MD5":     {crypto.MD5, false},
	"SMD5":    {crypto.MD5, true},
	"SHA":     {crypto.SHA1, false},
	"SSHA":    {crypto.SHA1, true},
	"SHA256":  {crypto.SHA256, false},
	"SSHA256": {crypto.SHA256, true},
	"SHA384":  {crypto.SHA384, false},
	"SSHA384": {crypto.SHA384, true},
	"SHA512":  {crypto.SHA512, false},
	"SSHA512": {crypto.SHA512, true},
}

// usual is enough for a password, a sum or a salt, mostly: then a bind allocates
// nothing for them.
const usual = 128

func (d digest) verify(value, clear []byte) bool {
	var decoded, summed [usual]byte
	raw, err := appendUnbase64(decoded[:0], value)
	size := d.function.Size()
	if err != nil || len(raw) < size || d.salted != (len(raw) > size) {
		return false
	}
	return equal(raw[:size], d.appendSum(summed[:0], clear, raw[size:]))
}

func (d digest) hash(clear []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	raw := append(d.appendSum(nil, clear, salt), salt...)
	return []byte(base64.StdEncoding.EncodeToString(raw)), nil
}

// appendSum appends H(clear || salt). It calls the functions by name: memory that is
// given to a function from a table cannot stay on the stack.
func (d digest) appendSum(dst, clear, salt []byte) []byte {
	var text [2 * usual]byte
	all := append(append(text[:0], clear...), salt...)
	switch d.function {
	case crypto.MD5:
		sum := md5.Sum(all)
		return append(dst, sum[:]...)
	case crypto.SHA1:
		sum := sha1.Sum(all)
		return append(dst, sum[:]...)
	case crypto.SHA256:
		sum := sha256.Sum256(all)
		return append(dst, sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(all)
		return append(dst, sum[:]...)
	}
	sum := sha512.Sum512(all)
	return append(dst, sum[:]...)
}

// unbase64 takes padding as optional: some writers leave it out.
func unbase64(value []byte) ([]byte, error) { return appendUnbase64(nil, value) }

func appendUnbase64(dst, value []byte) ([]byte, error) {
	return base64.RawStdEncoding.AppendDecode(dst, bytes.TrimRight(value, "="))
}
