// scheme.go: the name in braces and what belongs to it.

package password

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// DefaultScheme is the scheme of new values unless another one is configured.
const DefaultScheme = "{SSHA512}"

// Limits of what is looked at: a stored value comes from whoever could write
// the entry, and a password from anybody.
const (
	maxStored = 4096 // bytes of a hashed value; the longest real one has about 200
	saltSize  = 16   // bytes of a new salt
)

// ErrScheme is returned for a scheme in which no new value can be made.
var ErrScheme = errors.New("password: no new values in this scheme")

// scheme is one entry of the table.
type scheme struct {
	verify func(value, clear []byte) bool
	hash   func(clear []byte) ([]byte, error) // value after the braces; nil: only checked
	costly bool                               // made to be slow
}

// schemes are all of them, by their names in capitals.
var schemes = makeSchemes()

func makeSchemes() map[string]scheme {
	all := map[string]scheme{
		"ARGON2":    {verify: verifyArgon2, hash: hashArgon2, costly: true},
		"CRYPT":     {verify: verifyCrypt, costly: true},
		"CLEARTEXT": {verify: equal, hash: func(clear []byte) ([]byte, error) { return clear, nil }},
	}
	for name, d := range digests {
		s := scheme{verify: d.verify}
		if d.salted {
			s.hash = d.hash
		}
		all[name] = s
	}
	for name, f := range pbkdf2Functions {
		all[name] = scheme{verify: f.verify, hash: f.hash, costly: true}
	}
	return all
}

// lookup finds a scheme by its name without braces, in any case.
func lookup(name []byte) (scheme, bool) {
	s, ok := schemes[string(name)]
	if !ok {
		s, ok = schemes[strings.ToUpper(string(name))]
	}
	return s, ok
}

// split takes "{SCHEME}value" apart; ok is false for clear text, which may
// begin with a brace as well as long as no closing one follows.
func split(stored []byte) (name, value []byte, ok bool) {
	end := bytes.IndexByte(stored, '}')
	if end < 0 || stored[0] != '{' {
		return nil, stored, false
	}
	return stored[1:end], stored[end+1:], true
}

// Hash makes a value of userPassword from a clear password. scheme is written
// with its braces, as in "{SSHA512}". The error is ErrScheme for a scheme that
// is unknown or too weak for new values (unsalted digests, {CRYPT}).
func Hash(scheme string, clear []byte) ([]byte, error) {
	s, err := hashable(scheme)
	if err != nil {
		return nil, err
	}
	value, err := s.hash(clear)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return append([]byte(strings.ToUpper(scheme)), value...), nil
}

// CheckScheme tells with ErrScheme that Hash would refuse a scheme.
func CheckScheme(scheme string) error {
	_, err := hashable(scheme)
	return err
}

func hashable(name string) (scheme, error) {
	inner, rest, ok := split([]byte(name))
	if !ok || len(rest) > 0 {
		return scheme{}, fmt.Errorf("%w: %q (write it in braces, as %s)", ErrScheme, name, DefaultScheme)
	}
	s, ok := lookup(inner)
	if !ok || s.hash == nil {
		return scheme{}, fmt.Errorf("%w: %q", ErrScheme, name)
	}
	return s, nil
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
