// message_test.go: envelopes and controls, well formed and not.

package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/sunray-ds/utdsd/server/wire"
)

func TestMessageDecode(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		want  wire.Message
	}{
		{"unbind", `
			30 05        -- LDAPMessage
			   02 01 01  --   messageID 1
			   42 00     --   unbindRequest NULL`,
			wire.Message{ID: 1, Op: wire.TagUnbindRequest}},
		{"message ID 128 has a leading zero byte", `
			30 06 02 02 00 80 42 00`,
			wire.Message{ID: 128, Op: wire.TagUnbindRequest}},
		{"largest message ID", `
			30 08 02 04 7f ff ff ff 42 00`,
			wire.Message{ID: 1<<31 - 1, Op: wire.TagUnbindRequest}},
		{"lengths with leading zeros everywhere", `
			30 84 00 00 00 11        -- LDAPMessage
			   02 81 01 07           --   messageID 7
			   4a 84 00 00 00 03     --   delRequest
			      6f 3d 78           --     "o=x"
			   a0 82 00 00           --   no controls`,
			wire.Message{ID: 7, Op: wire.TagDelRequest, Body: []byte("o=x")}},
		{"controls of every shape", `
			30 3b
			   02 01 02
			   42 00
			   a0 34                             -- controls
			      30 05 04 03 31 2e 31           --   "1.1"
			      30 08 04 03 31 2e 32 01 01 ff  --   "1.2" critical
			      30 08 04 03 31 2e 33 01 01 00  --   "1.3" criticality FALSE spelled out
			      30 07 04 03 31 2e 34 04 00     --   "1.4" with empty value
			      30 0e 04 03 31 2e 35 01 01 ff  --   "1.5" critical
			         04 01 76                    --     with value "v"
			         85 01 00                    --     and a component of the future`,
			wire.Message{ID: 2, Op: wire.TagUnbindRequest, Controls: []wire.Control{
				{OID: []byte("1.1")},
				{OID: []byte("1.2"), Critical: true},
				{OID: []byte("1.3")},
				{OID: []byte("1.4"), HasValue: true, Value: []byte{}},
				{OID: []byte("1.5"), Critical: true, HasValue: true, Value: []byte("v")},
			}}},
		{"components of the future behind the controls", `
			30 0c
			   02 01 03
			   42 00
			   a0 00
			   a1 03 02 01 01  -- [1] something`,
			wire.Message{ID: 3, Op: wire.TagUnbindRequest}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m wire.Message
			if err := m.Decode(pdu(t, c.bytes)); err != nil {
				t.Fatal(err)
			}
			if m.ID != c.want.ID || m.Op != c.want.Op || !bytes.Equal(m.Body, c.want.Body) {
				t.Errorf("got %+v, want %+v", m, c.want)
			}
			if len(m.Controls)+len(c.want.Controls) > 0 && !reflect.DeepEqual(m.Controls, c.want.Controls) {
				t.Errorf("controls %+v, want %+v", m.Controls, c.want.Controls)
			}
		})
	}
}

func TestMessageMalformed(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes string
		err   error
	}{
		{"no bytes", "", wire.ErrFatal},
		{"empty SEQUENCE", "30 00", wire.ErrMessageID},
		{"SEQUENCE longer than the bytes", "30 06 02 01 01 42 00", wire.ErrNotLDAP},
		{"bytes behind the SEQUENCE", "30 05 02 01 01 42 00 00", wire.ErrNotLDAP},
		{"E7: REAL as message ID", "30 05 09 01 01 42 00", wire.ErrMessageID},
		{"E13: negative message ID", "30 05 02 01 ff 42 00", wire.ErrMessageID},
		{"E13: message ID 2^31", "30 09 02 05 00 80 00 00 00 42 00", wire.ErrMessageID},
		{"E13: message ID of nine bytes", "30 0d 02 09 00 00 00 00 00 00 00 00 01 42 00", wire.ErrMessageID},
		{"empty message ID", "30 04 02 00 42 00", wire.ErrMessageID},
		{"E8: no protocolOp", "30 03 02 01 01", wire.ErrFatal},
		{"protocolOp longer than the message", "30 05 02 01 01 42 01", wire.ErrFatal},
		{"protocolOp of indefinite length", "30 07 02 01 01 63 80 00 00", wire.ErrFatal},
		{"protocolOp with a tag number above 30", "30 06 02 01 01 7f 21 00", wire.ErrFatal},
		{"E9: controls is no list", "30 09 02 01 01 42 00 a0 02 04 00", wire.ErrProtocol},
		{"E9: control without type", "30 09 02 01 01 42 00 a0 02 30 00", wire.ErrProtocol},
		{"E9: control with empty type", "30 0b 02 01 01 42 00 a0 04 30 02 04 00", wire.ErrProtocol},
		{"E9: type is an INTEGER", "30 0c 02 01 01 42 00 a0 05 30 03 02 01 01", wire.ErrProtocol},
		{"E9: type is a REAL", "30 0c 02 01 01 42 00 a0 05 30 03 09 01 01", wire.ErrEncoding},
		{"E6: type is a constructed OCTET STRING", "30 0e 02 01 01 42 00 a0 07 30 05 24 03 04 01 31", wire.ErrEncoding},
		{"E6: criticality of two bytes", "30 10 02 01 01 42 00 a0 09 30 07 04 01 31 01 02 ff ff", wire.ErrEncoding},
		{"E9: criticality is an INTEGER", "30 0f 02 01 01 42 00 a0 08 30 06 04 01 31 02 01 01", wire.ErrProtocol},
		{"E9: value before criticality", "30 11 02 01 01 42 00 a0 0a 30 08 04 01 31 04 00 01 01 ff", wire.ErrProtocol},
		{"control longer than the list", "30 09 02 01 01 42 00 a0 02 30 05", wire.ErrTruncated},
		{"two lists of controls", "30 09 02 01 01 42 00 a0 00 a0 00", wire.ErrProtocol},
		{"controls of indefinite length", "30 09 02 01 01 42 00 a0 80 00 00", wire.ErrLength},
		{"trailing component cut short", "30 07 02 01 01 42 00 a1 04", wire.ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m wire.Message
			err := m.Decode(pdu(t, c.bytes))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if !errors.Is(err, wire.ErrFatal) && (m.ID != 1 || m.Op != wire.TagUnbindRequest) {
				t.Errorf("message %d of operation %#x cannot be answered", m.ID, m.Op)
			}
		})
	}
}

// C1: 10,000 controls on one operation.
func TestMessageWithTooManyControls(t *testing.T) {
	for _, c := range []struct {
		count int
		err   error
	}{
		{wire.MaxControls, nil},
		{wire.MaxControls + 1, wire.ErrTooManyControls},
		{10000, wire.ErrTooManyControls},
	} {
		var list []byte
		for range c.count {
			list = wire.AppendControl(list, "2.16.840.1.113730.3.4.2", false, nil)
		}
		var m wire.Message
		err := m.Decode(wire.AppendIntermediate(nil, 77, "", nil))
		if err != nil {
			t.Fatal(err)
		}
		err = m.Decode(wire.AppendReference(nil, 77, []string{"ldap://x/"}, list))
		if !errors.Is(err, c.err) {
			t.Errorf("%d controls: error %v, want %v", c.count, err, c.err)
		}
		if c.err != nil && (m.ID != 77 || !errors.Is(err, wire.ErrLimit)) {
			t.Errorf("%d controls: message %d, error %v: cannot be answered", c.count, m.ID, err)
		}
		if c.err == nil && len(m.Controls) != c.count {
			t.Errorf("%d controls decoded, want %d", len(m.Controls), c.count)
		}
	}
}

// E4: a message that is a list of half a million NULLs costs no memory.
func TestMessageOfNullsAllocatesNothing(t *testing.T) {
	nulls := bytes.Repeat([]byte{5, 0}, 524288)
	first := append([]byte{0x30, 0x83, 0x10, 0x00, 0x00}, nulls...)
	behind := append([]byte{0x30, 0x83, 0x10, 0x00, 0x05, 2, 1, 1, 0x42, 0}, nulls...)
	var m wire.Message
	if n := testing.AllocsPerRun(5, func() { _ = m.Decode(first) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if err := m.Decode(first); !errors.Is(err, wire.ErrMessageID) {
		t.Errorf("error %v", err)
	}
	if n := testing.AllocsPerRun(5, func() { _ = m.Decode(behind) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if err := m.Decode(behind); err != nil || m.ID != 1 {
		t.Errorf("components of the future: message %d, error %v", m.ID, err)
	}
}
