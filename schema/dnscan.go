package schema

// The text of a distinguished name, taken apart without allocation. Everything
// that reads DNs (ParseDN, AppendDNKey) reads them here, so that both accept
// the same names.

import (
	"bytes"
	"errors"
	"fmt"
)

// Bounds of one name. Longer names are ErrDN: they come from attackers, and
// work on a name must stay bounded.
const (
	maxDNLength = 64 << 10 // bytes of text
	maxRDNs     = 1000     // of one name
	maxAVAs     = 32       // of one RDN
)

// ErrDN is wrapped by every error about the text of a name.
var ErrDN = errors.New("not a distinguished name")

// valueForm tells how the value of an AVA is written.
type valueForm uint8

const (
	plainValue   valueForm = iota
	escapedValue           // with backslashes
	quotedValue            // RFC 1779: within quotes; the quotes are cut off
	hexValue               // '#' and BER in hexadecimal; the '#' is cut off
)

// avaText is one attribute value assertion as written.
type avaText struct {
	typ   []byte // keystring, without "OID."
	value []byte
	form  valueForm
	next  byte // what follows: '+', ',' or 0 at the end of the name
}

// dnScanner walks over the text of a name, leaf first.
type dnScanner struct {
	in  []byte
	pos int
}

func (s *dnScanner) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrDN, what, s.pos)
}

func (s *dnScanner) skipSpace() {
	for s.pos < len(s.in) && s.in[s.pos] == ' ' {
		s.pos++
	}
}

// next reads one AVA and the separator behind it.
func (s *dnScanner) next() (a avaText, err error) {
	s.skipSpace()
	n := bytes.IndexByte(s.in[s.pos:], '=')
	if n < 0 {
		return a, s.fail("missing '='")
	}
	a.typ = bytes.TrimRight(s.in[s.pos:s.pos+n], " ")
	if len(a.typ) > 4 && isDigit(a.typ[4]) && a.typ[3] == '.' && bytes.EqualFold(a.typ[:3], []byte("oid")) {
		a.typ = a.typ[4:]
	}
	if !validKeystring(a.typ) {
		return a, s.fail("bad attribute type")
	}
	s.pos += n + 1
	s.skipSpace()
	switch {
	case s.pos < len(s.in) && s.in[s.pos] == '"':
		err = s.quoted(&a)
	case s.pos < len(s.in) && s.in[s.pos] == '#':
		err = s.hex(&a)
	default:
		err = s.plain(&a)
	}
	if err != nil {
		return a, err
	}
	return a, s.separator(&a)
}

// separator reads what follows a value.
func (s *dnScanner) separator(a *avaText) error {
	s.skipSpace()
	if s.pos == len(s.in) {
		return nil
	}
	switch c := s.in[s.pos]; c {
	case '+', ',':
		a.next = c
	case ';': // RFC 2253 section 4: LDAPv2 clients write it for ','
		a.next = ','
	default:
		return s.fail("missing separator")
	}
	s.pos++
	return nil
}

func (s *dnScanner) plain(a *avaText) error {
	start, end := s.pos, s.pos
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ',', ';', '+':
			a.value = s.in[start:end]
			return nil
		case '"', '<', '>', 0:
			return s.fail("unescaped special character")
		case '\\':
			a.form = escapedValue
			n := escapeLength(s.in[s.pos:])
			if n == 0 {
				return s.fail("bad escape")
			}
			s.pos += n
			end = s.pos
		case ' ': // insignificant unless something follows
			s.pos++
		default:
			s.pos++
			end = s.pos
		}
	}
	a.value = s.in[start:end]
	return nil
}

func (s *dnScanner) quoted(a *avaText) error {
	s.pos++
	a.form = quotedValue
	start := s.pos
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case '"':
			a.value = s.in[start:s.pos]
			s.pos++
			return nil
		case '\\':
			n := escapeLength(s.in[s.pos:])
			if n == 0 {
				return s.fail("bad escape")
			}
			s.pos += n
		case 0:
			return s.fail("unescaped special character")
		default:
			s.pos++
		}
	}
	return s.fail("unterminated quote")
}

func (s *dnScanner) hex(a *avaText) error {
	s.pos++
	a.form = hexValue
	start := s.pos
	for s.pos < len(s.in) && unhex(s.in[s.pos]) >= 0 {
		s.pos++
	}
	a.value = s.in[start:s.pos]
	if len(a.value) == 0 || len(a.value)%2 != 0 {
		return s.fail("bad hexadecimal value")
	}
	return nil
}

// escapeLength is the length of the escape at the start of b, 0 if it is none.
func escapeLength(b []byte) int {
	switch {
	case len(b) >= 3 && unhex(b[1]) >= 0 && unhex(b[2]) >= 0:
		return 3
	case len(b) >= 2 && bytes.IndexByte([]byte(` "#+,;<=>\`), b[1]) >= 0:
		return 2
	}
	return 0
}

// unhex is the value of a hexadecimal digit, -1 if c is none.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendValue appends the value itself, without escapes.
func (a *avaText) appendValue(dst []byte) ([]byte, error) {
	switch a.form {
	case plainValue:
		return append(dst, a.value...), nil
	case hexValue:
		return a.appendBER(dst)
	}
	for i := 0; i < len(a.value); i++ {
		c := a.value[i]
		if c == '\\' { // the scanner has checked what follows
			i++
			c = a.value[i]
			if h := unhex(c); h >= 0 {
				i++
				c = byte(h<<4 | unhex(a.value[i]))
			}
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// Universal BER tags of values that are octets or text, and that therefore
// have an LDAP form without further knowledge.
const (
	tagOctetString     = 4
	tagUTF8String      = 12
	tagNumericString   = 18
	tagPrintableString = 19
	tagIA5String       = 22
)

// appendBER takes the value out of the BER of a '#' form (RFC 4514 2.4).
func (a *avaText) appendBER(dst []byte) ([]byte, error) {
	start := len(dst)
	for i := 0; i < len(a.value); i += 2 {
		dst = append(dst, byte(unhex(a.value[i])<<4|unhex(a.value[i+1])))
	}
	ber := dst[start:]
	switch ber[0] {
	case tagOctetString, tagUTF8String, tagNumericString, tagPrintableString, tagIA5String:
	default:
		return dst[:start], fmt.Errorf("%w: unsupported BER type in '#' value", ErrDN)
	}
	head, length := 2, 0
	if len(ber) >= 2 && ber[1] < 0x80 {
		length = int(ber[1])
	} else if n := 0; len(ber) >= 2 {
		if n = int(ber[1] & 0x7f); n == 0 || n > 3 || len(ber) < 2+n {
			return dst[:start], fmt.Errorf("%w: bad BER length in '#' value", ErrDN)
		}
		for _, c := range ber[2 : 2+n] {
			length = length<<8 | int(c)
		}
		head += n
	}
	if len(ber) != head+length {
		return dst[:start], fmt.Errorf("%w: bad BER length in '#' value", ErrDN)
	}
	n := copy(ber, ber[head:])
	return dst[:start+n], nil
}
