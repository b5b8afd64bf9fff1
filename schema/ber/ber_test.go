// ber_test.go: headers, integers and booleans at the edges of their encodings.

package ber_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema/ber"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name, bytes  string
		size, length int
		err          error
	}{
		{"nothing", "", 0, 0, ber.ErrShort},
		{"tag alone", "30", 0, 0, ber.ErrShort},
		{"tag number above 30, alone", "3f", 0, 0, ber.ErrLongTag},
		{"tag number above 30", "9f 81 00 00", 0, 0, ber.ErrLongTag},
		{"empty content", "04 00", 2, 0, nil},
		{"largest short length", "04 7f", 2, 127, nil},
		{"indefinite", "30 80", 0, 0, ber.ErrLength},
		{"one length byte that is not here yet", "04 81", 0, 0, ber.ErrShort},
		{"one length byte", "04 81 80", 3, 128, nil},
		{"longer than needed", "04 81 05", 3, 5, nil},
		{"two length bytes, one here", "04 82 01", 0, 0, ber.ErrShort},
		{"two length bytes", "04 82 01 00", 4, 256, nil},
		{"leading zeros", "30 84 00 00 00 05", 6, 5, nil},
		{"eight length bytes", "30 88 00 00 00 00 00 01 00 00", 10, 65536, nil},
		{"nine length bytes", "30 89 00 00 00 00 00 00 00 00 01", 0, 0, ber.ErrLength},
		{"largest length", "04 84 7f ff ff ff", 6, math.MaxInt32, nil},
		{"2^31", "04 84 80 00 00 00", 0, 0, ber.ErrLength},
		{"2^63", "04 88 80 00 00 00 00 00 00 00", 0, 0, ber.ErrLength},
		{"2^64-1", "04 88 ff ff ff ff ff ff ff ff", 0, 0, ber.ErrLength},
		{"reserved", "04 ff", 0, 0, ber.ErrLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.bytes)
			tag, size, length, err := ber.Header(b)
			if !errors.Is(err, c.err) || size != c.size || length != c.length {
				t.Errorf("size %d, length %d, %v; want %d, %d, %v", size, length, err, c.size, c.length, c.err)
			}
			if err == nil && tag != b[0] {
				t.Errorf("tag %#x", tag)
			}
		})
	}
}

func TestReadAndExpect(t *testing.T) {
	b := unhex(t, "04 02 61 62 05 00")
	tag, content, rest, err := ber.Read(b)
	if err != nil || tag != ber.TagOctetString || string(content) != "ab" || !bytes.Equal(rest, []byte{5, 0}) {
		t.Fatalf("tag %#x, content % x, rest % x, %v", tag, content, rest, err)
	}
	if _ = append(content, 'x'); b[4] != 5 {
		t.Error("an append to the content wrote into the next element")
	}
	for _, c := range []struct {
		bytes string
		err   error
	}{
		{"04 03 61 62", ber.ErrShort},
		{"04 84 7f ff ff ff 61", ber.ErrShort},
		{"02 01 61", ber.ErrTag},
		{"24 00", ber.ErrTag},
		{"04 80 00 00", ber.ErrLength},
		{"", ber.ErrShort},
	} {
		if _, _, err := ber.Expect(unhex(t, c.bytes), ber.TagOctetString); !errors.Is(err, c.err) {
			t.Errorf("% s: error %v, want %v", c.bytes, err, c.err)
		}
	}
}

func TestLengthsComeThrough(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 255, 256, 65535, 65536, 1<<24 - 1, 1 << 24} {
		content := make([]byte, n)
		whole := ber.AppendBytes([]byte("x"), ber.TagOctetString, content)
		if got := len(whole) - 1 - n; got != ber.HeaderSize(n) {
			t.Errorf("%d: header of %d bytes, HeaderSize says %d", n, got, ber.HeaderSize(n))
		}
		got, rest, err := ber.Expect(whole[1:], ber.TagOctetString)
		if err != nil || len(got) != n || len(rest) != 0 {
			t.Errorf("%d: %d bytes, %d behind, %v", n, len(got), len(rest), err)
		}
		late, mark := ber.Begin([]byte("x"), ber.TagOctetString)
		if late = ber.End(append(late, content...), mark); !bytes.Equal(late, whole) {
			t.Errorf("%d: Begin and End make % x..., AppendBytes % x...", n, late[:min(len(late), 8)], whole[:min(len(whole), 8)])
		}
	}
}

func TestEndMovesNestedContentWhole(t *testing.T) {
	inner := bytes.Repeat([]byte("0123456789"), 30)
	dst, outer := ber.Begin(nil, ber.TagSequence)
	dst, set := ber.Begin(dst, ber.TagSet)
	dst = ber.AppendBytes(dst, ber.TagOctetString, inner)
	dst = ber.End(ber.End(dst, set), outer)
	want := ber.AppendBytes(nil, ber.TagSequence, ber.AppendBytes(nil, ber.TagSet, ber.AppendBytes(nil, ber.TagOctetString, inner)))
	if !bytes.Equal(dst, want) {
		t.Errorf("got  % x\nwant % x", dst, want)
	}
}

func TestIntegers(t *testing.T) {
	for _, c := range []struct {
		v     int64
		bytes string
	}{
		{0, "02 01 00"}, {1, "02 01 01"}, {127, "02 01 7f"}, {128, "02 02 00 80"}, {255, "02 02 00 ff"},
		{256, "02 02 01 00"}, {-1, "02 01 ff"}, {-128, "02 01 80"}, {-129, "02 02 ff 7f"},
		{32767, "02 02 7f ff"}, {32768, "02 03 00 80 00"}, {math.MaxInt32, "02 04 7f ff ff ff"},
		{math.MaxInt32 + 1, "02 05 00 80 00 00 00"},
		{math.MaxInt64, "02 08 7f ff ff ff ff ff ff ff"}, {math.MinInt64, "02 08 80 00 00 00 00 00 00 00"},
	} {
		want := unhex(t, c.bytes)
		if got := ber.AppendInt(nil, ber.TagInteger, c.v); !bytes.Equal(got, want) {
			t.Errorf("%d: % x, want % x", c.v, got, want)
		}
		if got, err := ber.Int(want[2:]); err != nil || got != c.v {
			t.Errorf("% x: %d, %v; want %d", want, got, err, c.v)
		}
	}
	if v, err := ber.Int([]byte{0, 0, 5}); v != 5 || err != nil {
		t.Errorf("leading zeros: %d, %v", v, err)
	}
	for _, content := range [][]byte{nil, make([]byte, 9)} {
		if _, err := ber.Int(content); !errors.Is(err, ber.ErrInteger) {
			t.Errorf("%d bytes: error %v", len(content), err)
		}
	}
}

func TestBooleans(t *testing.T) {
	for _, v := range []bool{true, false} {
		if got, err := ber.Bool(ber.AppendBool(nil, ber.TagBoolean, v)[2:]); got != v || err != nil {
			t.Errorf("%v: %v, %v", v, got, err)
		}
	}
	for _, content := range [][]byte{nil, {1}, {0x7f}, {0, 0}, {0xff, 0xff}} {
		if _, err := ber.Bool(content); !errors.Is(err, ber.ErrBoolean) {
			t.Errorf("% x: error %v", content, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 2, 5, 0})
	f.Add([]byte{4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		tag, content, rest, err := ber.Read(b)
		if err != nil {
			return
		}
		again := append(ber.AppendBytes(nil, tag, content), rest...)
		if len(again) > len(b) {
			t.Fatalf("% x became longer: % x", b, again)
		}
		if tag2, content2, rest2, err := ber.Read(again); err != nil || tag2 != tag || !bytes.Equal(content2, content) || !bytes.Equal(rest2, rest) {
			t.Fatalf("% x became % x", b, again)
		}
	})
}
