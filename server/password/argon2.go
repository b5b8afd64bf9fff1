// argon2.go: Argon2i and Argon2id (RFC 9106) in the PHC string form.

package password

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Costs of Argon2. The caps are what one bind may take from everybody else.
const (
	argon2Memory  = 19 << 10 // KiB of a new value (OWASP's smallest set with t=2, p=1)
	argon2Time    = 2
	argon2Threads = 1
	argon2Key     = 32

	maxArgon2Memory  = 128 << 10 // KiB
	maxArgon2Time    = 32
	maxArgon2Threads = 16
	maxArgon2Work    = 1 << 20 // KiB times passes
	maxArgon2Key     = 512
)

// verifyArgon2 takes "$argon2id$v=19$m=65536,t=3,p=4$salt$key".
func verifyArgon2(value, clear []byte) bool {
	parts := strings.Split(string(value), "$")
	if len(parts) != 6 || parts[0] != "" || parts[2] != "v=19" {
		return false
	}
	memory, passes, threads, ok := argon2Costs(parts[3])
	if !ok {
		return false
	}
	salt, err := unbase64([]byte(parts[4]))
	if err != nil || len(salt) < 8 || len(salt) > maxSalt {
		return false
	}
	key, err := unbase64([]byte(parts[5]))
	if err != nil || len(key) < 4 || len(key) > maxArgon2Key {
		return false
	}
	switch parts[1] {
	case "argon2i":
		return equal(argon2.Key(clear, salt, passes, memory, threads, uint32(len(key))), key)
	case "argon2id":
		return equal(argon2.IDKey(clear, salt, passes, memory, threads, uint32(len(key))), key)
	}
	return false
}

// argon2Costs reads "m=65536,t=3,p=4" and refuses what is out of bounds.
func argon2Costs(text string) (memory, passes uint32, threads uint8, ok bool) {
	if _, err := fmt.Sscanf(text, "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return 0, 0, 0, false
	}
	if fmt.Sprintf("m=%d,t=%d,p=%d", memory, passes, threads) != text {
		return 0, 0, 0, false // signs, spaces or more behind it
	}
	ok = memory >= 1 && memory <= maxArgon2Memory && passes >= 1 && passes <= maxArgon2Time &&
		threads >= 1 && threads <= maxArgon2Threads && memory*passes <= maxArgon2Work
	return memory, passes, threads, ok
}

func hashArgon2(clear []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	key := argon2.IDKey(clear, salt, argon2Time, argon2Memory, argon2Threads, argon2Key)
	return fmt.Appendf(nil, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argon2Memory, argon2Time, argon2Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}
