// digest.go: one pass of a hash function, with or without salt behind the password.

package password

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
)

// digest is base64(H(password || salt) || salt).
type digest struct {
	new    func() hash.Hash
	size   int // bytes of a sum
	salted bool
}

var digests = map[string]digest{
	"MD5":     {md5.New, md5.Size, false},
	"SMD5":    {md5.New, md5.Size, true},
	"SHA":     {sha1.New, sha1.Size, false},
	"SSHA":    {sha1.New, sha1.Size, true},
	"SHA256":  {sha256.New, sha256.Size, false},
	"SSHA256": {sha256.New, sha256.Size, true},
	"SHA384":  {sha512.New384, sha512.Size384, false},
	"SSHA384": {sha512.New384, sha512.Size384, true},
	"SHA512":  {sha512.New, sha512.Size, false},
	"SSHA512": {sha512.New, sha512.Size, true},
}

func (d digest) verify(value, clear []byte) bool {
	raw, err := unbase64(value)
	if err != nil || len(raw) < d.size || d.salted != (len(raw) > d.size) {
		return false
	}
	return equal(raw[:d.size], d.sum(clear, raw[d.size:]))
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
	return base64.RawStdEncoding.AppendDecode(nil, bytes.TrimRight(value, "="))
}
