// request_test.go: requests as bytes beside their ASN.1, and malformed ones.

package wire_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// request is what all requests have in common.
type request interface{ Decode(body []byte) error }

func TestRequestDecode(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		want  request
	}{
		{"simple bind", `
			02 01 03        -- version 3
			04 03 6f 3d 78  -- name "o=x"
			80 02 70 77     -- simple "pw"`,
			&wire.BindRequest{Version: 3, Name: []byte("o=x"), AuthTag: wire.AuthSimple, Password: []byte("pw")}},
		{"SASL bind without credentials", `
			02 01 03 04 00
			a3 07 04 05 50 4c 41 49 4e  -- sasl { mechanism "PLAIN" }`,
			&wire.BindRequest{Version: 3, Name: []byte{}, AuthTag: wire.AuthSASL, Mechanism: []byte("PLAIN")}},
		{"SASL bind with empty credentials", `
			02 01 03 04 00
			a3 09 04 05 50 4c 41 49 4e 04 00`,
			&wire.BindRequest{Version: 3, Name: []byte{}, AuthTag: wire.AuthSASL, Mechanism: []byte("PLAIN"),
				Credentials: []byte{}, HasCredentials: true}},
		{"Kerberos bind of LDAPv2", `
			02 01 02 04 00
			81 01 6b  -- krbv42LDAP`,
			&wire.BindRequest{Version: 2, Name: []byte{}, AuthTag: 0x81}},
		{"compare", `
			04 03 6f 3d 78
			30 07 04 02 63 6e 04 01 76  -- cn, "v"`,
			&wire.CompareRequest{DN: []byte("o=x"), Attr: []byte("cn"), Value: []byte("v")}},
		{"abandon", `00 80`, &wire.AbandonRequest{ID: 128}},
		{"extended without value", `80 03 31 2e 31`, &wire.ExtendedRequest{Name: []byte("1.1")}},
		{"extended with empty value", `80 03 31 2e 31 81 00`,
			&wire.ExtendedRequest{Name: []byte("1.1"), Value: []byte{}, HasValue: true}},
		{"delete", `6f 3d 78`, &wire.DeleteRequest{DN: []byte("o=x")}},
		{"rename", `
			04 03 6f 3d 78  -- entry
			04 03 6f 3d 79  -- newrdn
			01 01 ff        -- deleteoldrdn`,
			&wire.ModifyDNRequest{DN: []byte("o=x"), NewRDN: []byte("o=y"), DeleteOldRDN: true}},
		{"move to the root", `
			04 03 6f 3d 78 04 03 6f 3d 79 01 01 00
			80 00  -- newSuperior ""`,
			&wire.ModifyDNRequest{DN: []byte("o=x"), NewRDN: []byte("o=y"), NewSuperior: []byte{}, HasNewSuperior: true}},
		{"modify", `
			04 03 6f 3d 78
			30 1f
			   30 0e 0a 01 02                  -- replace
			      30 09 04 02 63 6e            --   cn
			         31 03 04 01 76            --     { "v" }
			   30 0d 0a 01 01                  -- delete
			      30 08 04 02 73 6e 31 00      --   sn, all values
			         85 00                     --   and a component of the future`,
			&wire.ModifyRequest{DN: []byte("o=x"), Mods: []schema.Modification{
				{Op: schema.ModReplace, Attr: "cn", Values: [][]byte{[]byte("v")}},
				{Op: schema.ModDelete, Attr: "sn"},
			}}},
		{"add", `
			04 03 6f 3d 78
			30 0e 30 0c 04 02 63 6e 31 06 04 01 61 04 01 62  -- cn { "a", "b" }`,
			&wire.AddRequest{DN: []byte("o=x"), Attributes: []schema.RawAttribute{
				{Attr: "cn", Values: [][]byte{[]byte("a"), []byte("b")}},
			}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := fresh(c.want)
			if err := got.Decode(pdu(t, c.bytes)); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// fresh is a new zero request of the same type.
func fresh(like request) request {
	return reflect.New(reflect.TypeOf(like).Elem()).Interface().(request)
}

func TestRequestMalformed(t *testing.T) {
	bind, modify, add := &wire.BindRequest{}, &wire.ModifyRequest{}, &wire.AddRequest{}
	rename, compare := &wire.ModifyDNRequest{}, &wire.CompareRequest{}
	abandon, extended := &wire.AbandonRequest{}, &wire.ExtendedRequest{}
	for _, c := range []struct {
		name  string
		into  request
		bytes string
		err   error
	}{
		{"E8: bind is empty", bind, "", wire.ErrProtocol},
		{"E8: bind without name", bind, "02 01 03", wire.ErrProtocol},
		{"E8: bind without authentication", bind, "02 01 03 04 00", wire.ErrProtocol},
		{"bind version 0", bind, "02 01 00 04 00 80 00", wire.ErrProtocol},
		{"bind version 128", bind, "02 02 00 80 04 00 80 00", wire.ErrProtocol},
		{"bind version negative", bind, "02 01 fd 04 00 80 00", wire.ErrProtocol},
		{"bind version is an OCTET STRING", bind, "04 01 03 04 00 80 00", wire.ErrProtocol},
		{"bind version is a REAL", bind, "09 01 03 04 00 80 00", wire.ErrEncoding},
		{"bind version of no bytes", bind, "02 00 04 00 80 00", wire.ErrProtocol},
		{"bind name longer than the request", bind, "02 01 03 04 05 80 00", wire.ErrTruncated},
		{"bind name is a constructed OCTET STRING", bind, "02 01 03 24 02 04 00 80 00", wire.ErrEncoding},
		{"bind authentication is an OCTET STRING", bind, "02 01 03 04 00 04 00", wire.ErrProtocol},
		{"bind password of indefinite length", bind, "02 01 03 04 00 80 80 00 00", wire.ErrLength},
		{"E8: SASL without mechanism", bind, "02 01 03 04 00 a3 00", wire.ErrProtocol},
		{"SASL mechanism is an INTEGER", bind, "02 01 03 04 00 a3 03 02 01 01", wire.ErrProtocol},
		{"SASL credentials cut short", bind, "02 01 03 04 00 a3 04 04 00 04 01", wire.ErrTruncated},
		{"E8: modify without changes", modify, "04 00", wire.ErrProtocol},
		{"modify with an empty change", modify, "04 00 30 02 30 00", wire.ErrProtocol},
		{"modify operation 4", modify, "04 00 30 0b 30 09 0a 01 04 30 04 04 00 31 00", wire.ErrProtocol},
		{"modify operation -1", modify, "04 00 30 0b 30 09 0a 01 ff 30 04 04 00 31 00", wire.ErrProtocol},
		{"modify operation is an INTEGER", modify, "04 00 30 0b 30 09 02 01 00 30 04 04 00 31 00", wire.ErrProtocol},
		{"modify without values", modify, "04 00 30 09 30 07 0a 01 00 30 02 04 00", wire.ErrProtocol},
		{"modify value is NULL", modify, "04 00 30 0d 30 0b 0a 01 00 30 06 04 00 31 02 05 00", wire.ErrProtocol},
		{"modify value cut short", modify, "04 00 30 0d 30 0b 0a 01 00 30 06 04 00 31 02 04 05", wire.ErrTruncated},
		{"E8: add without attributes", add, "04 00", wire.ErrProtocol},
		{"add attribute without values", add, "04 00 30 08 30 06 04 02 63 6e 31 00", wire.ErrProtocol},
		{"add values are a SEQUENCE", add, "04 00 30 08 30 06 04 00 30 02 04 00", wire.ErrProtocol},
		{"E8: rename without newrdn", rename, "04 00", wire.ErrProtocol},
		{"E8: rename without deleteoldrdn", rename, "04 00 04 00", wire.ErrProtocol},
		{"deleteoldrdn of two bytes", rename, "04 00 04 00 01 02 00 00", wire.ErrEncoding},
		{"E8: compare without assertion", compare, "04 00", wire.ErrProtocol},
		{"E8: compare without value", compare, "04 00 30 04 04 02 63 6e", wire.ErrProtocol},
		{"abandon of nothing", abandon, "", wire.ErrProtocol},
		{"abandon of -1", abandon, "ff", wire.ErrProtocol},
		{"abandon of 2^31", abandon, "00 80 00 00 00", wire.ErrProtocol},
		{"E8: extended without name", extended, "", wire.ErrProtocol},
		{"extended name is an OCTET STRING", extended, "04 01 31", wire.ErrProtocol},
		{"E7: extended with a tag number above 30", extended, "80 01 31 9f 81 01 00", wire.ErrEncoding},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.into.Decode(pdu(t, c.bytes)); !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func TestUpdateWithTooManyValues(t *testing.T) {
	values := func(n int) [][]byte {
		out := make([][]byte, n)
		for i := range out {
			out[i] = []byte("v")
		}
		return out
	}
	many := make([]schema.Modification, wire.MaxValues+1)
	for _, c := range []struct {
		name string
		body []byte
		err  error
	}{
		{"just as many as allowed", modifyBody([]schema.Modification{{Attr: "cn", Values: values(wire.MaxValues - 1)}}), nil},
		{"one too many", modifyBody([]schema.Modification{{Attr: "cn", Values: values(wire.MaxValues)}}), wire.ErrTooManyValues},
		{"in two changes", modifyBody([]schema.Modification{
			{Attr: "cn", Values: values(wire.MaxValues / 2)}, {Attr: "sn", Values: values(wire.MaxValues / 2)},
		}), wire.ErrTooManyValues},
		{"changes without values", modifyBody(many), wire.ErrTooManyValues},
	} {
		t.Run(c.name, func(t *testing.T) {
			var q wire.ModifyRequest
			err := q.Decode(c.body)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if c.err != nil && (errors.Is(err, wire.ErrProtocol) || !errors.Is(err, wire.ErrLimit)) {
				t.Errorf("error %v is not of kind ErrLimit", err)
			}
		})
	}
	add := addBody([]schema.RawAttribute{{Attr: "cn", Values: values(wire.MaxValues)}})
	if err := new(wire.AddRequest).Decode(add); !errors.Is(err, wire.ErrTooManyValues) {
		t.Errorf("add: error %v", err)
	}
}

// RFC 4511 5.1 has TRUE sent as FF, but go-ldap and python-ldap send 01.
func TestAnyOctetButZeroIsTrue(t *testing.T) {
	for _, c := range []struct {
		octet string
		want  bool
	}{{"00", false}, {"01", true}, {"7f", true}, {"ff", true}} {
		var q wire.ModifyDNRequest
		if err := q.Decode(pdu(t, "04 00 04 00 01 01 "+c.octet)); err != nil || q.DeleteOldRDN != c.want {
			t.Errorf("%s: deleteoldrdn is %v, %v", c.octet, q.DeleteOldRDN, err)
		}
	}
}
