// notation_test.go: the notation of bytes.

package corpus

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxBytes bounds what one notation may expand to.
const maxBytes = 16 << 20

// notation reads bytes off the front of text.
type notation struct {
	text string
	vars map[string][]byte
}

// expand turns notation into bytes.
func expand(text string, vars map[string][]byte) ([]byte, error) {
	n := &notation{text: text, vars: vars}
	out, err := n.sequence("")
	if err != nil {
		rest := n.text
		return nil, fmt.Errorf("before %.30q: %w", rest, err)
	}
	return out, nil
}

// space skips white space and comments.
func (n *notation) space() {
	for {
		n.text = strings.TrimLeft(n.text, " \t\r\n")
		if !strings.HasPrefix(n.text, "--") {
			return
		}
		_, n.text, _ = strings.Cut(n.text, "\n")
	}
}

// sequence reads items up to the closing bracket, or to the end of the text
// when there is none.
func (n *notation) sequence(closing string) ([]byte, error) {
	var out []byte
	for {
		n.space()
		if closing == "" && n.text == "" {
			return out, nil
		}
		if n.text == "" {
			return nil, fmt.Errorf("%q is missing", closing)
		}
		if closing != "" && strings.HasPrefix(n.text, closing) {
			n.text = n.text[len(closing):]
			return out, nil
		}
		item, err := n.item()
		if err != nil {
			return nil, err
		}
		if out = append(out, item...); len(out) > maxBytes {
			return nil, errors.New("too many bytes")
		}
	}
}

func (n *notation) item() ([]byte, error) {
	switch n.text[0] {
	case '"':
		quoted, err := strconv.QuotedPrefix(n.text)
		if err != nil {
			return nil, err
		}
		n.text = n.text[len(quoted):]
		text, err := strconv.Unquote(quoted)
		return []byte(text), err
	case '$':
		n.text = n.text[1:]
		name := n.take(func(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' })
		value, ok := n.vars[name]
		if !ok {
			return nil, fmt.Errorf("$%s is not defined", name)
		}
		return value, nil
	case '(':
		n.text = n.text[1:]
		content, err := n.sequence(")")
		if err != nil {
			return nil, err
		}
		count, err := n.number('*')
		if err != nil || count*len(content) > maxBytes {
			return nil, errors.New("( ) needs *COUNT, of at most 16 MiB together")
		}
		return slices.Repeat(content, count), nil
	}
	return n.element()
}

// element reads two hexadecimal digits, and what makes them an element.
func (n *notation) element() ([]byte, error) {
	if len(n.text) < 2 {
		return nil, errors.New("half a byte")
	}
	b, err := hex.DecodeString(n.text[:2])
	if err != nil {
		return nil, err
	}
	n.text = n.text[2:]
	depth := 1
	if strings.HasPrefix(n.text, "^") {
		if depth, err = n.number('^'); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(n.text, "{") {
		if depth != 1 {
			return nil, errors.New("^COUNT needs { }")
		}
		return b, nil
	}
	n.text = n.text[1:]
	content, err := n.sequence("}")
	if err != nil {
		return nil, err
	}
	return nest(b[0], depth, content), nil
}

// nest puts depth elements around content. It is built backwards, because
// each header depends on what is within.
func nest(tag byte, depth int, content []byte) []byte {
	out := slices.Clone(content)
	slices.Reverse(out)
	for range depth {
		size := len(out)
		long := 0
		for v := size; size > 127 && v > 0; v >>= 8 {
			out = append(out, byte(v))
			long++
		}
		if long > 0 {
			out = append(out, 0x80|byte(long), tag)
		} else {
			out = append(out, byte(size), tag)
		}
	}
	slices.Reverse(out)
	return out
}

// number reads mark and a decimal number.
func (n *notation) number(mark byte) (int, error) {
	if n.text == "" || n.text[0] != mark {
		return 0, fmt.Errorf("%c is missing", mark)
	}
	n.text = n.text[1:]
	return strconv.Atoi(n.take(func(c byte) bool { return '0' <= c && c <= '9' }))
}

func (n *notation) take(of func(byte) bool) string {
	i := 0
	for i < len(n.text) && of(n.text[i]) {
		i++
	}
	taken := n.text[:i]
	n.text = n.text[i:]
	return taken
}

func TestNotation(t *testing.T) {
	vars := map[string][]byte{"dn": []byte("o=x")}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"30 0a", "300a"},
		{"300a", "300a"},
		{`"a\n\xff"`, "610aff"},
		{"30{ 02{01} 42{} } -- a comment }\n 00", "3005020101420000"},
		{"04{$dn}", "04036f3d78"},
		{`(61 "b")*3`, "616261626162"},
		{"a0^3{87{}}", "a006a004a0028700"},
	} {
		got, err := expand(c.text, vars)
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x, %v; want %s", c.text, got, err, c.want)
		}
	}
	long, err := expand(`04{(00)*300}`, nil)
	if err != nil || !strings.HasPrefix(string(long), "\x04\x82\x01\x2c\x00") || len(long) != 304 {
		t.Errorf("300 bytes: % x..., %v", long[:min(5, len(long))], err)
	}
	for _, bad := range []string{"3", "3g", "30{", "30}", "$nothing", `"open`, "(00)", "(00)*x", "30^2", "(00)*99999999"} {
		if got, err := expand(bad, vars); err == nil {
			t.Errorf("%s: % x, no error", bad, got)
		}
	}
}
