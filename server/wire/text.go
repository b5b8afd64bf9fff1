// text.go: no response leaves with text that is not UTF-8 (RFC 4511 4.1.2).

package wire

import (
	"unicode/utf8"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// appendText appends an OCTET STRING that holds text. Bytes that are no UTF-8
// become the escape character and two hexadecimal digits: the escape of a DN
// (RFC 4514 2.4) or, with '%', that of a URL. In a DN or URL the meaning stays
// the same.
func appendText[T string | []byte](dst []byte, text T, escape byte) []byte {
	if validText(text) {
		dst = ber.AppendHeader(dst, ber.TagOctetString, len(text))
		return append(dst, text...)
	}
	dst, m := ber.Begin(dst, ber.TagOctetString)
	for i := 0; i < len(text); {
		r, n := decodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, escape, hexDigits[text[i]>>4], hexDigits[text[i]&15])
		} else {
			dst = append(dst, text[i:i+n]...)
		}
		i += n
	}
	return ber.End(dst, m)
}

const hexDigits = "0123456789abcdef"

// validText is utf8.Valid for either type, quick for ASCII.
func validText[T string | []byte](text T) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return validRest(text[i:])
		}
	}
	return true
}

func validRest[T string | []byte](text T) bool {
	for i := 0; i < len(text); {
		r, n := decodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return false
		}
		i += n
	}
	return true
}

// decodeRune is utf8.DecodeRune for either type, without a copy.
func decodeRune[T string | []byte](text T) (rune, int) {
	var b [utf8.UTFMax]byte
	n := copy(b[:], text)
	return utf8.DecodeRune(b[:n])
}
