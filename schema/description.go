package schema

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// AttributeDescription is an attribute type with options (RFC 4512 2.5). The
// text form with the type's first name and sorted lower-case options is its
// canonical form, in which entries store it.
type AttributeDescription struct {
	Type    *AttributeType // nil: the schema does not know Name
	Name    string         // canonical type name; lower case if unknown
	Options string         // "" or ";a;b", lower case, sorted, each once
}

// ErrDescription is returned for text that is no attribute description.
var ErrDescription = errors.New("not an attribute description")

// maxOptions bounds the options of one description.
const maxOptions = 32

// String is the canonical form.
func (d AttributeDescription) String() string { return d.Name + d.Options }

// ParseDescription reads an attribute description. An unknown type is no
// error (Type is nil then); text that breaks the grammar is ErrDescription.
// A known type without options costs no allocation.
func (s *Schema) ParseDescription(text []byte) (AttributeDescription, error) {
	if t := s.attributes[string(text)]; t != nil { // as stored attributes mostly are
		return AttributeDescription{Type: t, Name: t.Name}, nil
	}
	name, opts, has := bytes.Cut(text, []byte{';'})
	var d AttributeDescription
	if !validKeystring(name) {
		return d, ErrDescription
	}
	d.Type = s.AttributeType(name)
	if d.Type != nil {
		d.Name = d.Type.Name
	} else {
		d.Name = strings.ToLower(string(name))
	}
	if !has {
		return d, nil
	}
	list := strings.Split(strings.ToLower(string(opts)), ";")
	if len(list) > maxOptions {
		return d, ErrDescription
	}
	for _, o := range list {
		if !validOption(o) {
			return d, ErrDescription
		}
	}
	slices.Sort(list)
	d.Options = ";" + strings.Join(slices.Compact(list), ";")
	return d, nil
}

// validKeystring checks descr / numericoid of RFC 4512 1.4, taking also the
// underscore that many deployed schemas have.
func validKeystring(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if '0' <= b[0] && b[0] <= '9' {
		return validOID(b)
	}
	if !isAlpha(b[0]) {
		return false
	}
	for _, c := range b[1:] {
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// validOID checks numericoid: at least two numbers without leading zeros.
func validOID(b []byte) bool {
	dots, start := 0, 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && isDigit(b[i]) {
			continue
		}
		if i < len(b) && b[i] != '.' {
			return false
		}
		if i == start || (b[start] == '0' && i-start > 1) {
			return false
		}
		if i < len(b) {
			dots++
		}
		start = i + 1
	}
	return dots > 0
}

func validOption(o string) bool {
	if o == "" {
		return false
	}
	for i := 0; i < len(o); i++ {
		if c := o[i]; !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && !(c == '=' || c == ':') {
			return false
		}
	}
	return true
}

func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Covers tells whether a stored attribute, given by its canonical description,
// is asked for by d: the same type or a subtype of it, with at least d's
// options (RFC 4511 4.5.1.8).
func (d *AttributeDescription) Covers(stored []byte) bool {
	if !d.branches() && (len(stored) < len(d.Name) || string(stored[:len(d.Name)]) != d.Name) {
		return false
	}
	name, opts := stored, []byte(nil)
	if i := bytes.IndexByte(stored, ';'); i >= 0 {
		name, opts = stored[:i], stored[i:]
	}
	if string(name) != d.Name && !d.subtype(name) {
		return false
	}
	return d.Options == "" || hasOptions(opts, d.Options)
}

// skip leaves out attributes at the start of a list that d does not cover, as far
// as that is seen at a glance: by the first letter.
func (d *AttributeDescription) skip(list []byte) []byte {
	if len(d.Name) == 0 || d.branches() {
		return list
	}
	// A description whose length is one byte begins at 4.
	for first := d.Name[0]; len(list) > 4 && list[1] < 0x80 && list[3] < 0x80 && list[4] != first; {
		end := 2 + int(list[1])
		if end > len(list) {
			break
		}
		list = list[end:]
	}
	return list
}

// branches tells whether the type has subtypes.
func (d *AttributeDescription) branches() bool { return d.Type != nil && len(d.Type.Subtypes) > 1 }

func (d *AttributeDescription) subtype(name []byte) bool {
	if !d.branches() {
		return false
	}
	for _, t := range d.Type.Subtypes {
		if t.Name == string(name) {
			return true
		}
	}
	return false
}

// hasOptions tells whether every option of want is among have. An option that
// ends in "-" is a range: "lang-" is fulfilled by every language (RFC 3866).
func hasOptions(have []byte, want string) bool {
	for want != "" {
		want = want[1:]
		one := want
		if i := strings.IndexByte(want, ';'); i >= 0 {
			one, want = want[:i], want[i:]
		} else {
			want = ""
		}
		if !hasOption(have, one) {
			return false
		}
	}
	return true
}

func hasOption(have []byte, one string) bool {
	for len(have) > 0 {
		have = have[1:]
		o := have
		if i := bytes.IndexByte(have, ';'); i >= 0 {
			o, have = have[:i], have[i:]
		} else {
			have = nil
		}
		if string(o) == one || (strings.HasSuffix(one, "-") && bytes.HasPrefix(o, []byte(one))) {
			return true
		}
	}
	return false
}
