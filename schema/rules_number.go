package schema

// Rules about numbers, booleans, bits and identifiers of fixed form.

import (
	"errors"
	"strconv"
)

var (
	errNotInteger = errors.New("not an integer")
	errNotBoolean = errors.New("neither TRUE nor FALSE")
	errNotBits    = errors.New("not a bit string")
	errNotUUID    = errors.New("not a UUID")
	errNotCSN     = errors.New("not a CSN")
)

// integerDigits gives the sign and the digits without leading zeros.
func integerDigits(value []byte) (negative bool, digits []byte, ok bool) {
	digits = value
	if len(digits) > 0 && digits[0] == '-' {
		negative, digits = true, digits[1:]
	}
	if len(digits) == 0 {
		return false, nil, false
	}
	for _, c := range digits {
		if !isDigit(c) {
			return false, nil, false
		}
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return negative && digits[0] != '0', digits, true
}

// normalizeInteger gives a form whose order as bytes is that of the numbers,
// of whatever size: 'p', the count of the digits and before it the count of
// that count's digits, then the digits: 5 is "p115", 389 is "p13389". Negative
// ones begin with 'n' and have nine's complements: -5 is "n884".
func normalizeInteger(_ *Schema, dst, value []byte) ([]byte, error) {
	negative, digits, ok := integerDigits(value)
	if !ok {
		return dst, errNotInteger
	}
	var buf [20]byte
	count := strconv.AppendInt(buf[:0], int64(len(digits)), 10)
	sign := byte('p')
	if negative {
		sign = 'n'
	}
	mark := len(dst) + 1
	dst = append(dst, sign, '0'+byte(len(count)))
	dst = append(append(dst, count...), digits...)
	if negative {
		for i := mark; i < len(dst); i++ {
			dst[i] = '0' + '9' - dst[i]
		}
	}
	return dst, nil
}

// matchBits tells whether value has all, or any, of the bits of the assertion,
// in two's complement of 64 bits as the rules' inventor has it.
func matchBits(value, assertion []byte, all bool) bool {
	v, ok := bits64(value)
	m, ok2 := bits64(assertion)
	if !ok || !ok2 {
		return false
	}
	if all {
		return v&m == m
	}
	return v&m != 0
}

// bits64 reads a 64-bit number; one above the signed range is taken as bits.
func bits64(text []byte) (uint64, bool) {
	if len(text) > 20 {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return uint64(n), true
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	return n, err == nil
}

func matchBitAnd(_ *Schema, value, assertion []byte) bool { return matchBits(value, assertion, true) }
func matchBitOr(_ *Schema, value, assertion []byte) bool  { return matchBits(value, assertion, false) }

// normalizeBoolean takes lower case too: old dumps have it.
func normalizeBoolean(_ *Schema, dst, value []byte) ([]byte, error) {
	switch {
	case equalFoldASCII(value, "TRUE"):
		return append(dst, "TRUE"...), nil
	case equalFoldASCII(value, "FALSE"):
		return append(dst, "FALSE"...), nil
	}
	return dst, errNotBoolean
}

// equalFoldASCII compares with upper-case text.
func equalFoldASCII(b []byte, upper string) bool {
	if len(b) != len(upper) {
		return false
	}
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

// normalizeBitString checks 'binary-digits'B (RFC 4517 3.3.2).
func normalizeBitString(_ *Schema, dst, value []byte) ([]byte, error) {
	if n := len(value); n < 3 || value[0] != '\'' || value[n-2] != '\'' || value[n-1] != 'B' {
		return dst, errNotBits
	}
	for _, c := range value[1 : len(value)-2] {
		if c != '0' && c != '1' {
			return dst, errNotBits
		}
	}
	return append(dst, value...), nil
}

// normalizeUUID: RFC 4530 2.1, in lower case.
func normalizeUUID(_ *Schema, dst, value []byte) ([]byte, error) {
	if len(value) != 36 {
		return dst, errNotUUID
	}
	for i, c := range value {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return dst, errNotUUID
			}
		} else if unhex(c) < 0 {
			return dst, errNotUUID
		}
	}
	return appendLower(dst, value), nil
}

// csnForm has a digit where a CSN has one and an 'h' where it has a
// hexadecimal digit (draft-ietf-ldup-model; the form of OpenLDAP).
const csnForm = "00000000000000.000000Z#hhhhhh#hhh#hhhhhh"

// ValidCSN tells whether text is a change sequence number.
func ValidCSN(text string) bool {
	_, err := normalizeCSN(nil, nil, []byte(text))
	return err == nil
}

func normalizeCSN(_ *Schema, dst, value []byte) ([]byte, error) {
	if len(value) != len(csnForm) {
		return dst, errNotCSN
	}
	for i, c := range value {
		switch f := csnForm[i]; f {
		case '0':
			if !isDigit(c) {
				return dst, errNotCSN
			}
		case 'h':
			if unhex(c) < 0 {
				return dst, errNotCSN
			}
		default:
			if c != f {
				return dst, errNotCSN
			}
		}
	}
	if _, err := parseTime(value[:22]); err != nil {
		return dst, errNotCSN
	}
	return appendLower(append(dst, value[:22]...), value[22:]), nil
}
