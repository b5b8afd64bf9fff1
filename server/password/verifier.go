// verifier.go: checking a password against a stored value.

package password

import (
	"crypto/rand"
	"runtime"
)

// maxCostly bounds the costly verifications that run at once, however many
// cores there are: each may take 128 MiB.
const maxCostly = 4

// Verifier checks passwords. It bounds how many costly checks run at once and
// remembers the successful ones, so that a program that binds again and again
// pays once. It is safe for concurrent use.
type Verifier struct {
	slots chan struct{}
	known *cache
}

// NewVerifier makes a Verifier with an empty memory.
func NewVerifier() *Verifier {
	return &Verifier{slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), maxCostly)), known: newCache()}
}

// Verify tells whether clear is the password of a stored userPassword value.
// A value without scheme is clear text. An unknown scheme, a damaged value and
// one whose costs are beyond the bounds of this package are never matched, and
// that answer comes at once. A costly check may wait for others to end.
func (v *Verifier) Verify(stored, clear []byte) bool {
	if matches, known := v.AtOnce(stored, clear); known {
		return matches
	}
	v.slots <- struct{}{}
	defer func() { <-v.slots }()
	name, value, _ := split(stored)
	if s, _ := lookup(name); !s.verify(value, clear) {
		return false
	}
	v.known.add(v.known.proof(stored, clear))
	return true
}

// AtOnce is Verify if that takes no more than microseconds. Else known is false.
func (v *Verifier) AtOnce(stored, clear []byte) (matches, known bool) {
	if len(stored) == 0 {
		return false, true
	}
	name, value, ok := split(stored)
	if !ok {
		return equal(stored, clear), true
	}
	s, ok := lookup(name)
	switch {
	case !ok || len(value) == 0 || len(stored) > maxStored:
		return false, true
	case !s.costly:
		return s.verify(value, clear), true
	}
	known = v.known.has(v.known.proof(stored, clear))
	return known, known
}

// Generate makes a password for a Password Modify request that brings none
// (RFC 3062 2): 26 letters and digits with 128 random bits.
func Generate() []byte { return []byte(rand.Text()) }
