// Which values can stand as they are.

package ldif

import (
	"bytes"
	"math/rand"
	"testing"
)

// plainByByte is what plain has to say.
func plainByByte(value []byte) bool {
	for i, c := range value {
		first := i == 0 && (c == ' ' || c == ':' || c == '<')
		last := i == len(value)-1 && c == ' '
		if c < 0x20 || c > 0x7e || first || last {
			return false
		}
	}
	return true
}

func TestEachByteAtEachPlaceDecidesAboutBase64(t *testing.T) {
	for size := 1; size <= 26; size++ {
		for at := range size {
			value := bytes.Repeat([]byte{'~'}, size)
			if at%2 == 0 {
				value = bytes.Repeat([]byte{'!'}, size)
			}
			for c := range 256 {
				value[at] = byte(c)
				if got, want := plain(value), plainByByte(value); got != want || plain(string(value)) != want {
					t.Fatalf("%q: %v", value, got)
				}
			}
		}
	}
	// Neighbours: what one byte carries over must not make or hide another.
	edges := []byte{0, 0x1f, ' ', '!', '~', 0x7f, 0x80, 0x9f, 0xa0, 0xfe, 0xff}
	rnd := rand.New(rand.NewSource(1))
	for range 200_000 {
		value := bytes.Repeat([]byte{'x'}, 1+rnd.Intn(20))
		for range rnd.Intn(4) {
			value[rnd.Intn(len(value))] = edges[rnd.Intn(len(edges))]
		}
		if got := plain(value); got != plainByByte(value) {
			t.Fatalf("%q: %v", value, got)
		}
	}
}
