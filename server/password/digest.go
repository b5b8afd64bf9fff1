// digest.go: one pass of a hash function, with or without salt behind the password.

package password

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
)

// digest is base64(H(password || salt) || salt).
type digest struct {
	new    func() hash.Hash
	salted bool
}

var digests = map[string]digest{
	"MD5":     {md5.New, false},
	"SMD5":    {md5.New, true},
	"SHA":     {sha1.New, false},
	"SSHA":    {sha1.New, true},
	"SHA256":  {sha256.New, false},
	"SSHA256": {sha256.New, true},
	"SHA384":  {sha512.New384, false},
	"SSHA384": {sha512.New384, true},
	"SHA512":  {sha512.New, false},
	"SSHA512": {sha512.New, true},
}

func (d digest) verify(value, clear []byte) bool {
	raw, err := unbase64(value)
	size := d.new().Size()
	if err != nil || len(raw) < size || d.salted != (len(raw) > size) {
		return false
	}
	return equal(raw[:size], d.sum(clear, raw[size:]))
}

func (d digest) hash(clear []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	raw := append(d.sum(clear, salt), salt...)
	return []byte(base64.StdEncoding.EncodeToString(raw)), nil
}

func (d digest) sum(clear, salt []byte) []byte {
	h := d.new()
	h.Write(clear)
	h.Write(salt)
	return h.Sum(nil)
}

// unbase64 takes padding as optional: some writers leave it out.
func unbase64(value []byte) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(string(value), "="))
}
