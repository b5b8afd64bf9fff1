// response_test.go: responses as bytes and as a client reads them.

package wire_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestResponseBytes(t *testing.T) {
	success := &schema.Result{}
	for _, c := range []struct {
		name  string
		got   []byte
		bytes string
	}{
		{"success", wire.AppendResult(nil, 1, wire.TagSearchResultDone, success, nil), `
			30 0c 02 01 01
			   65 07              -- searchResDone
			      0a 01 00        --   success
			      04 00 04 00`},
		{"message ID 128 keeps its sign", wire.AppendResult(nil, 128, wire.TagDelResponse, success, nil), `
			30 0d 02 02 00 80 6b 07 0a 01 00 04 00 04 00`},
		{"result code 4096", wire.AppendResult(nil, 1, wire.TagSearchResultDone, &schema.Result{Code: schema.SyncRefreshRequired}, nil), `
			30 0d 02 01 01 65 08 0a 02 10 00 04 00 04 00`},
		{"referral", wire.AppendResult(nil, 1, wire.TagAddResponse,
			&schema.Result{Code: schema.ReferralResult, MatchedDN: "o=x", Diagnostic: "no", Referrals: []string{"ldap://y/"}}, nil), `
			30 1e 02 01 01
			   69 19
			      0a 01 0a
			      04 03 6f 3d 78
			      04 02 6e 6f
			      a3 0b 04 09 6c 64 61 70 3a 2f 2f 79 2f  -- referral`},
		{"control", wire.AppendResult(nil, 1, wire.TagSearchResultDone, success,
			wire.AppendControl(nil, "1.1", true, []byte{})), `
			30 1a 02 01 01 65 07 0a 01 00 04 00 04 00
			   a0 0c 30 0a 04 03 31 2e 31 01 01 ff 04 00`},
		{"bind with credentials", wire.AppendBindResponse(nil, 1, success, []byte("c"), true, nil), `
			30 0f 02 01 01 61 0a 0a 01 00 04 00 04 00
			      87 01 63  -- serverSaslCreds`},
		{"extended", wire.AppendExtendedResponse(nil, 1, success, "1.1", []byte{}, true, nil), `
			30 13 02 01 01 78 0e 0a 01 00 04 00 04 00
			      8a 03 31 2e 31  -- responseName
			      8b 00           -- responseValue`},
		{"intermediate", wire.AppendIntermediate(nil, 1, "1.1", []byte("v")), `
			30 0d 02 01 01 79 08 80 03 31 2e 31 81 01 76`},
		{"reference", wire.AppendReference(nil, 1, []string{"a", "b"}, nil), `
			30 0b 02 01 01 73 06 04 01 61 04 01 62`},
		{"notice of disconnection", wire.AppendNotice(nil, schema.ProtocolError, "bad"), `
			30 27 02 01 00
			   78 22 0a 01 02 04 00 04 03 62 61 64
			      8a 16 31 2e 33 2e 36 2e 31 2e 34 2e 31 2e 31 34 36 36 2e 32 30 30 33 36`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if want := pdu(t, c.bytes); !bytes.Equal(c.got, want) {
				t.Errorf("got  % x\nwant % x", c.got, want)
			}
		})
	}
}

// appendEntry is an entry as the server puts it together.
func appendEntry(dst []byte, id int32, dn string, attributes []schema.RawAttribute, controls []byte) []byte {
	dst, mark := wire.BeginEntry(dst, id, []byte(dn))
	for _, a := range attributes {
		dst = schema.AppendAttribute(dst, a.Attr, a.Values...)
	}
	return wire.EndEntry(dst, mark, controls)
}

func TestEntryOfEverySizeOfLength(t *testing.T) {
	for _, n := range []int{0, 1, 90, 127, 128, 200, 255, 256, 65535, 65536, 1 << 24} {
		want := []schema.RawAttribute{{Attr: "cn", Values: [][]byte{bytes.Repeat([]byte{'x'}, n)}}}
		before := []byte("what is already in the buffer")
		out := appendEntry(bytes.Clone(before), 300, "o=x", want, wire.AppendControl(nil, "1.1", false, nil))
		if !bytes.HasPrefix(out, before) {
			t.Fatalf("value of %d bytes: the buffer's content is gone", n)
		}
		out = out[len(before):]
		if length, err := wire.FrameLength(out, 1<<30); err != nil || length != len(out) {
			t.Fatalf("value of %d bytes: length %d of %d, %v", n, length, len(out), err)
		}
		got, err := wiretest.Decode(out)
		if err != nil {
			t.Fatalf("value of %d bytes: %v", n, err)
		}
		if got.ID != 300 || got.DN != "o=x" || !same(got.Attributes, want) || len(got.Controls) != 1 {
			t.Errorf("value of %d bytes: another entry came back", n)
		}
	}
}

func TestEntryAtOnceIsTheOneOfParts(t *testing.T) {
	for _, id := range []int32{1, 127, 128, 300, 1<<31 - 1} {
		for _, name := range []int{0, 1, 127, 128, 300, 70000} {
			for _, size := range []int{0, 1, 100, 127, 128, 255, 256, 65535, 65536} {
				for _, end := range []string{"", "ö", "\xff"} {
					dn, attributes := append(bytes.Repeat([]byte{'n'}, name), end...), bytes.Repeat([]byte{'a'}, size)
					want, mark := wire.BeginEntry([]byte("before"), id, dn)
					want = wire.EndEntry(append(want, attributes...), mark, nil)
					if got := wire.AppendEntry([]byte("before"), id, dn, attributes); !bytes.Equal(got, want) {
						t.Errorf("message %d, name of %d bytes and %q, attributes of %d: %.60x, not %.60x", id, name, end, size, got, want)
					}
				}
			}
		}
	}
}

func TestReadEntryValue(t *testing.T) {
	want := wiretest.NewRandom(5).Attributes()
	out, mark := wire.BeginReadEntry(nil, []byte("o=x"))
	for _, a := range want {
		out = schema.AppendAttribute(out, a.Attr, a.Values...)
	}
	dn, got, err := wiretest.ReadEntry(wire.EndReadEntry(out, mark))
	if err != nil || dn != "o=x" || !same(got, want) {
		t.Errorf("got %q %v %v, want %v", dn, got, err, want)
	}
}

func TestRandomResponsesComeThrough(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := wiretest.NewRandom(seed)
	for i := range 3000 {
		id, res := r.MessageID(), r.Result()
		controls, encoded := r.Controls()
		want := &wiretest.Response{ID: id, Controls: controls, Result: *res}
		var out []byte
		switch r.IntN(6) {
		case 0:
			want.Op, want.HasCreds, want.Creds = wire.TagBindResponse, true, r.Octets()
			out = wire.AppendBindResponse(nil, id, res, want.Creds, true, encoded)
		case 1:
			want.Op, want.Name, want.HasValue, want.Value = wire.TagExtendedResponse, string(r.OID()), true, r.Octets()
			out = wire.AppendExtendedResponse(nil, id, res, want.Name, want.Value, true, encoded)
		case 2:
			want.Op, want.Result = wire.TagSearchReference, schema.Result{Referrals: []string{"ldap://a/", "ldap://b/"}}
			out = wire.AppendReference(nil, id, want.Result.Referrals, encoded)
		case 3:
			want.Op, want.Result, want.DN = wire.TagSearchResultEntry, schema.Result{}, string(r.Text())
			want.Attributes = r.Attributes()
			out = appendEntry(nil, id, want.DN, want.Attributes, encoded)
		default:
			want.Op = wire.TagModifyDNResponse
			out = wire.AppendResult(nil, id, want.Op, res, encoded)
		}
		got, err := wiretest.Decode(out)
		if err != nil {
			t.Fatalf("response %d: %v\n% x", i, err, out)
		}
		if !same(got, want) {
			t.Fatalf("response %d:\n got %+v\nwant %+v", i, got, want)
		}
	}
}

func TestTextThatIsNoUTF8IsEscaped(t *testing.T) {
	for _, c := range []struct{ name, in, text, url string }{
		{"ASCII", "plain \x00", "plain \x00", "plain \x00"},
		{"UTF-8 of all lengths", "ä€𝄞", "ä€𝄞", "ä€𝄞"},
		{"a replacement character that was sent", "\ufffd", "\ufffd", "\ufffd"},
		{"Latin-1", "M\xfcller", `M\fcller`, "M%fcller"},
		{"cut short", "x\xe2\x82", `x\e2\82`, "x%e2%82"},
		{"overlong", "\xc0\xaf", `\c0\af`, "%c0%af"},
		{"surrogate", "\xed\xa0\x80", `\ed\a0\80`, "%ed%a0%80"},
		{"good and bad", "ä\xffä", `ä\ffä`, "ä%ffä"},
		{"long enough for a long length", strings.Repeat("\xff", 100), strings.Repeat(`\ff`, 100), strings.Repeat("%ff", 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := schema.Result{Code: 10, MatchedDN: c.in, Diagnostic: c.in, Referrals: []string{c.in}}
			out := wire.AppendResult(nil, 1, wire.TagDelResponse, &r, nil)
			got, err := wiretest.Decode(out)
			if err != nil {
				t.Fatal(err)
			}
			want := schema.Result{Code: 10, MatchedDN: c.text, Diagnostic: c.text, Referrals: []string{c.url}}
			if !reflect.DeepEqual(got.Result, want) {
				t.Errorf("got %+v, want %+v", got.Result, want)
			}
			if !utf8.ValidString(got.Result.Diagnostic) {
				t.Errorf("%+q is no UTF-8", got.Result.Diagnostic)
			}
			entry, err := wiretest.Decode(appendEntry(nil, 1, c.in, nil, nil))
			if err != nil || entry.DN != c.text {
				t.Errorf("entry %+q, %v; want %+q", entry.DN, err, c.text)
			}
		})
	}
}
