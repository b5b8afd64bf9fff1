package schema

// Distinguished names taken apart (RFC 4514), for showing and renaming. Finding
// entries uses keys instead, see dnkey.go.

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// AVA is an attribute type with a value that names an entry.
type AVA struct {
	Desc  AttributeDescription // never with options
	Value []byte               // without escapes
}

// RDN is a relative distinguished name: one AVA, or several of different types
// in the order of their names.
type RDN []AVA

// DN is a distinguished name, leaf first. The empty DN is the root DSE.
type DN []RDN

// ParseDN reads the text of a name: RFC 4514, and what RFC 1779 and RFC 2253
// clients send (spaces around separators, ';' for ',', quoted values, "OID."
// before a number). Unknown attribute types are no error. A value that its
// type's equality rule cannot normalise is one. Errors wrap ErrDN.
func (s *Schema) ParseDN(dn []byte) (DN, error) {
	if err := checkDNText(dn); err != nil || isBlank(dn) {
		return nil, err
	}
	var (
		scan = dnScanner{in: dn}
		out  DN
		rdn  RDN
		key  = make([]byte, 0, 2*len(dn)) // not to grow with each AVA
	)
	for {
		a, err := scan.next()
		if err != nil {
			return nil, err
		}
		if key, err = s.appendAVAKey(key[:0], &a); err != nil {
			return nil, err
		}
		value, err := a.appendValue(nil)
		if err != nil {
			return nil, err
		}
		d, err := s.ParseDescription(a.typ)
		if err != nil {
			return nil, fmt.Errorf("%w: bad attribute type", ErrDN)
		}
		if rdn.Value(d.Name) != nil {
			return nil, fmt.Errorf("%w: attribute type twice in one RDN", ErrDN)
		}
		rdn = append(rdn, AVA{d, value})
		if len(rdn) > maxAVAs {
			return nil, fmt.Errorf("%w: too many values in one RDN", ErrDN)
		}
		if a.next == '+' {
			continue
		}
		slices.SortFunc(rdn, func(a, b AVA) int { return strings.Compare(strings.ToLower(a.Desc.Name), strings.ToLower(b.Desc.Name)) })
		if out, rdn = append(out, rdn), nil; len(out) > maxRDNs {
			return nil, fmt.Errorf("%w: too many RDNs", ErrDN)
		}
		if a.next == 0 {
			return out, nil
		}
	}
}

// Value gives the value of the AVA whose type has the given canonical name;
// nil if there is none.
func (r RDN) Value(name string) []byte {
	for i := range r {
		if r[i].Desc.Name == name {
			if r[i].Value == nil {
				return []byte{}
			}
			return r[i].Value
		}
	}
	return nil
}

// PrettyDN gives dn the form in which the server shows names: RFC 4514 with
// canonical attribute names, nothing optional, values as they came.
func (s *Schema) PrettyDN(dn []byte) (string, error) {
	d, err := s.ParseDN(dn)
	if err != nil {
		return "", err
	}
	return d.String(), nil
}

// String is the RFC 4514 text of d.
func (d DN) String() string {
	var dst []byte
	for i, r := range d {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = r.append(dst)
	}
	return string(dst)
}

// String is the RFC 4514 text of r.
func (r RDN) String() string { return string(r.append(nil)) }

func (r RDN) append(dst []byte) []byte {
	for i, a := range r {
		if i > 0 {
			dst = append(dst, '+')
		}
		dst = append(dst, a.Desc.Name...)
		dst = append(dst, '=')
		dst = appendEscaped(dst, a.Value)
	}
	return dst
}

// appendEscaped writes a value with the escapes that RFC 4514 2.4 asks for and
// '=', in hexadecimal: the very text that slapd gives. A value that is no text
// becomes '#' and hexadecimal BER.
func appendEscaped(dst, value []byte) []byte {
	if !utf8.Valid(value) {
		return hex.AppendEncode(append(dst, '#'), berOctets(value))
	}
	for i, c := range value {
		edge := i == 0 || i == len(value)-1
		switch {
		case c == ' ' && edge, c == '#' && i == 0, c == 0,
			c == '"', c == '+', c == ',', c == ';', c == '<', c == '=', c == '>', c == '\\':
			const digits = "0123456789ABCDEF"
			dst = append(dst, '\\', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// berOctets is value as a BER OCTET STRING.
func berOctets(value []byte) []byte {
	n := len(value)
	out := []byte{tagOctetString}
	switch {
	case n < 0x80:
		out = append(out, byte(n))
	case n <= 0xff:
		out = append(out, 0x81, byte(n))
	case n <= 0xffff:
		out = append(out, 0x82, byte(n>>8), byte(n))
	default:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, value...)
}

// ParentDN is the text of dn without its first RDN: "" for a name of one RDN.
func ParentDN(dn string) string {
	_, tail, _ := SplitDN(dn, 1)
	return tail
}

// SplitDN cuts the text of a name behind its first n RDNs, honouring escapes
// and quotes: "a=1,b=2,c=3" at 1 is "a=1" and "b=2,c=3". ok is false when dn
// has fewer than n RDNs; head is then all of dn. The text is not checked
// otherwise.
func SplitDN(dn string, n int) (head, tail string, ok bool) {
	if n <= 0 {
		return "", dn, n == 0
	}
	quoted, end := false, 0 // end: behind the last byte that is no optional space
	for i := 0; i < len(dn); i++ {
		switch c := dn[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == ';') && !quoted:
			if n--; n == 0 {
				return dn[:end], strings.TrimLeft(dn[i+1:], " "), true
			}
		case c == ' ':
			continue
		}
		end = i + 1
	}
	return dn, "", n == 1 && strings.TrimLeft(dn, " ") != ""
}

// checkDNText checks what concerns the text as a whole.
func checkDNText(dn []byte) error {
	if len(dn) > maxDNLength {
		return fmt.Errorf("%w: longer than %d bytes", ErrDN, maxDNLength)
	}
	if !utf8.Valid(dn) {
		return fmt.Errorf("%w: not UTF-8", ErrDN)
	}
	return nil
}

func isBlank(b []byte) bool {
	for _, c := range b {
		if c != ' ' {
			return false
		}
	}
	return true
}
