// pbkdf2.go: the form of OpenLDAP's pw-pbkdf2 module: iterations$salt$key.

package password

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
)

// Costs of PBKDF2.
const (
	pbkdf2Iterations    = 10_000    // of a new value; what slapd's module writes too
	maxPBKDF2Iterations = 1_000_000 // of a stored value: about a second
	maxSalt             = 1024      // bytes
)

// pbkdf2Function is the hash function below PBKDF2 (RFC 8018 5.2).
type pbkdf2Function struct{ new func() hash.Hash }

var pbkdf2Functions = map[string]pbkdf2Function{
	"PBKDF2":        {sha1.New},
	"PBKDF2-SHA1":   {sha1.New},
	"PBKDF2-SHA256": {sha256.New},
	"PBKDF2-SHA512": {sha512.New},
}

// ab64 is base64 without padding and with "." for "+".
var ab64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

func (f pbkdf2Function) verify(value, clear []byte) bool {
	parts := strings.Split(string(value), "$")
	if len(parts) != 3 {
		return false
	}
	iterations, err := strconv.Atoi(parts[0])
	if err != nil || iterations < 1 || iterations > maxPBKDF2Iterations {
		return false
	}
	salt, err := ab64.DecodeString(parts[1])
	if err != nil || len(salt) == 0 || len(salt) > maxSalt {
		return false
	}
	key, err := ab64.DecodeString(parts[2])
	if err != nil || len(key) != f.new().Size() {
		return false
	}
	got, err := pbkdf2.Key(f.new, string(clear), salt, iterations, len(key))
	return err == nil && equal(got, key)
}

func (f pbkdf2Function) hash(clear []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(f.new, string(clear), salt, pbkdf2Iterations, f.new().Size())
	if err != nil {
		return nil, err
	}
	text := strconv.Itoa(pbkdf2Iterations) + "$" + ab64.EncodeToString(salt) + "$" + ab64.EncodeToString(key)
	return []byte(text), nil
}
