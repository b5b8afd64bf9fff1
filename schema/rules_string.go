package schema

// Rules about text (RFC 4517 4.2.3 to 4.2.12, 4.2.26, 4.2.27, 4.2.32).

import (
	"bytes"
	"errors"
	"unicode"
	"unicode/utf8"
)

var (
	errNotIA5     = errors.New("not IA5 (ASCII)")
	errNotNumeric = errors.New("neither digit nor space")
	errNotPhone   = errors.New("not a telephone number")
)

func normalizeCaseIgnore(_ *Schema, dst, value []byte) ([]byte, error) {
	if len(value) == 0 {
		return dst, errEmpty
	}
	return appendPrepared(dst, value, true, spacesCompact)
}

func normalizeCaseExact(_ *Schema, dst, value []byte) ([]byte, error) {
	if len(value) == 0 {
		return dst, errEmpty
	}
	return appendPrepared(dst, value, false, spacesCompact)
}

// normalizeCaseExactAny takes the empty value too.
func normalizeCaseExactAny(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendPrepared(dst, value, false, spacesCompact)
}

// valueCaseIgnore is the form in which substrings are looked for.
func valueCaseIgnore(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendPrepared(dst, value, true, spacesValue)
}

func valueCaseExact(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendPrepared(dst, value, false, spacesValue)
}

func partCaseIgnore(_ *Schema, dst, part []byte, at PartKind) ([]byte, error) {
	return appendPrepared(dst, part, true, spacesOf(at))
}

func partCaseExact(_ *Schema, dst, part []byte, at PartKind) ([]byte, error) {
	return appendPrepared(dst, part, false, spacesOf(at))
}

func spacesOf(at PartKind) spaces {
	switch at {
	case PartInitial:
		return spacesInitial
	case PartFinal:
		return spacesFinal
	}
	return spacesAny
}

// ia5 makes a rule refuse what is not ASCII.
func ia5(n normalizer) normalizer {
	return func(s *Schema, dst, value []byte) ([]byte, error) {
		if !isASCII(value) {
			return dst, errNotIA5
		}
		return n(s, dst, value)
	}
}

func ia5Part(n partNormalizer) partNormalizer {
	return func(s *Schema, dst, part []byte, at PartKind) ([]byte, error) {
		if !isASCII(part) {
			return dst, errNotIA5
		}
		return n(s, dst, part, at)
	}
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// normalizeNumeric: digits without spaces (RFC 4518 2.6.2).
func normalizeNumeric(_ *Schema, dst, value []byte) ([]byte, error) {
	for _, c := range value {
		if !isDigit(c) && c != ' ' {
			return dst, errNotNumeric
		}
	}
	if len(value) == 0 {
		return dst, errEmpty
	}
	return appendPrepared(dst, value, false, spacesNone)
}

// normalizeTelephone: neither spaces nor hyphens (RFC 4518 2.6.3).
func normalizeTelephone(_ *Schema, dst, value []byte) ([]byte, error) {
	if len(value) == 0 {
		return dst, errNotPhone
	}
	return appendPrepared(dst, value, true, spacesTel)
}

// normalizeList: the lines of a postal address, each as caseIgnoreMatch has it
// (RFC 4517 4.2.9). A line feed, which no prepared line has, ends a line.
func normalizeList(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendLines(dst, value, spacesCompact)
}

// valueList lets substrings match within a line, never across lines.
func valueList(_ *Schema, dst, value []byte) ([]byte, error) {
	return appendLines(dst, value, spacesValue)
}

func appendLines(dst, value []byte, mode spaces) ([]byte, error) {
	if len(value) == 0 {
		return dst, errEmpty
	}
	out := dst
	for rest, more := value, true; more; {
		var line []byte
		line, rest, more = bytes.Cut(rest, []byte{'$'})
		if bytes.IndexByte(line, '\\') >= 0 {
			line = bytes.ReplaceAll(line, []byte(`\24`), []byte{'$'})
			line = bytes.ReplaceAll(line, []byte(`\5C`), []byte{'\\'})
			line = bytes.ReplaceAll(line, []byte(`\5c`), []byte{'\\'})
		}
		var err error
		if out, err = appendPrepared(out, line, true, mode); err != nil {
			return dst, err
		}
		if more {
			out = append(out, '\n')
		}
	}
	return out, nil
}

// matchWord tells whether the assertion is one of the words of value; what is
// neither letter nor digit separates words.
func matchWord(s *Schema, value, assertion []byte) bool {
	have, err := normalizeCaseIgnore(s, nil, value)
	if err != nil {
		return false
	}
	want, err := normalizeCaseIgnore(s, nil, assertion)
	if err != nil {
		return false
	}
	for from := 0; ; {
		at := bytes.Index(have[from:], want)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRune(have[:at])
		after, _ := utf8.DecodeRune(have[at+len(want):])
		if (at == 0 || !isWordRune(before)) && (at+len(want) == len(have) || !isWordRune(after)) {
			return true
		}
		from = at + 1
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
