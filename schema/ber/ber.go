// Package ber has the few primitives of the Basic Encoding Rules that LDAP
// uses (RFC 4511 5.1): single-byte tags and definite lengths. It stands under
// both the wire protocol and the stored record, because an attribute is stored
// in the very form in which a search sends it.
//
// It is not a general ASN.1 library: no tag numbers above 30, no indefinite
// lengths, no constructed strings. All reading is by slicing; nothing is
// copied and nothing is allocated.
package ber

import (
	"errors"
	"math/bits"
)

// Universal tags as they appear in LDAP.
const (
	TagBoolean     = 0x01
	TagInteger     = 0x02
	TagOctetString = 0x04
	TagNull        = 0x05
	TagEnumerated  = 0x0a
	TagSequence    = 0x30
	TagSet         = 0x31
)

// Faults of the encoding.
var (
	ErrShort    = errors.New("ber: element is longer than what holds it")
	ErrTag      = errors.New("ber: unexpected tag")
	ErrLongTag  = errors.New("ber: tag number above 30")
	ErrLength   = errors.New("ber: length is indefinite or above 2^31")
	ErrInteger  = errors.New("ber: integer is empty or too large")
	ErrBoolean  = errors.New("ber: boolean is neither 00 nor FF")
	ErrTrailing = errors.New("ber: bytes behind the last element")
)

// Header reads tag and length at the start of b: size is the number of bytes
// of both, length that of the content behind them. ErrShort means that b ends
// within the header (more bytes may complete it); the content itself need not
// be in b. Lengths with leading zeros are legal BER and accepted.
func Header(b []byte) (tag byte, size, length int, err error) {
	if len(b) < 2 {
		if len(b) == 1 && b[0]&0x1f == 0x1f {
			return 0, 0, 0, ErrLongTag
		}
		return 0, 0, 0, ErrShort
	}
	tag = b[0]
	if tag&0x1f == 0x1f {
		return 0, 0, 0, ErrLongTag
	}
	if b[1] < 0x80 {
		return tag, 2, int(b[1]), nil
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 8 {
		return 0, 0, 0, ErrLength
	}
	if len(b) < 2+n {
		return 0, 0, 0, ErrShort
	}
	var v uint64
	for _, c := range b[2 : 2+n] {
		v = v<<8 | uint64(c)
	}
	if v > 1<<31-1 {
		return 0, 0, 0, ErrLength
	}
	return tag, 2 + n, int(v), nil
}

// Read takes the first element off b.
func Read(b []byte) (tag byte, content, rest []byte, err error) {
	tag, size, length, err := Header(b)
	if err != nil {
		return 0, nil, nil, err
	}
	if length > len(b)-size {
		return 0, nil, nil, ErrShort
	}
	end := size + length
	return tag, b[size:end:end], b[end:], nil
}

// Expect is Read for an element that must have the given tag.
func Expect(b []byte, want byte) (content, rest []byte, err error) {
	// Most elements are short: this spares them the general way.
	if len(b) >= 2 && b[0] == want && b[1] < 0x80 {
		if end := 2 + int(b[1]); end <= len(b) {
			return b[2:end:end], b[end:], nil
		}
	}
	return expect(b, want)
}

func expect(b []byte, want byte) (content, rest []byte, err error) {
	tag, content, rest, err := Read(b)
	if err != nil {
		return nil, nil, err
	}
	if tag != want {
		return nil, nil, ErrTag
	}
	return content, rest, nil
}

// Int reads the content of an INTEGER or ENUMERATED of at most 8 bytes.
func Int(content []byte) (int64, error) {
	if len(content) == 0 || len(content) > 8 {
		return 0, ErrInteger
	}
	v := int64(int8(content[0]))
	for _, c := range content[1:] {
		v = v<<8 | int64(c)
	}
	return v, nil
}

// Bool reads the content of a BOOLEAN; RFC 4511 5.1 allows FF alone as true.
func Bool(content []byte) (bool, error) {
	if len(content) != 1 || (content[0] != 0 && content[0] != 0xff) {
		return false, ErrBoolean
	}
	return content[0] == 0xff, nil
}

// HeaderSize is the number of bytes that AppendHeader writes for a content of
// n bytes.
func HeaderSize(n int) int {
	if n < 0x80 {
		return 2
	}
	return 2 + (bits.Len(uint(n))+7)/8
}

// AppendHeader appends tag and minimal length of a content of n bytes.
func AppendHeader(dst []byte, tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, tag, byte(n))
	case n < 0x100:
		return append(dst, tag, 0x81, byte(n))
	case n < 0x10000:
		return append(dst, tag, 0x82, byte(n>>8), byte(n))
	case n < 0x1000000:
		return append(dst, tag, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, tag, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// AppendBytes appends an element with the given content.
func AppendBytes(dst []byte, tag byte, content []byte) []byte {
	return append(AppendHeader(dst, tag, len(content)), content...)
}

// AppendString is AppendBytes for a string.
func AppendString(dst []byte, tag byte, content string) []byte {
	return append(AppendHeader(dst, tag, len(content)), content...)
}

// IntSize is the number of bytes that AppendInt writes for v.
func IntSize(v int64) int { return 2 + intLength(v) }

func intLength(v int64) int {
	n := 1
	for n < 8 && (v>>(8*n-1) != 0 && v>>(8*n-1) != -1) {
		n++
	}
	return n
}

// AppendInt appends an INTEGER or ENUMERATED in its minimal form.
func AppendInt(dst []byte, tag byte, v int64) []byte {
	n := intLength(v)
	dst = append(dst, tag, byte(n))
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(v>>(8*i)))
	}
	return dst
}

// AppendBool appends a BOOLEAN.
func AppendBool(dst []byte, tag byte, v bool) []byte {
	if v {
		return append(dst, tag, 1, 0xff)
	}
	return append(dst, tag, 1, 0)
}

// Begin opens a constructed element whose length is not known yet; End closes
// it. mark is to be handed to End.
func Begin(dst []byte, tag byte) (out []byte, mark int) {
	return append(dst, tag, 0), len(dst)
}

// End writes the length of the element that Begin opened at mark. A content
// of 128 bytes or more is moved to make room for the longer length.
func End(dst []byte, mark int) []byte {
	n := len(dst) - mark - 2
	extra := HeaderSize(n) - 2
	if extra == 0 {
		dst[mark+1] = byte(n)
		return dst
	}
	var pad [4]byte
	dst = append(dst, pad[:extra]...)
	copy(dst[mark+2+extra:], dst[mark+2:mark+2+n])
	AppendHeader(dst[:mark], dst[mark], n)
	return dst
}
