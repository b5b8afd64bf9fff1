// frame.go: where a message ends, before any memory is spent on it.

package wire

import (
	"errors"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// MaxHeader is the number of bytes after which FrameLength always has an
// answer.
const MaxHeader = 10

// FrameLength returns the total length in bytes, header included, of the
// LDAPMessage at the start of b. n is 0 as long as b ends within the header.
// A first byte that is no SEQUENCE is ErrNotLDAP, a length above limit is
// ErrTooLarge and one that is indefinite (RFC 4511 5.1) or does not fit into
// 31 bits is ErrLength; all are of kind ErrFatal.
func FrameLength(b []byte, limit int) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if b[0] != ber.TagSequence {
		return 0, ErrNotLDAP
	}
	_, size, length, err := ber.Header(b)
	switch {
	case errors.Is(err, ber.ErrShort):
		return 0, nil
	case err != nil:
		return 0, ErrLength
	case length > limit-size:
		return 0, ErrTooLarge
	}
	return size + length, nil
}
