// One line: the name, the kind of value, the value.

package ldif

import (
	"bytes"
	"encoding/base64"
	"io"
)

// nameRoom is what a line may have beside its value, in bytes.
const nameRoom = 4096

// split cuts the current line into name and value; the value is put into the
// arena.
func (r *Reader) split() *SyntaxError {
	line := r.lines.cur
	r.name = nil
	switch {
	case isFold(line[0]):
		return r.fault(BadContinuation, "")
	case r.lines.over:
		r.name = line[:nameEnd(line)]
		return r.fault(TooLong, "")
	}
	end := nameEnd(line)
	colon := end
	if r.Dialect == Ancestor {
		for colon < len(line) && isFold(line[colon]) {
			colon++
		}
	}
	if colon == len(line) || line[colon] != ':' || end == 0 {
		if bytes.IndexByte(line, ':') < 0 {
			return r.fault(NoColon, "")
		}
		return r.fault(BadName, "")
	}
	r.name = line[:end]
	value, se := r.decode(line[colon+1:])
	r.value = value
	return se
}

// decode reads what follows the first colon of a value-spec (RFC 2849).
func (r *Reader) decode(rest []byte) ([]byte, *SyntaxError) {
	from := len(r.parsed.arena)
	dst := r.parsed.arena
	var err error
	switch {
	case len(rest) > 0 && rest[0] == ':':
		dst, err = base64.StdEncoding.AppendDecode(dst, bytes.Trim(rest[1:], " \t"))
		if err != nil {
			return nil, r.fault(BrokenBase64, "")
		}
	case len(rest) > 0 && rest[0] == '<':
		if r.Open == nil {
			return nil, r.fault(URLRefused, "reading other files is switched off")
		}
		if dst, err = r.fetch(dst, string(bytes.Trim(rest[1:], " \t"))); err != nil {
			se := r.fault(URLRefused, "")
			se.Err = err
			return nil, se
		}
	default:
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t' && r.Dialect == Ancestor) {
			rest = rest[1:]
		}
		dst = append(dst, rest...)
	}
	r.parsed.arena = dst
	value := dst[from:len(dst):len(dst)]
	switch {
	case len(value) == 0 && r.Dialect == Ancestor:
		return nil, r.fault(EmptyValue, "")
	case r.MaxValue > 0 && len(value) > r.MaxValue:
		return nil, r.fault(TooLong, "")
	}
	return value, nil
}

// fetch appends what the caller's opener gives for url, one byte more than
// MaxValue at most, so that the excess is seen.
func (r *Reader) fetch(dst []byte, url string) ([]byte, error) {
	src, err := r.Open(url)
	if err != nil {
		return dst, err
	}
	var from io.Reader = src
	if r.MaxValue > 0 {
		from = io.LimitReader(src, int64(r.MaxValue)+1)
	}
	buf := bytes.NewBuffer(dst)
	_, err = buf.ReadFrom(from)
	if closeErr := src.Close(); err == nil {
		err = closeErr
	}
	return buf.Bytes(), err
}

// The classes of bytes in an attribute description.
const (
	nameStart  = 1 << iota // may begin one
	nameInside             // may stand inside
	nameOption             // may stand inside after a ";", as in member;range=0-99
)

var nameClass = func() (class [256]uint8) {
	for c := range class {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80, '0' <= c && c <= '9', c == '_':
			class[c] = nameStart | nameInside | nameOption
		case c == '-', c == '.', c == ';':
			class[c] = nameInside | nameOption
		case c == '=':
			class[c] = nameOption
		}
	}
	return class
}()

// nameEnd is the length of the attribute description that line begins with.
// The set is that of RFC 4512 2.5, and "_", which old schemas have.
func nameEnd[T string | []byte](line T) int {
	if len(line) == 0 || nameClass[line[0]]&nameStart == 0 {
		return 0
	}
	allowed := uint8(nameInside)
	for i := 1; i < len(line); i++ {
		if nameClass[line[i]]&allowed == 0 {
			return i
		}
		if line[i] == ';' {
			allowed = nameOption
		}
	}
	return len(line)
}

// ValidName tells whether name can stand before the colon of a line: letters,
// digits, "-", ".", "_", options after ";". Nothing else can be written.
func ValidName(name string) bool { return name != "" && nameEnd(name) == len(name) }

// foldEqual compares without regard to ASCII case; lower is lower case.
func foldEqual[T string | []byte](name T, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		if lowerByte(name[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func isNumber(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

func trimRight(line []byte) []byte { return bytes.TrimRight(line, " \t") }
