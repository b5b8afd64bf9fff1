// frame_test.go: finding the end of a message, and refusing what has none.

package wire_test

import (
	"errors"
	"testing"

	"github.com/sunray-ds/utdsd/server/wire"
)

func TestFrameLength(t *testing.T) {
	const limit = 256 << 10
	for _, c := range []struct {
		name  string
		bytes string
		n     int
		err   error
	}{
		{"nothing yet", "", 0, nil},
		{"tag alone", "30", 0, nil},
		{"short form", "30 05 02 01 01 42 00", 7, nil},
		{"content still to come", "30 7f", 129, nil},
		{"empty message", "30 00", 2, nil},
		{"long form, one byte missing", "30 82 01", 0, nil},
		{"long form", "30 82 01 00", 260, nil},
		{"not the shortest form, as Windows sends it", "30 84 00 00 00 05", 11, nil},
		{"eight length bytes", "30 88 00 00 00 00 00 00 00 05", 15, nil},
		{"as long as the limit", "30 83 03 ff fb", limit, nil},
		{"longer than the limit by one", "30 83 03 ff fc", 0, wire.ErrTooLarge},
		{"E1: length of 2 GiB", "30 84 7f ff ff ff", 0, wire.ErrTooLarge},
		{"E3: length that wraps negative", "30 88 ff ff ff ff ff ff ff ff", 0, wire.ErrLength},
		{"E3: length of 2^63", "30 88 80 00 00 00 00 00 00 00", 0, wire.ErrLength},
		{"E3: length of 2^31", "30 84 80 00 00 00", 0, wire.ErrLength},
		{"E6: indefinite length", "30 80", 0, wire.ErrLength},
		{"E11: reserved length ff", "30 ff ff ff ff ff ff ff", 0, wire.ErrLength},
		{"E11: nine length bytes", "30 89 00", 0, wire.ErrLength},
		{"E12: TLS client hello", "16 03 01 02 00", 0, wire.ErrNotLDAP},
		{"E12: HTTP request", "47 45 54 20 2f", 0, wire.ErrNotLDAP},
		{"E12: high tag number", "1f", 0, wire.ErrNotLDAP},
		{"SET instead of SEQUENCE", "31 05", 0, wire.ErrNotLDAP},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := wire.FrameLength(pdu(t, c.bytes), limit)
			if n != c.n || !errors.Is(err, c.err) {
				t.Errorf("length %d, error %v; want %d, %v", n, err, c.n, c.err)
			}
			if err != nil && !errors.Is(err, wire.ErrFatal) {
				t.Errorf("error %v is not of kind ErrFatal", err)
			}
		})
	}
}

func TestFrameLengthNeedsNoMoreThanMaxHeader(t *testing.T) {
	header := pdu(t, "30 88 00 00 00 00 00 00 00 05")
	if len(header) != wire.MaxHeader {
		t.Fatalf("the longest header has %d bytes", len(header))
	}
	for i := range len(header) {
		if n, err := wire.FrameLength(header[:i], 100); n != 0 || err != nil {
			t.Errorf("first %d bytes: %d, %v; want to be asked for more", i, n, err)
		}
	}
}
