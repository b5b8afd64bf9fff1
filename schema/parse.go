package schema

// The grammar that all definitions of RFC 4512 4.1 share: a parenthesis with a
// number and then keywords, each alone or with one value or a list.

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSchema is wrapped by every error about schema text.
var ErrSchema = errors.New("schema")

// Bounds of one definition.
const (
	maxDefinition = 64 << 10 // bytes
	maxListItems  = 2000     // of one keyword
)

// definition is a definition as written.
type definition struct {
	oid    string
	fields []field
}

// field is a keyword with its values; a keyword that stands alone has none.
type field struct {
	keyword string // upper case
	values  []string
}

// get gives the values of a keyword.
func (d *definition) get(keyword string) (values []string, ok bool) {
	for i := range d.fields {
		if d.fields[i].keyword == keyword {
			return d.fields[i].values, true
		}
	}
	return nil, false
}

func (d *definition) flag(keyword string) bool {
	_, ok := d.get(keyword)
	return ok
}

// one gives the first value of a keyword, "" if it is not there.
func (d *definition) one(keyword string) string {
	if v, ok := d.get(keyword); ok && len(v) > 0 {
		return v[0]
	}
	return ""
}

// textError is a fault at a byte of a definition.
type textError struct {
	at   int
	what string
}

func (e *textError) Error() string { return e.what }
func (e *textError) Unwrap() error { return ErrSchema }

// token is one word, one quoted string, or one of "(", ")" and "$".
type token struct {
	text   string
	quoted bool
	at     int
}

func (t token) is(mark string) bool { return !t.quoted && t.text == mark }

// definitionReader takes tokens off the text of a definition.
type definitionReader struct {
	text string
	pos  int
}

func (r *definitionReader) fail(at int, format string, args ...any) error {
	return &textError{at, fmt.Sprintf(format, args...)}
}

// next gives the next token; its text is empty and not quoted at the end.
func (r *definitionReader) next() (token, error) {
	for r.pos < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.pos]) >= 0 {
		r.pos++
	}
	at := r.pos
	if at == len(r.text) {
		return token{at: at}, nil
	}
	switch c := r.text[at]; c {
	case '(', ')', '$':
		r.pos++
		return token{text: r.text[at:r.pos], at: at}, nil
	case '\'':
		end := strings.IndexByte(r.text[at+1:], '\'')
		if end < 0 {
			return token{}, r.fail(at, "unterminated quote")
		}
		r.pos = at + 1 + end + 1
		return token{text: unescapeQuoted(r.text[at+1 : at+1+end]), quoted: true, at: at}, nil
	}
	for r.pos < len(r.text) && strings.IndexByte(" \t\r\n()$'", r.text[r.pos]) < 0 {
		r.pos++
	}
	return token{text: r.text[at:r.pos], at: at}, nil
}

// unescapeQuoted undoes \27 and \5C (RFC 4512 4.1) and takes line ends, which
// a directive may have within quotes, for spaces.
func unescapeQuoted(s string) string {
	if strings.ContainsAny(s, "\r\n") {
		s = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return ' '
			}
			return r
		}, s)
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\27`, `'`, `\5C`, `\`, `\5c`, `\`).Replace(s)
}

// quoteText writes a quoted string.
func quoteText(s string) string {
	if strings.ContainsAny(s, `\'`) { // rarely, and making a Replacer costs more than all else here
		s = strings.NewReplacer(`\`, `\5C`, `'`, `\27`).Replace(s)
	}
	return "'" + s + "'"
}

// standsAlone tells whether a keyword has no value.
func standsAlone(keyword string) bool {
	switch keyword {
	case "OBSOLETE", "SINGLE-VALUE", "COLLECTIVE", "NO-USER-MODIFICATION", "ABSTRACT", "STRUCTURAL", "AUXILIARY":
		return true
	}
	return false
}

// parseDefinition reads one definition. Errors are *textError.
func parseDefinition(text string) (*definition, error) {
	r := definitionReader{text: text}
	if len(text) > maxDefinition {
		return nil, r.fail(0, "definition longer than %d bytes", maxDefinition)
	}
	t, err := r.next()
	if err != nil {
		return nil, err
	}
	if !t.is("(") {
		return nil, r.fail(t.at, "a definition begins with '('")
	}
	if t, err = r.next(); err != nil {
		return nil, err
	}
	if t.text == "" || t.is("(") || t.is(")") || t.is("$") {
		return nil, r.fail(t.at, "missing object identifier")
	}
	d := &definition{oid: t.text}
	for {
		if t, err = r.next(); err != nil {
			return nil, err
		}
		switch {
		case t.is(")"):
			if t, err = r.next(); err != nil || t.text != "" || t.quoted {
				return nil, r.fail(t.at, "text behind the closing ')'")
			}
			return d, nil
		case t.text == "" && !t.quoted:
			return nil, r.fail(t.at, "missing ')'")
		case t.quoted || t.is("(") || t.is("$"):
			return nil, r.fail(t.at, "keyword expected, not %s", quoteShort(t.text))
		}
		if err := r.field(d, t); err != nil {
			return nil, err
		}
	}
}

// field reads what belongs to the keyword t.
func (r *definitionReader) field(d *definition, t token) error {
	f := field{keyword: strings.ToUpper(t.text)}
	if d.flag(f.keyword) {
		return r.fail(t.at, "%s twice", quoteShort(f.keyword))
	}
	if standsAlone(f.keyword) {
		d.fields = append(d.fields, f)
		return nil
	}
	v, err := r.next()
	switch {
	case err != nil:
		return err
	case v.is("("):
		if f.values, err = r.list(v.at); err != nil {
			return err
		}
	case v.text == "" && !v.quoted, v.is(")"), v.is("$"):
		return r.fail(v.at, "%s needs a value", quoteShort(f.keyword))
	default:
		f.values = []string{v.text}
	}
	d.fields = append(d.fields, f)
	return nil
}

// list reads up to the closing parenthesis. Where '$' stands between items and
// where it does not is not looked at: deployed files differ.
func (r *definitionReader) list(at int) ([]string, error) {
	var out []string
	for {
		t, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case t.is(")"):
			return out, nil
		case t.is("$"):
			continue
		case t.is("("), t.text == "" && !t.quoted:
			return nil, r.fail(at, "list without end")
		case len(out) == maxListItems:
			return nil, r.fail(at, "list of more than %d items", maxListItems)
		}
		out = append(out, t.text)
	}
}
