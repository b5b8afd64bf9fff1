package schema

// Rules about names and object identifiers (RFC 4517 4.2.15, 4.2.25, 4.2.26,
// 4.2.31) and about the first component of definitions.

import (
	"bytes"
	"errors"
)

var (
	errNotOID       = errors.New("not an object identifier")
	errNotComponent = errors.New("no first component")
)

func normalizeDN(s *Schema, dst, value []byte) ([]byte, error) { return s.AppendDNKey(dst, value) }

// normalizeNameAndUID: a name, then perhaps '#' and a bit string. The two are
// kept apart by a sequence that no key contains.
func normalizeNameAndUID(s *Schema, dst, value []byte) ([]byte, error) {
	name, bits := splitNameAndUID(value)
	out, err := s.AppendDNKey(dst, name)
	if err != nil || bits == nil {
		return out, err
	}
	if out, err = normalizeBitString(s, append(out, 1, 4), bits); err != nil {
		return dst, err
	}
	return out, nil
}

// splitNameAndUID cuts the bit string off; bits is nil if there is none.
func splitNameAndUID(value []byte) (name, bits []byte) {
	if !bytes.HasSuffix(value, []byte("'B")) {
		return value, nil
	}
	at := bytes.LastIndex(value, []byte("#'"))
	if at < 0 {
		return value, nil
	}
	return value[:at], value[at+1:]
}

// normalizeOID gives the number of what the schema knows by name, else the
// name in lower case. A name that a class and an attribute type share means
// the class.
func normalizeOID(s *Schema, dst, value []byte) ([]byte, error) {
	if !validKeystring(value) {
		return dst, errNotOID
	}
	if isDigit(value[0]) {
		return append(dst, value...), nil
	}
	if c := s.ObjectClass(value); c != nil {
		return append(dst, c.OID...), nil
	}
	if t := s.AttributeType(value); t != nil {
		return append(dst, t.OID...), nil
	}
	if r := s.MatchingRule(value); r != nil {
		return append(dst, r.OID...), nil
	}
	return appendLower(dst, value), nil
}

// firstComponent makes a rule compare the first component of a value such as
// "( 2.5.4.3 NAME 'cn' )" with an assertion that is only that component.
func firstComponent(n normalizer) normalizer {
	return func(s *Schema, dst, value []byte) ([]byte, error) {
		first := bytes.TrimLeft(value, " ")
		if len(first) == 0 || first[0] != '(' {
			return n(s, dst, value)
		}
		first = bytes.TrimLeft(first[1:], " ")
		if len(first) > 0 && first[0] == '\'' {
			end := bytes.IndexByte(first[1:], '\'')
			if end < 0 {
				return dst, errNotComponent
			}
			return n(s, dst, first[1:1+end])
		}
		if end := bytes.IndexAny(first, " )"); end >= 0 {
			first = first[:end]
		}
		return n(s, dst, first)
	}
}
