package schema

// What a value of each syntax must look like: about as strict as slapd, so
// that values which it has taken are taken here.

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"unicode/utf8"
)

var (
	errNotPrintable  = errors.New("not a printable string")
	errNotCountry    = errors.New("not two letters")
	errNotDER        = errors.New("not DER")
	errNotDelivery   = errors.New("not a delivery method")
	errNotMailbox    = errors.New("not a mailbox")
	errNotTelex      = errors.New("not a telex number")
	errBadEscape     = errors.New("bad escape")
	errNotTriple     = errors.New("not a netgroup triple")
	errNotParameter  = errors.New("not a boot parameter")
	errNotPassword   = errors.New("not an authentication password")
	errNotDefinition = errors.New("not a definition")
)

// check makes a validator of a rule's normalizer.
func check(n normalizer) validator {
	return func(s *Schema, value []byte) error {
		var room [256]byte
		_, err := n(s, room[:0], value)
		return err
	}
}

func validateUTF8(_ *Schema, value []byte) error {
	if !utf8.Valid(value) {
		return errNotUTF8
	}
	return nil
}

func validateDirectoryString(_ *Schema, value []byte) error {
	if len(value) == 0 {
		return errEmpty
	}
	return validateUTF8(nil, value)
}

func validateIA5(_ *Schema, value []byte) error {
	if !isASCII(value) {
		return errNotIA5
	}
	return nil
}

// validatePrintable: PrintableCharacter of RFC 4517 3.2, at least one.
func validatePrintable(_ *Schema, value []byte) error {
	if len(value) == 0 {
		return errEmpty
	}
	for _, c := range value {
		if !isAlpha(c) && !isDigit(c) && bytes.IndexByte([]byte("'()+,-.=/:? "), c) < 0 {
			return errNotPrintable
		}
	}
	return nil
}

// validateFirstPrintable: a printable string, then perhaps '$' and parameters.
func validateFirstPrintable(_ *Schema, value []byte) error {
	first, _, _ := bytes.Cut(value, []byte{'$'})
	return validatePrintable(nil, first)
}

func validateTelex(_ *Schema, value []byte) error {
	part := bytes.Split(value, []byte{'$'})
	if len(part) != 3 {
		return errNotTelex
	}
	for _, p := range part {
		if err := validatePrintable(nil, p); err != nil {
			return err
		}
	}
	return nil
}

func validateCountry(_ *Schema, value []byte) error {
	if len(value) != 2 || !isAlpha(value[0]) || !isAlpha(value[1]) {
		return errNotCountry
	}
	return nil
}

func validateBoolean(_ *Schema, value []byte) error {
	if string(value) != "TRUE" && string(value) != "FALSE" {
		return errNotBoolean
	}
	return nil
}

// validateInteger refuses leading zeros and "-0" (RFC 4517 3.3.16).
func validateInteger(_ *Schema, value []byte) error {
	negative, digits, ok := integerDigits(value)
	if !ok || len(digits) != len(value) && !negative || negative && len(digits)+1 != len(value) {
		return errNotInteger
	}
	return nil
}

func validateTime(_ *Schema, value []byte) error {
	_, err := parseTime(value)
	return err
}

func validateUTCTime(_ *Schema, value []byte) error {
	if bytes.ContainsAny(value, ".,") {
		return errNotTime
	}
	_, err := parseShortTime(value)
	return err
}

// validateDER looks only at the frame: one SEQUENCE and nothing behind it.
func validateDER(_ *Schema, value []byte) error {
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(value, &raw)
	if err != nil || len(rest) > 0 || raw.Tag != asn1.TagSequence || !raw.IsCompound {
		return errNotDER
	}
	return nil
}

// validateDelivery: names of RFC 4517 3.3.5 with '$' between them.
func validateDelivery(_ *Schema, value []byte) error {
	for _, part := range bytes.Split(value, []byte{'$'}) {
		switch string(bytes.ToLower(bytes.TrimSpace(part))) {
		case "any", "mhs", "physical", "telex", "teletex", "g3fax", "g4fax", "ia5", "videotex", "telephone":
		default:
			return errNotDelivery
		}
	}
	return nil
}

func validateOtherMailbox(_ *Schema, value []byte) error {
	typ, box, ok := bytes.Cut(value, []byte{'$'})
	if !ok || validatePrintable(nil, typ) != nil || !isASCII(box) {
		return errNotMailbox
	}
	return nil
}

// validatePostalAddress: text in which a backslash begins \24 or \5C.
func validatePostalAddress(_ *Schema, value []byte) error {
	if len(value) == 0 {
		return errEmpty
	}
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			continue
		}
		if len(value) < i+3 || !equalFoldASCII(value[i+1:i+3], "24") && !equalFoldASCII(value[i+1:i+3], "5C") {
			return errBadEscape
		}
		i += 2
	}
	return validateUTF8(nil, value)
}

// validateNetgroup: "(host,user,domain)", each part perhaps empty (RFC 2307 2.4).
func validateNetgroup(_ *Schema, value []byte) error {
	n := len(value)
	if n < 4 || value[0] != '(' || value[n-1] != ')' || bytes.Count(value, []byte{','}) != 2 || !isASCII(value) {
		return errNotTriple
	}
	return nil
}

// validateBootParameter: "key=server:path" (RFC 2307 2.4).
func validateBootParameter(_ *Schema, value []byte) error {
	key, rest, ok := bytes.Cut(value, []byte{'='})
	server, path, ok2 := bytes.Cut(rest, []byte{':'})
	if !ok || !ok2 || len(key) == 0 || len(server) == 0 || len(path) == 0 || !isASCII(value) {
		return errNotParameter
	}
	return nil
}

// validateAuthPassword: "scheme$info$value" (RFC 3112 2).
func validateAuthPassword(_ *Schema, value []byte) error {
	if bytes.Count(value, []byte{'$'}) != 2 || !isASCII(value) {
		return errNotPassword
	}
	return nil
}

func validateDefinition(_ *Schema, value []byte) error {
	if len(value) > maxDefinition || !utf8.Valid(value) {
		return errNotDefinition
	}
	_, err := parseDefinition(string(value))
	return err
}
