// crypt.go: values of crypt(3), as libxcrypt and old Solaris wrote them.

package password

import (
	"strconv"
	"strings"

	"github.com/go-crypt/crypt"
	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/md5crypt"
	"github.com/go-crypt/crypt/algorithm/sha1crypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-crypt/x/yescrypt"
)

// Bounds of crypt(3). The length of the password matters here: SHA-crypt
// hashes it again in every round.
const (
	maxCryptPassword = 512 // bytes, as libxcrypt
	maxCryptRounds   = 1_000_000
	maxBcryptCost    = 14 // 2^14: about a second
	maxYescryptLog2N = 15 // with r=32: 128 MiB
)

// verifyCrypt takes DES ("ab" and 11 more), $1$, $md5 (Solaris), $2a$, $2b$,
// $2y$, $5$, $6$, $sha1$ and $y$.
func verifyCrypt(value, clear []byte) (ok bool) {
	if len(clear) > maxCryptPassword {
		return false
	}
	text := string(value)
	if len(text) == desLength && text[0] != '$' {
		return verifyDES(text, clear)
	}
	if !affordable(text) {
		return false
	}
	// The libraries below see text that nobody has looked at as a whole; a
	// damaged value is a wrong password and must not end the process.
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if strings.HasPrefix(text, "$y$") {
		hashed, err := yescrypt.Hash(clear, value)
		return err == nil && equal(hashed, value)
	}
	d, err := decodeCrypt(text)
	if err != nil {
		return false
	}
	match, err := d.MatchBytesAdvanced(clear)
	return err == nil && match
}

// decodeCrypt chooses the algorithms one by one: the library's default set
// changes between its versions.
func decodeCrypt(text string) (algorithm.Digest, error) {
	d := crypt.NewDecoder()
	for _, register := range []func(algorithm.DecoderRegister) error{
		bcrypt.RegisterDecoder, md5crypt.RegisterDecoder, sha1crypt.RegisterDecoder, shacrypt.RegisterDecoder,
	} {
		if err := register(d); err != nil {
			return nil, err
		}
	}
	return d.Decode(text)
}

// affordable reads the cost out of the setting and compares it with the bounds.
func affordable(text string) bool {
	parts := strings.Split(text, "$")
	if len(parts) < 4 || parts[0] != "" {
		return false
	}
	switch id, setting := parts[1], parts[2]; {
	case id == "1", id == "md5":
		return true
	case strings.HasPrefix(id, "md5,"):
		return roundsWithin(strings.TrimPrefix(id, "md5,rounds="))
	case id == "5", id == "6":
		rounds, given := strings.CutPrefix(setting, "rounds=")
		return !given || roundsWithin(rounds)
	case id == "sha1":
		return roundsWithin(setting)
	case id == "2a", id == "2b", id == "2y":
		cost, err := strconv.Atoi(setting)
		return err == nil && cost >= 4 && cost <= maxBcryptCost
	case id == "y":
		_, log2n, r, err := yescrypt.DecodeSetting([]byte(setting))
		return err == nil && log2n >= 10 && log2n <= maxYescryptLog2N && r >= 1 && r <= 32
	}
	return false
}

func roundsWithin(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 0 && n <= maxCryptRounds
}
