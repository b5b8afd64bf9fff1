// sync_test.go: values of content synchronization and of persistent search.

package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// testUUID and its bytes.
var testUUID = schema.UUID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

const uuidBytes = "04 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f "

// value is what all values of this file are.
type value interface{ Append(dst []byte) []byte }

// watch is a Watch that appends itself.
type watch schema.Watch

func (w watch) Append(dst []byte) []byte { return wire.AppendWatch(dst, schema.Watch(w)) }

type userLength int

func (n userLength) Append(dst []byte) []byte { return wire.AppendUserLength(dst, int(n)) }

func TestSyncValues(t *testing.T) {
	for _, c := range []struct {
		name, kind, bytes string
		want              value
	}{
		{"first request", "sync request", "30 03 0a 01 01", &wire.SyncRequestValue{Mode: schema.SyncRefreshOnly}},
		{"request with everything", "sync request", `
			30 09
			   0a 01 03     -- refreshAndPersist
			   04 01 63     -- cookie
			   01 01 ff     -- reloadHint`,
			&wire.SyncRequestValue{Mode: schema.SyncRefreshAndPersist, Cookie: "c", ReloadHint: true}},
		{"state present", "sync state", "30 15 0a 01 00" + uuidBytes, &wire.SyncStateValue{UUID: testUUID}},
		{"state delete with a cookie", "sync state", "30 18 0a 01 03" + uuidBytes + "04 01 63",
			&wire.SyncStateValue{State: schema.SyncDelete, UUID: testUUID, Cookie: "c"}},
		{"done with nothing", "sync done", "30 00", &wire.SyncDoneValue{}},
		{"done with everything", "sync done", "30 06 04 01 63 01 01 ff", &wire.SyncDoneValue{Cookie: "c", RefreshDeletes: true}},
		{"new cookie", "sync info", "80 01 63", &wire.SyncInfoValue{Choice: wire.SyncInfoNewCookie, Cookie: "c"}},
		{"end of the delete phase", "sync info", "a1 00", &wire.SyncInfoValue{Choice: wire.SyncInfoRefreshDelete, RefreshDone: true}},
		{"delete phase, more follows", "sync info", "a1 06 04 01 63 01 01 00",
			&wire.SyncInfoValue{Choice: wire.SyncInfoRefreshDelete, Cookie: "c"}},
		{"end of the present phase", "sync info", "a2 03 04 01 63",
			&wire.SyncInfoValue{Choice: wire.SyncInfoRefreshPresent, Cookie: "c", RefreshDone: true}},
		{"set of nothing", "sync info", "a3 02 31 00", &wire.SyncInfoValue{Choice: wire.SyncInfoIDSet}},
		{"set of deleted entries", "sync info", "a3 2c 04 01 63 01 01 ff 31 24" + uuidBytes + uuidBytes,
			&wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, Cookie: "c", RefreshDeletes: true, UUIDs: []schema.UUID{testUUID, testUUID}}},
		{"watch adds alone", "watch", "30 09 02 01 01 01 01 00 01 01 00", watch{Kinds: 1}},
		{"watch everything", "watch", "30 09 02 01 0f 01 01 ff 01 01 ff", watch{Kinds: 15, ChangesOnly: true, ReturnECs: true}},
		{"added", "entry change", "30 03 0a 01 01", &wire.EntryChange{Kind: schema.ChangeAdd}},
		{"deleted by change 300", "entry change", "30 07 0a 01 02 02 02 01 2c", &wire.EntryChange{Kind: schema.ChangeDelete, ChangeNumber: 300}},
		{"modified", "entry change", "30 06 0a 01 04 02 01 07", &wire.EntryChange{Kind: schema.ChangeModify, ChangeNumber: 7}},
		{"renamed", "entry change", "30 0b 0a 01 08 04 03 6f 3d 78 02 01 07",
			&wire.EntryChange{Kind: schema.ChangeModifyDN, PreviousDN: []byte("o=x"), ChangeNumber: 7}},
		{"no user attributes", "user length", "02 01 00", userLength(0)},
		{"2^31-1 bytes of user attributes", "user length", "02 04 7f ff ff ff", userLength(1<<31 - 1)},
		{"200 bytes of user attributes", "user length", "02 02 00 c8", userLength(200)},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := pdu(t, c.bytes)
			if got := c.want.Append(nil); !bytes.Equal(got, want) {
				t.Errorf("got  % x\nwant % x", got, want)
			}
			got, err := values[c.kind](want)
			if err != nil {
				t.Fatal(err)
			}
			if back := appended(t, got); !bytes.Equal(back, want) {
				t.Errorf("came back as % x", back)
			}
		})
	}
}

// appended encodes what a decoder of this file gave.
func appended(t *testing.T, got any) []byte {
	switch v := got.(type) {
	case wire.SyncRequestValue:
		return v.Append(nil)
	case wire.SyncStateValue:
		return v.Append(nil)
	case wire.SyncDoneValue:
		return v.Append(nil)
	case wire.SyncInfoValue:
		return v.Append(nil)
	case wire.EntryChange:
		return v.Append(nil)
	case schema.Watch:
		return wire.AppendWatch(nil, v)
	case int:
		return wire.AppendUserLength(nil, v)
	}
	t.Fatalf("unknown value %T", got)
	return nil
}

func TestSyncValuesMalformed(t *testing.T) {
	for _, c := range []struct{ name, kind, bytes string }{
		{"request without value", "sync request", ""},
		{"request of nothing", "sync request", "30 00"},
		{"mode 0", "sync request", "30 03 0a 01 00"},
		{"mode 2 is reserved", "sync request", "30 03 0a 01 02"},
		{"mode 4", "sync request", "30 03 0a 01 04"},
		{"mode as INTEGER", "sync request", "30 03 02 01 01"},
		{"cookie cut short", "sync request", "30 05 0a 01 01 04 05"},
		{"bytes behind", "sync request", "30 03 0a 01 01 00"},
		{"state 4", "sync state", "30 15 0a 01 04" + uuidBytes},
		{"state without UUID", "sync state", "30 03 0a 01 01"},
		{"UUID of 15 bytes", "sync state", "30 14 0a 01 00 04 0f 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e"},
		{"UUID of 17 bytes", "sync state", "30 16 0a 01 00 04 11 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"},
		{"done that is no SEQUENCE", "sync done", "31 00"},
		{"info without value", "sync info", ""},
		{"info of no kind", "sync info", "a4 00"},
		{"refreshDelete that is primitive", "sync info", "81 00"},
		{"set without set", "sync info", "a3 00"},
		{"set of texts", "sync info", "a3 05 31 03 04 01 78"},
		{"set cut short", "sync info", "a3 04 31 12 04 10"},
		{"bytes behind a new cookie", "sync info", "80 01 63 00"},
		{"watch nothing", "watch", "30 09 02 01 00 01 01 00 01 01 00"},
		{"watch a fifth kind", "watch", "30 09 02 01 10 01 01 00 01 01 00"},
		{"watch without flags", "watch", "30 03 02 01 01"},
		{"watch of kinds below 0", "watch", "30 09 02 01 ff 01 01 00 01 01 00"},
		{"change of two kinds", "entry change", "30 03 0a 01 03"},
		{"change of no kind", "entry change", "30 03 0a 01 00"},
		{"change number below 0", "entry change", "30 06 0a 01 01 02 01 ff"},
		{"length below 0", "user length", "02 01 ff"},
		{"length of 2^31", "user length", "02 05 00 80 00 00 00"},
		{"length and more", "user length", "02 01 00 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := values[c.kind](pdu(t, c.bytes))
			if !errors.Is(err, wire.ErrProtocol) || errors.Is(err, wire.ErrFatal) {
				t.Errorf("got %+v, error %v", got, err)
			}
		})
	}
}

func TestSyncInfoKeepsNothingOfTheLastOne(t *testing.T) {
	var v wire.SyncInfoValue
	full := wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, Cookie: "c", RefreshDeletes: true, UUIDs: []schema.UUID{testUUID}}
	if err := v.Decode(full.Append(nil)); err != nil || !same(v, full) {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := v.Decode(pdu(t, "a3 02 31 00")); err != nil || len(v.UUIDs) != 0 || v.Cookie != "" || v.RefreshDeletes {
		t.Errorf("%+v, %v", v, err)
	}
	if err := v.Decode(nil); err == nil || v.Choice != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestRequestOfAForeignClient(t *testing.T) {
	for _, want := range []wire.SyncRequestValue{
		{Mode: schema.SyncRefreshOnly},
		{Mode: schema.SyncRefreshAndPersist, Cookie: "rid=000,csn=x", ReloadHint: true},
	} {
		k := ldap.NewControlSyncRequest(ldap.ControlSyncRequestMode(want.Mode), []byte(want.Cookie), want.ReloadHint)
		var m wire.Message
		if err := m.Decode(wiretest.Message(1, wiretest.Op(&wire.AbandonRequest{ID: 1}), k.Encode().Bytes())); err != nil || len(m.Controls) != 1 || string(m.Controls[0].OID) != wire.OIDSyncRequest {
			t.Fatalf("%+v, %v", m, err)
		}
		var got wire.SyncRequestValue
		if err := got.Decode(m.Controls[0].Value); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func FuzzSyncValues(f *testing.F) {
	for _, text := range []string{
		"30 09 0a 01 03 04 01 63 01 01 ff", "30 18 0a 01 03" + uuidBytes + "04 01 63", "a3 2c 04 01 63 01 01 ff 31 24" + uuidBytes + uuidBytes,
		"a2 03 04 01 63", "80 01 63", "30 09 02 01 0f 01 01 ff 01 01 ff", "30 0b 0a 01 08 04 03 6f 3d 78 02 01 07", "02 02 00 c8",
	} {
		f.Add(pdu(f, text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []string{"sync request", "sync state", "sync done", "sync info", "watch", "entry change", "user length"} {
			got, err := values[kind](b)
			if err != nil {
				checkKind(t, err)
				continue
			}
			canonical := appended(t, got)
			again, err := values[kind](canonical)
			if err != nil || !bytes.Equal(appended(t, again), canonical) {
				t.Fatalf("%s: % x became %+v, %v", kind, canonical, again, err)
			}
		}
	})
}
