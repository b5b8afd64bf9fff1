// name.go: distinguished names (RFC 4514) and when they are the same.

package model

import (
	"encoding/hex"
	"slices"
	"strings"
)

// Name is a distinguished name: the RDNs from the entry up to the root.
type Name []RDN

// RDN is a relative distinguished name, sorted by type.
type RDN []AVA

// AVA is one attribute and value of an RDN.
type AVA struct {
	typ   *attributeType
	Value string // as written, without escapes
	norm  string
}

// ParseName reads a name; false means that it is none, or that it has an
// attribute type or a value that cannot be in a name.
func ParseName(s string) (Name, bool) {
	if strings.Trim(s, " ") == "" {
		return nil, s == ""
	}
	name := Name{}
	for rest, more := s, true; more; {
		var part string
		part, rest, more = cutUnescaped(rest, ',')
		rdn, ok := parseRDN(part)
		if !ok {
			return nil, false
		}
		name = append(name, rdn)
	}
	return name, true
}

// parseRDN reads one RDN. Each type may stand in it once (RFC 4512 2.3.1).
func parseRDN(s string) (RDN, bool) {
	var rdn RDN
	for rest, more := s, true; more; {
		var part string
		part, rest, more = cutUnescaped(rest, '+')
		typ, value, ok := strings.Cut(part, "=")
		t := attributeIndex[strings.ToLower(strings.Trim(typ, " "))]
		if !ok || t == nil || !t.hasEquality() {
			return nil, false
		}
		a := AVA{typ: t}
		if a.Value, ok = unescape(value); !ok {
			return nil, false
		}
		if a.norm, ok = t.syntax.normalize(a.Value); !ok {
			return nil, false
		}
		rdn = append(rdn, a)
	}
	slices.SortFunc(rdn, func(a, b AVA) int { return strings.Compare(a.typ.name(), b.typ.name()) })
	for i := 1; i < len(rdn); i++ {
		if rdn[i].typ == rdn[i-1].typ {
			return nil, false
		}
	}
	return rdn, true
}

// cutUnescaped splits s at the first sep that no backslash precedes.
func cutUnescaped(s string, sep byte) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// unescape removes the spaces around a value and the escapes in it.
func unescape(s string) (string, bool) {
	s = strings.TrimLeft(s, " ")
	var b strings.Builder
	kept := 0 // what must not be trimmed
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c != '\\':
			if strings.IndexByte("\"+,;<>\x00", c) >= 0 || (c == '#' && i == 0) {
				return "", false
			}
			b.WriteByte(c)
		case i+1 < len(s) && strings.IndexByte(" \"#+,;<=>\\", s[i+1]) >= 0:
			b.WriteByte(s[i+1])
			i++
			kept = b.Len()
		case i+2 < len(s):
			raw, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", false
			}
			b.Write(raw)
			i += 2
			kept = b.Len()
		default:
			return "", false
		}
	}
	out := b.String()
	return out[:kept] + strings.TrimRight(out[kept:], " "), true
}

// escape writes a value for a name.
func escape(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		c := v[i]
		if strings.IndexByte("\"+,;<>\\", c) >= 0 || (c == '#' && i == 0) || (c == ' ' && (i == 0 || i == len(v)-1)) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Key is the same text for all names that are equal.
func (n Name) Key() string {
	parts := make([]string, len(n))
	for i, rdn := range n {
		parts[i] = rdn.key()
	}
	return strings.Join(parts, ",")
}

func (r RDN) key() string {
	parts := make([]string, len(r))
	for i, a := range r {
		parts[i] = strings.ToLower(a.typ.name()) + "=" + escape(a.norm)
	}
	return strings.Join(parts, "+")
}

// String is the name in RFC 4514 form.
func (n Name) String() string {
	parts := make([]string, len(n))
	for i, rdn := range n {
		avas := make([]string, len(rdn))
		for j, a := range rdn {
			avas[j] = a.typ.name() + "=" + escape(a.Value)
		}
		parts[i] = strings.Join(avas, "+")
	}
	return strings.Join(parts, ",")
}

// Parent is the name above n; the root has itself.
func (n Name) Parent() Name { return n[min(1, len(n)):] }

// Under tells whether n is base or below it.
func (n Name) Under(base Name) bool {
	return len(n) >= len(base) && slices.EqualFunc(n[len(n)-len(base):], base, RDN.equal)
}

func (r RDN) equal(o RDN) bool {
	return slices.EqualFunc(r, o, func(a, b AVA) bool { return a.typ == b.typ && a.norm == b.norm })
}
