package schema

// Preparation of strings for comparison (RFC 4518): map, normalise to NFKC,
// prohibit, and treat insignificant characters. ASCII text takes a short way
// without allocation.
//
// Two deviations. Code points that Unicode 3.2 had not assigned are taken, or
// people with newer letters in their names could not be found. And the normal
// form of a whole value for equality and ordering has no space at its ends and
// single ones inside, where the RFC has one and two: the order and the equality
// of such forms are the same, and keys are shorter. Substring rules use the
// RFC's own form, because there the ends matter.

import (
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// spaces tells how insignificant characters are treated.
type spaces uint8

const (
	spacesCompact spaces = iota // equality: none at the ends, single ones inside
	spacesValue                 // RFC 4518 2.6.1: a value that substrings are looked for in
	spacesInitial               // the parts of a substring assertion
	spacesAny
	spacesFinal
	spacesNone // numericString: no spaces at all
	spacesTel  // telephoneNumber: neither spaces nor hyphens
)

var (
	errNotUTF8    = errors.New("not UTF-8")
	errEmpty      = errors.New("empty")
	errProhibited = errors.New("prohibited character")
)

// squeezer appends characters and treats the spaces between them.
type squeezer struct {
	dst     []byte
	mode    spaces
	pending bool // spaces have come since the last character
	some    bool // a character has come
}

// open appends what belongs before the next character.
func (q *squeezer) open() {
	switch {
	case q.some && q.pending:
		switch q.mode {
		case spacesCompact:
			q.dst = append(q.dst, ' ')
		case spacesValue, spacesInitial, spacesAny, spacesFinal:
			q.dst = append(q.dst, ' ', ' ')
		}
	case !q.some:
		switch q.mode {
		case spacesValue, spacesInitial:
			q.dst = append(q.dst, ' ')
		case spacesAny, spacesFinal:
			if q.pending {
				q.dst = append(q.dst, ' ')
			}
		}
	}
	q.some, q.pending = true, false
}

// close appends what belongs behind the last character.
func (q *squeezer) close() []byte {
	switch {
	case !q.some && q.mode == spacesValue:
		return append(q.dst, ' ', ' ')
	case !q.some:
		return append(q.dst, ' ')
	case q.mode == spacesValue, q.mode == spacesFinal,
		q.pending && (q.mode == spacesInitial || q.mode == spacesAny):
		return append(q.dst, ' ')
	}
	return q.dst
}

// appendPrepared appends the prepared form of text, in lower case if fold.
func appendPrepared(dst, text []byte, fold bool, mode spaces) ([]byte, error) {
	if fold && mode <= spacesValue {
		if out, ok := appendPlain(dst, text, mode); ok {
			return out, nil
		}
	}
	q := squeezer{dst: dst, mode: mode}
	for i := 0; i < len(text); {
		if n := ordinaryRun(text[i:], mode); n > 0 {
			if q.pending || !q.some {
				q.open()
			}
			mark := len(q.dst)
			q.dst = append(q.dst, text[i:i+n]...)
			if fold {
				lowerInPlace(q.dst[mark:])
			}
			i += n
			continue
		}
		switch c := text[i]; {
		case c == ' ' || '\t' <= c && c <= '\r':
			q.pending = true
		case c >= utf8.RuneSelf:
			return appendPreparedUnicode(dst, text, fold, mode)
		} // other control characters, and hyphens of telephone numbers, go
		i++
	}
	return q.close(), nil
}

// appendPlain is appendPrepared for the text that most values are: words of
// printable ASCII and Latin letters with one space between them. ok tells whether
// it is that.
func appendPlain(dst, text []byte, mode spaces) (out []byte, ok bool) {
	if len(text) == 0 {
		return dst, false
	}
	out = slices.Grow(dst, 2*len(text)+2)
	j := len(dst)
	out = out[:cap(out)]
	if mode == spacesValue {
		out[j] = ' '
		j++
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if letter := folded[c]; letter != 0 {
			out[j] = letter
			j++
			continue
		}
		if c == ' ' {
			if i == 0 || text[i-1] == ' ' || i+1 == len(text) {
				return dst, false
			}
			out[j], out[j+1] = ' ', ' '
			if j++; mode == spacesValue {
				j++
			}
			continue
		}
		if c-latinLead >= latinLeads || i+1 == len(text) || text[i+1]&0xc0 != 0x80 {
			return dst, false
		}
		letter := &latin[c-latinLead][text[i+1]&0x3f]
		if letter[0] == 0 {
			return dst, false
		}
		i++
		out[j] = letter[0]
		j++
		if letter[1] != 0 {
			out[j] = letter[1]
			j++
		}
	}
	if mode == spacesValue {
		out[j] = ' '
		j++
	}
	return out[:j], true
}

// folded is each printable character of ASCII but the space in lower case, else 0.
var folded = func() (lower [256]byte) {
	for c := '!'; c <= '~'; c++ {
		lower[c] = byte(unicode.ToLower(c))
	}
	return lower
}()

// The letters U+00C0 to U+017F are two bytes each, of which the first is one of
// three.
const (
	latinLead  = 0xc3
	latinLeads = 3
)

// latin has the folded form of each of these letters, as the long way makes it,
// if that is one or two bytes. None of them combines with what stands before it,
// so text may be taken letter by letter; marks that would combine are not here.
var latin = func() (forms [latinLeads][64][2]byte) {
	for lead := range forms {
		for i := range forms[lead] {
			letter := []byte{byte(latinLead + lead), byte(0x80 + i)}
			form, err := appendPreparedUnicode(nil, letter, true, spacesNone)
			if r, _ := utf8.DecodeRune(letter); err == nil && unicode.IsLetter(r) && len(form) <= 2 {
				copy(forms[lead][i][:], form)
			}
		}
	}
	return forms
}()

// ordinaryRun counts the printable ASCII at the start of b that stays what it
// is but for its case.
func ordinaryRun(b []byte, mode spaces) int {
	for i, c := range b {
		if c <= ' ' || c >= 0x7f || c == '-' && mode == spacesTel {
			return i
		}
	}
	return len(b)
}

func lowerInPlace(b []byte) {
	for i, c := range b {
		if c-'A' < 26 {
			b[i] = c | 0x20
		}
	}
}

func appendPreparedUnicode(dst, text []byte, fold bool, mode spaces) ([]byte, error) {
	if !utf8.Valid(text) {
		return dst, errNotUTF8
	}
	mapped := make([]byte, 0, len(text)+16)
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		switch {
		case mapsToNothing(r):
		case mapsToSpace(r):
			mapped = append(mapped, ' ')
		default:
			mapped = utf8.AppendRune(mapped, r)
		}
	}
	if fold { // RFC 3454 B.2 is the closure of folding under NFKC
		folder := cases.Fold()
		mapped = norm.NFKC.Bytes(folder.Bytes(mapped))
		mapped = folder.Bytes(mapped)
	}
	mapped = norm.NFKC.Bytes(mapped)
	q := squeezer{dst: dst, mode: mode}
	for len(mapped) > 0 {
		r, n := utf8.DecodeRune(mapped)
		mapped = mapped[n:]
		if prohibited(r) {
			return dst, errProhibited
		}
		if r == ' ' && !startsWithMark(mapped) {
			q.pending = true
			continue
		}
		if mode == spacesTel && isHyphen(r) {
			continue
		}
		if q.pending || !q.some {
			q.open()
		}
		q.dst = utf8.AppendRune(q.dst, r)
	}
	return q.close(), nil
}

// startsWithMark: a space before a combining mark is no space (RFC 4518 2.6).
func startsWithMark(b []byte) bool {
	if len(b) == 0 || b[0] < utf8.RuneSelf {
		return false
	}
	r, _ := utf8.DecodeRune(b)
	return unicode.Is(unicode.M, r)
}

// mapsToNothing lists the code points that RFC 4518 2.2 drops.
func mapsToNothing(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x1806, r == 0x034F, r == 0xFFFC, r == 0x200B,
		0x180B <= r && r <= 0x180D, 0xFE00 <= r && r <= 0xFE0F,
		r <= 0x0008, 0x000E <= r && r <= 0x001F, 0x007F <= r && r <= 0x0084, 0x0086 <= r && r <= 0x009F,
		r == 0x06DD, r == 0x070F, r == 0x180E, 0x200C <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E,
		0x2060 <= r && r <= 0x2063, 0x206A <= r && r <= 0x206F, r == 0xFEFF, 0xFFF9 <= r && r <= 0xFFFB,
		0x1D173 <= r && r <= 0x1D17A, r == 0xE0001, 0xE0020 <= r && r <= 0xE007F:
		return true
	}
	return false
}

// mapsToSpace lists the code points that RFC 4518 2.2 makes a SPACE.
func mapsToSpace(r rune) bool {
	return '\t' <= r && r <= '\r' || r == 0x0085 ||
		unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp)
}

// prohibited lists the code points of RFC 4518 2.4: private use,
// non-characters and the replacement character.
func prohibited(r rune) bool {
	return r == 0xFFFD || unicode.Is(unicode.Co, r) || r&0xFFFE == 0xFFFE || 0xFDD0 <= r && r <= 0xFDEF
}

// isHyphen lists the hyphens of RFC 4518 2.6.3.
func isHyphen(r rune) bool {
	switch r {
	case '-', 0x058A, 0x2010, 0x2011, 0x2212, 0xFE63, 0xFF0D:
		return true
	}
	return false
}

// normalizeIgnore is the normal form of caseIgnoreMatch for a value of which
// nothing is known: it may be empty.
func normalizeIgnore(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendPrepared(dst, value, true, spacesCompact)
}
