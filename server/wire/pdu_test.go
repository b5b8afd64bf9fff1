// pdu_test.go: bytes written beside their ASN.1.

package wire_test

import (
	"encoding/hex"
	"strings"
	"testing"
)

// pdu reads hexadecimal bytes; "--" begins a comment that ends with the line.
func pdu(tb testing.TB, text string) []byte {
	tb.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		tb.Fatalf("bytes of the test: %v", err)
	}
	return b
}
