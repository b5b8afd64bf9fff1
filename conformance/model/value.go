// value.go: which values a syntax allows and when two values are equal.

package model

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// valid tells whether v is of the syntax (RFC 4517 3.3).
func (s syntax) valid(v string) bool {
	_, ok := s.normalize(v)
	return ok
}

// normalize gives the form of v that is the same for all values that are
// equal to it; false means that v is not of the syntax.
func (s syntax) normalize(v string) (string, bool) {
	switch s {
	case directoryString:
		return squeeze(fold(v)), v != "" && utf8.ValidString(v)
	case ia5String:
		return squeeze(fold(v)), isASCII(v)
	case facsimile: // no rule: octets
		return v, v != "" && isPrintable(v)
	case telephoneNumber:
		return strings.NewReplacer(" ", "", "-", "").Replace(fold(v)), v != "" && isPrintable(v)
	case integer:
		return v, isInteger(v)
	case boolean:
		return v, v == "TRUE" || v == "FALSE"
	case generalizedTime:
		t, ok := parseTime(v)
		return t, ok
	case distinguishedName:
		n, ok := ParseName(v)
		return n.Key(), ok
	case objectIdentifier:
		if c := findClass(v); c != nil {
			return c.name, true
		}
		return "", false // slapd takes a name that it does not know for no OID
	}
	return v, true
}

// less tells whether the normalised value a orders before b.
func (s syntax) less(a, b string) bool {
	if s == integer {
		return integerLess(a, b)
	}
	return a < b
}

// integerLess compares numbers of any length.
func integerLess(a, b string) bool {
	negative := strings.HasPrefix(a, "-")
	if negative != strings.HasPrefix(b, "-") {
		return negative
	}
	if negative {
		a, b = b[1:], a[1:]
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// isInteger: no leading zeros, no "-0" (RFC 4517 3.3.16).
func isInteger(v string) bool {
	digits := strings.TrimPrefix(v, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return digits[0] != '0' || v == "0"
}

func isASCII(v string) bool {
	return strings.IndexFunc(v, func(r rune) bool { return r >= 0x80 }) < 0
}

// isPrintable: PrintableCharacter of RFC 4517 3.2.
func isPrintable(v string) bool {
	return strings.IndexFunc(v, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("'()+,-.=/:? ", r))
	}) < 0
}

// composed are the letters beside ASCII that the generator uses, in their
// form of RFC 4518 2.3.
var composed = strings.NewReplacer("a\u0308", "ä", "A\u0308", "Ä", "e\u0301", "é", "E\u0301", "É")

// folded is the mapping of RFC 4518 2.2 for the same letters.
var folded = strings.NewReplacer("Ä", "ä", "É", "é")

// fold prepares v for a comparison that ignores case.
func fold(v string) string { return folded.Replace(composed.Replace(asciiLower(v))) }

// exact prepares v for a comparison that does not.
func exact(v string) string { return composed.Replace(v) }

func asciiLower(v string) string {
	b := []byte(v)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// squeeze drops insignificant spaces: those at the ends, all but one of those
// between words (RFC 4518 2.6.1, with one space standing for two). Nothing but
// spaces becomes a single one.
func squeeze(v string) string {
	if fields := strings.FieldsFunc(v, isSpace); len(fields) > 0 {
		return strings.Join(fields, " ")
	}
	return " "
}

func isSpace(r rune) bool { return r == ' ' }

// parseTime reads a Generalized Time (RFC 4517 3.3.13) into the form
// YYYYmmddHHMMSS.fffffffffZ, which orders as times do.
func parseTime(v string) (string, bool) {
	digits := strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' })
	if digits != 10 && digits != 12 && digits != 14 {
		return "", false
	}
	layout := "20060102150405"[:digits]
	t, err := time.Parse(layout, v[:digits])
	if err != nil {
		return "", false
	}
	rest := v[digits:]
	if rest[0] == '.' || rest[0] == ',' {
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		part, err := strconv.ParseFloat("0."+rest[1:end], 64)
		if err != nil || end == 1 {
			return "", false
		}
		unit := map[int]time.Duration{10: time.Hour, 12: time.Minute, 14: time.Second}[digits]
		t = t.Add(time.Duration(part * float64(unit)))
		rest = rest[end:]
	}
	if rest != "Z" {
		if len(rest) != 3 && len(rest) != 5 || (rest[0] != '+' && rest[0] != '-') {
			return "", false
		}
		zone, err := time.Parse("1504", (rest[1:] + "00")[:4])
		if err != nil {
			return "", false
		}
		shift := time.Duration(zone.Hour())*time.Hour + time.Duration(zone.Minute())*time.Minute
		if rest[0] == '+' {
			shift = -shift
		}
		t = t.Add(shift)
	}
	return fmt.Sprintf("%s.%09dZ", t.Format("20060102150405"), t.Nanosecond()), true
}
