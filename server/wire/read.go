// read.go: a cursor over the elements of a message that keeps the first error.

package wire

import (
	"errors"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// reader takes elements off the front of rest. After the first error every
// method returns zero values, so that a decoder reads all fields and looks at
// err once.
type reader struct {
	rest   []byte
	err    error
	limits *Limits // nil: the defaults
}

// fail keeps the first error and empties the input, which ends all loops.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

// more tells whether there is another element.
func (r *reader) more() bool { return len(r.rest) > 0 }

// at tells whether the next element has the given tag; for optional elements.
func (r *reader) at(tag byte) bool { return len(r.rest) > 0 && r.rest[0] == tag }

// element takes the content of the next element, which must have this tag.
func (r *reader) element(tag byte) []byte {
	// Nearly every element of a request has a length of one byte.
	if b := r.rest; len(b) >= 2 && b[0] == tag && b[1] < 0x80 {
		if end := 2 + int(b[1]); end <= len(b) {
			r.rest = b[end:]
			return b[2:end:end]
		}
	}
	return r.elementSlow(tag)
}

func (r *reader) elementSlow(tag byte) []byte {
	if r.err == nil && len(r.rest) > 0 && r.rest[0] != tag {
		r.fail(wrongTag(r.rest[0]))
		return nil
	}
	_, content := r.any()
	return content
}

// any takes the next element, whatever it is.
func (r *reader) any() (tag byte, content []byte) {
	if r.err != nil {
		return 0, nil
	}
	if len(r.rest) == 0 {
		r.fail(errMissing)
		return 0, nil
	}
	tag, content, rest, err := ber.Read(r.rest)
	switch {
	case err == nil:
		r.rest = rest
		return tag, content
	case errors.Is(err, ber.ErrShort):
		r.fail(ErrTruncated)
	case errors.Is(err, ber.ErrLength):
		r.fail(ErrLength)
	default:
		r.fail(ErrEncoding)
	}
	return 0, nil
}

// wrongTag tells an element that LDAP has, but not here (a malformed request),
// from one that no LDAP message has, such as a REAL or a constructed OCTET
// STRING (RFC 4511 5.1 forbids it): the sender does not speak LDAP.
func wrongTag(tag byte) error {
	if tag&0x1f == 0x1f {
		return ErrEncoding
	}
	if tag >= 0x40 {
		return errTag
	}
	switch tag {
	case ber.TagBoolean, ber.TagInteger, ber.TagOctetString, ber.TagNull,
		ber.TagEnumerated, ber.TagSequence, ber.TagSet:
		return errTag
	}
	return ErrEncoding
}

// octets takes an OCTET STRING.
func (r *reader) octets() []byte { return r.element(ber.TagOctetString) }

// within returns a reader over the content of the next element.
func (r *reader) within(tag byte) reader {
	content := r.element(tag)
	return reader{rest: content, err: r.err, limits: r.limits}
}

// integer takes an INTEGER of min to max.
func (r *reader) integer(min, max int64) int64 {
	content := r.element(ber.TagInteger)
	if r.err != nil {
		return 0
	}
	v, err := ber.Int(content)
	if err != nil || v < min || v > max {
		r.fail(errInteger)
		return 0
	}
	return v
}

// enumerated takes an ENUMERATED of 0 to max.
func (r *reader) enumerated(max int64) int64 {
	content := r.element(ber.TagEnumerated)
	if r.err != nil {
		return 0
	}
	v, err := ber.Int(content)
	if err != nil || v < 0 || v > max {
		r.fail(errEnumerated)
		return 0
	}
	return v
}

// boolean takes a BOOLEAN, which may be tagged implicitly. RFC 4511 5.1 has TRUE
// sent as FF; widespread clients send 01, which is legal BER, so any octet but 0
// is taken as TRUE.
func (r *reader) boolean(tag byte) bool {
	content := r.element(tag)
	if r.err == nil && len(content) != 1 {
		r.fail(ErrEncoding)
	}
	return r.err == nil && content[0] != 0
}

// end finishes a SEQUENCE: components behind the known ones are ignored, as
// RFC 4511 4 demands, when they are sound elements. It returns the first error.
func (r *reader) end() error {
	for r.more() {
		r.any()
	}
	return r.err
}

// last finishes what may hold one element only.
func (r *reader) last() error {
	if r.more() {
		r.fail(errTrailing)
	}
	return r.err
}

// ends finishes a value that is one SEQUENCE, r, and nothing else.
func (outer *reader) ends(r *reader) error {
	if err := r.end(); err != nil {
		return inValue(err)
	}
	return inValue(outer.last())
}

// count returns how many elements are left, without taking them; it looks at
// no more than one element above max.
func (r *reader) count(max int) int {
	c := *r
	n := 0
	for c.more() && n <= max {
		c.any()
		n++
	}
	if c.err != nil {
		r.fail(c.err)
		return 0
	}
	return n
}
