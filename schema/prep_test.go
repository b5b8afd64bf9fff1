package schema

import (
	"bytes"
	"testing"
)

// TestPlainTextHasTheSameForm compares the short way with the long one for all
// pairs of Latin letters, and of those with what may stand beside them.
func TestPlainTextHasTheSameForm(t *testing.T) {
	var runes []string
	for r := rune(0xa0); r < 0x250; r++ {
		runes = append(runes, string(r))
	}
	runes = append(runes, "a", "Z", "i", "I", " ", "-", "~", "\u0301", "\u0307", "\u0308", "\u0327", "\u0345", "\u1e9e", "日", "\xc3", "\xc5\xc3", "\u00ad")
	plain := 0
	for _, a := range runes {
		for _, b := range runes {
			for _, text := range []string{a + b, "x" + a + b + " y", "A " + a + " " + b} {
				for _, mode := range []spaces{spacesCompact, spacesValue} {
					short, ok := appendPlain([]byte("p"), []byte(text), mode)
					if !ok {
						if string(short) != "p" {
							t.Fatalf("%q is not plain and leaves %q", text, short)
						}
						continue
					}
					plain++
					long, err := appendPreparedUnicode([]byte("p"), []byte(text), true, mode)
					if err != nil || !bytes.Equal(short, long) {
						t.Fatalf("%q: %q the short way, %q the long one, %v", text, short, long, err)
					}
				}
			}
		}
	}
	if plain < 100000 {
		t.Errorf("only %d of them were plain", plain)
	}
}
