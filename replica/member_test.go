package replica

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

func TestMessagesOfMembersSurviveTheTrip(t *testing.T) {
	history := epochs(t, "a i", "b p a 50", "c r b 60")
	for _, m := range []MemberHello{
		{Host: "sec1.example", Port: "7012", Version: 1, Position: at('c', 70), Epochs: history, Fresh: true, Adopt: true, Refresh: true},
		{Version: 7},
	} {
		if got, err := DecodeHello(m.Encode()); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("got %+v, %v; want %+v", got, err, m)
		}
	}
	for _, m := range []Meeting{
		{Outcome: Stream, Reason: "a sentence", Position: at('c', 70), Epochs: history, Entries: 1 << 40, ContextCSN: csn},
		{Outcome: NotListed},
	} {
		if got, err := DecodeMeeting(m.Encode()); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("got %+v, %v; want %+v", got, err, m)
		}
	}
	h := Heartbeat{Position: at('a', 7), Time: time.UnixMicro(1800000000123456).UTC()}
	if got, err := DecodeHeartbeat(h.Encode()); err != nil || got != h {
		t.Errorf("got %+v, %v; want %+v", got, err, h)
	}
	c := Confirmation{Host: "sec", Port: "7013", Position: at('a', 7)}
	if got, err := DecodeConfirmation(c.Encode()); err != nil || got != c {
		t.Errorf("got %+v, %v; want %+v", got, err, c)
	}
}

// The form is fixed: members of different versions meet.
func TestFormOfTheMessages(t *testing.T) {
	m := MemberHello{Host: "sec", Port: "7012", Version: 1, Position: at('a', 2), Epochs: epochs(t, "a i"), Adopt: true}
	id := strings.Repeat("a", 32)
	want := `{"host":"sec","port":"7012","version":1,"position":"` + id + `.0000000000000002.02000000000000000000000000000000",` +
		`"epochs":[{"id":"` + id + `","kind":"initial"}],"fresh":false,"adopt":true,"refresh":false}`
	if got := string(m.Encode()); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	o := Meeting{Outcome: WaitingForRestore, Reason: "why"}
	if got, want := string(o.Encode()), `{"outcome":"waiting-for-restore","reason":"why","position":"","epochs":null,"entries":0,"csn":""}`; got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	h := Heartbeat{Time: time.UnixMicro(5)}
	if got, want := string(h.Encode()), `{"position":"","time":5}`; got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	later := `{"version":1,"position":"","epochs":null,"speed":"high"}`
	if _, err := DecodeHello([]byte(later)); err != nil {
		t.Errorf("a field that came later: %v", err)
	}
}

func TestBrokenMessagesOfMembers(t *testing.T) {
	id := strings.Repeat("a", 32)
	epoch := func(fields string) string { return `{"version":1,"epochs":[{` + fields + `}]}` }
	hello := func(v []byte) error { _, err := DecodeHello(v); return err }
	outcome := func(v []byte) error { _, err := DecodeMeeting(v); return err }
	heartbeat := func(v []byte) error { _, err := DecodeHeartbeat(v); return err }
	confirmation := func(v []byte) error { _, err := DecodeConfirmation(v); return err }
	for _, c := range []struct {
		decode func([]byte) error
		value  string
	}{
		{hello, ""}, {hello, "null"}, {hello, "[]"}, {hello, `{"version":1`}, {hello, `{"version":"1"}`}, {hello, `{"version":-1}`},
		{hello, `{"version":1,"position":"a.b.c"}`},
		{hello, epoch(`"id":"` + id + `","kind":"odd"`)}, {hello, epoch(`"id":"` + id + `"`)}, {hello, epoch(`"kind":"initial"`)},
		{hello, epoch(`"id":"` + id + `z","kind":"initial"`)}, {hello, epoch(`"id":"` + id + `","kind":"initial","from":"x"`)},
		{hello, `{"version":1,"epochs":[` + strings.Repeat(`{"id":"`+id+`","kind":"initial"},`, maxEpochs) + `{"id":"` + id + `","kind":"initial"}]}`},
		{outcome, ""}, {outcome, "{}"}, {outcome, `{"outcome":"odd"}`}, {outcome, `{"outcome":3}`}, {outcome, `{"outcome":"stream","entries":-1}`},
		{outcome, `{"outcome":"stream","epochs":[{}]}`},
		{heartbeat, ""}, {heartbeat, `{"position":"x"}`}, {heartbeat, `{"time":"now"}`},
		{confirmation, ""}, {confirmation, "{}"}, {confirmation, `{"host":"sec","position":""}`},
	} {
		if err := c.decode([]byte(c.value)); err == nil || !strings.Contains(err.Error(), ErrMember.Error()) {
			t.Errorf("%.80q: %v", c.value, err)
		}
	}
}

func someRecords() []schema.ChangeRecord {
	return []schema.ChangeRecord{
		{Seq: 7, Kind: schema.ChangeAdd, Time: time.UnixMicro(1).UTC(), UUID: schema.UUID{1}, CSN: csn, Hash: schema.StateHash{2}, DN: "cn=x", LDIF: []byte("cn: x\n")},
		{Seq: 8, Kind: schema.ChangeModifyDN, Time: time.UnixMicro(2).UTC(), UUID: schema.UUID{1}, CSN: csn, DN: "cn=x", NewDN: "cn=y,o=z", NewRDN: "cn=y",
			DeleteOldRDN: true, HasNewSuperior: true, NewSuperior: "o=z", LDIF: []byte{}},
		{Seq: 9, Kind: schema.ChangeDelete, Time: time.UnixMicro(3).UTC(), UUID: schema.UUID{1}, CSN: csn, DN: "cn=y,o=z", LDIF: bytes.Repeat([]byte("y"), 100_000)},
	}
}

func TestRecordsSurviveTheTrip(t *testing.T) {
	var body []byte
	for _, rec := range someRecords() {
		body = AppendRecord(body, &rec)
	}
	value := AppendRecords(nil, 7, body)
	got, err := DecodeRecords(value)
	if want := someRecords(); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
	for n := range len(value) {
		if n > 300 && n < len(value)-300 {
			continue
		}
		if _, err := DecodeRecords(value[:n]); err == nil {
			t.Fatalf("%d of %d bytes were taken", n, len(value))
		}
	}
	for name, broken := range map[string][]byte{
		"more behind":     append(bytes.Clone(value), 0),
		"number 0":        AppendRecords(nil, 0, body),
		"a record of two": AppendRecords(nil, 7, ber.AppendBytes(nil, ber.TagOctetString, body)),
		"another element": AppendRecords(nil, 7, ber.AppendBytes(nil, ber.TagInteger, []byte{1})),
	} {
		if _, err := DecodeRecords(broken); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if got, err := DecodeRecords(AppendRecords(nil, 1, nil)); err != nil || len(got) != 0 {
		t.Errorf("no records: %v, %v", got, err)
	}
}

func FuzzMessages(f *testing.F) {
	m := MemberHello{Host: "sec", Port: "7012", Version: 1, Position: position('a', 2, 3)}
	f.Add(m.Encode())
	o := Meeting{Outcome: Stream, Position: m.Position, Epochs: []schema.Epoch{{ID: m.Position.Epoch, Kind: schema.EpochInitial}}}
	f.Add(o.Encode())
	h := Heartbeat{Position: m.Position, Time: time.UnixMicro(1)}
	f.Add(h.Encode())
	c := Confirmation{Host: "sec", Port: "7012", Position: m.Position}
	f.Add(c.Encode())
	f.Fuzz(func(t *testing.T, value []byte) {
		if m, err := DecodeHello(value); err == nil {
			again, err := DecodeHello(m.Encode())
			same(t, m, again, err)
		}
		if o, err := DecodeMeeting(value); err == nil {
			again, err := DecodeMeeting(o.Encode())
			same(t, o, again, err)
		}
		if h, err := DecodeHeartbeat(value); err == nil {
			again, err := DecodeHeartbeat(h.Encode())
			same(t, h, again, err)
		}
		if c, err := DecodeConfirmation(value); err == nil {
			again, err := DecodeConfirmation(c.Encode())
			same(t, c, again, err)
		}
	})
}

func same(t *testing.T, a, b any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v became %+v, %v", a, b, err)
	}
}

func FuzzRecords(f *testing.F) {
	var body []byte
	for _, rec := range someRecords()[:2] {
		body = AppendRecord(body, &rec)
	}
	f.Add(AppendRecords(nil, 7, body))
	f.Fuzz(func(t *testing.T, value []byte) {
		records, err := DecodeRecords(value)
		if err != nil || len(records) == 0 {
			return
		}
		var body []byte
		for i := range records {
			body = AppendRecord(body, &records[i])
		}
		again, err := DecodeRecords(AppendRecords(nil, records[0].Seq, body))
		if err != nil || !reflect.DeepEqual(records, again) {
			t.Fatalf("%+v became %+v, %v", records, again, err)
		}
	})
}
