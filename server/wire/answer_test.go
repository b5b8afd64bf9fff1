// answer_test.go: whatever a provider sends, a consumer survives it.

package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// answers are the decoders of responses.
var answers = map[string]func(body []byte) (any, error){
	"entry": func(b []byte) (any, error) {
		var e wire.SearchResultEntry
		err := e.Decode(b)
		return e, err
	},
	"reference": func(b []byte) (any, error) { return wire.DecodeReference(b) },
	"result":    func(b []byte) (any, error) { return wire.DecodeResult(b) },
	"bind": func(b []byte) (any, error) {
		var p wire.BindResponse
		err := p.Decode(b)
		return p, err
	},
	"extended": func(b []byte) (any, error) {
		var p wire.ExtendedResponse
		err := p.Decode(b)
		return p, err
	},
	"intermediate": func(b []byte) (any, error) {
		var p wire.IntermediateResponse
		err := p.Decode(b)
		return p, err
	},
}

func TestAnswersOfOtherServers(t *testing.T) {
	for _, c := range []struct {
		name, kind, bytes string
		want              any
	}{
		{"lengths longer than they must be, as slapd has them", "result", "0a 01 00 04 84 00 00 00 00 04 81 00", schema.Result{}},
		{"an element that came with a later RFC", "result", "0a 01 00 04 00 04 00 8f 01 00", schema.Result{}},
		{"a referral", "result", "0a 01 0a 04 00 04 00 a3 03 04 01 78", schema.Result{Code: schema.ReferralResult, Referrals: []string{"x"}}},
		{"credentials", "bind", "0a 01 0e 04 00 04 00 87 01 78",
			wire.BindResponse{Result: schema.Result{Code: schema.SASLBindInProgress}, ServerSaslCreds: []byte("x")}},
		{"no credentials", "bind", "0a 01 31 04 00 04 00", wire.BindResponse{Result: schema.Result{Code: schema.InvalidCredentials}}},
		{"empty value", "extended", "0a 01 00 04 00 04 00 8b 00", wire.ExtendedResponse{Value: []byte{}}},
		{"name and value", "intermediate", "80 01 31 81 01 78", wire.IntermediateResponse{Name: []byte("1"), Value: []byte("x")}},
		{"nothing at all", "intermediate", "", wire.IntermediateResponse{}},
		{"an entry without attributes", "entry", "04 03 6f 3d 78 30 00", wire.SearchResultEntry{DN: []byte("o=x")}},
		{"an attribute without values", "entry", "04 00 30 07 30 05 04 01 6f 31 00",
			wire.SearchResultEntry{Attributes: pdu(t, "30 05 04 01 6f 31 00")}},
		{"two references", "reference", "04 01 78 04 01 79", []string{"x", "y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := answers[c.kind](pdu(t, c.bytes))
			if err != nil || !same(got, c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, c := range []struct {
		name, kind, bytes string
		kindOf            error
	}{
		{"no result", "result", "", wire.ErrProtocol},
		{"a code below 0", "result", "0a 01 ff 04 00 04 00", wire.ErrProtocol},
		{"a result cut short", "result", "0a 01 00 04 05", wire.ErrFatal},
		{"a referral to an INTEGER", "result", "0a 01 0a 04 00 04 00 a3 03 02 01 01", wire.ErrProtocol},
		{"a bind response that is none", "bind", "04 00", wire.ErrProtocol},
		{"an entry without attributes at all", "entry", "04 00", wire.ErrProtocol},
		{"an attribute that is no SEQUENCE", "entry", "04 00 30 02 31 00", wire.ErrProtocol},
		{"an attribute without SET", "entry", "04 00 30 05 30 03 04 01 6f", wire.ErrProtocol},
		{"a value that is an INTEGER", "entry", "04 00 30 0a 30 08 04 01 6f 31 03 02 01 01", wire.ErrProtocol},
		{"a value longer than its attribute", "entry", "04 00 30 09 30 07 04 01 6f 31 02 04 05", wire.ErrFatal},
		{"a reference to an INTEGER", "reference", "02 01 01", wire.ErrProtocol},
		{"a name cut short", "intermediate", "80 05", wire.ErrFatal},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := answers[c.kind](pdu(t, c.bytes))
			if !errors.Is(err, c.kindOf) {
				t.Errorf("got %+v, error %v", got, err)
			}
			checkKind(t, err)
		})
	}
}

func TestClientRequestBytes(t *testing.T) {
	sasl := &wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte("M"), Credentials: []byte("c"), HasCredentials: true}
	cancel := &wire.ExtendedRequest{Name: []byte(wire.OIDCancel), Value: wire.AppendCancel(nil, 5), HasValue: true}
	for _, c := range []struct {
		name  string
		got   []byte
		bytes string
	}{
		{"SASL bind", wire.AppendRequest(nil, 1, sasl, nil), "30 12 02 01 01 60 0d 02 01 03 04 00 a3 06 04 01 4d 04 01 63"},
		{"simple bind", wire.AppendRequest(nil, 1, &wire.BindRequest{Version: 3, AuthTag: wire.AuthSimple}, nil), "30 0c 02 01 01 60 07 02 01 03 04 00 80 00"},
		{"unbind", wire.AppendRequest(nil, 2, wire.UnbindRequest{}, nil), "30 05 02 01 02 42 00"},
		{"abandon", wire.AppendRequest(nil, 2, &wire.AbandonRequest{ID: 300}, nil), "30 07 02 01 02 50 02 01 2c"},
		{"cancel", wire.AppendRequest(nil, 2, cancel, nil), `
			30 19 02 01 02
			   77 14
			      80 0b 31 2e 33 2e 36 2e 31 2e 31 2e 38
			      81 05 30 03 02 01 05`},
		{"StartTLS with a control", wire.AppendRequest(nil, 1, &wire.ExtendedRequest{Name: []byte("1.1")}, wire.AppendControl(nil, "1.1", false, nil)), `
			30 13 02 01 01 77 05 80 03 31 2e 31 a0 07 30 05 04 03 31 2e 31`},
	} {
		if want := pdu(t, c.bytes); !bytes.Equal(c.got, want) {
			t.Errorf("%s: got % x, want % x", c.name, c.got, want)
		}
	}
	if id, err := wire.DecodeCancel(cancel.Value); id != 5 || err != nil {
		t.Errorf("cancel of %d, %v", id, err)
	}
	if f := wire.AppendFilter(nil, &schema.Filter{}); f != nil {
		t.Errorf("a filter without nodes: % x", f)
	}
}

func TestReadingAnEntryAllocatesNothing(t *testing.T) {
	out, mark := wire.BeginEntry(nil, 300, []byte("o=x"))
	state := wire.SyncStateValue{State: schema.SyncAdd, UUID: testUUID}
	k := wire.AppendControl(nil, wire.OIDSyncState, false, state.Append(nil))
	out = wire.EndEntry(append(out, usualEntry()...), mark, wire.AppendControl(k, wire.OIDMember, false, wire.AppendUserLength(nil, 40)))
	var m wire.Message
	var e wire.SearchResultEntry
	read := func() {
		if m.Decode(out) != nil || e.Decode(m.Body) != nil || state.Decode(m.Controls[0].Value) != nil {
			t.Fatal("the entry cannot be read")
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzAnswers(f *testing.F) {
	r := wiretest.NewRandom(4)
	for range 100 {
		var m wire.Message
		_ = m.Decode(wire.AppendBindResponse(nil, 1, r.Result(), r.Octets(), true, nil))
		f.Add(m.Body)
		_ = m.Decode(wire.AppendExtendedResponse(nil, 1, r.Result(), "1.1", r.Octets(), true, nil))
		f.Add(m.Body)
	}
	f.Add(pdu(f, "04 00 30 0a 30 08 04 01 6f 31 03 04 01 01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range answers {
			got, err := decode(b)
			if err != nil {
				checkKind(t, err)
			}
			e, ok := got.(wire.SearchResultEntry)
			for list := e.Attributes; ok && err == nil && len(list) > 0; {
				// What Decode takes, the store can walk through to the end.
				if _, list, ok = schema.NextAttribute(list); !ok {
					t.Fatalf("an attribute is not well formed: % x", e.Attributes)
				}
			}
		}
	})
}
