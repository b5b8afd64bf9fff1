// message.go: the envelope of every request and response (RFC 4511 4.1.1) and
// the controls in it (4.1.11).

package wire

import (
	"fmt"
	"math"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// Tags of the protocol operations, as the first byte of the protocolOp.
const (
	TagBindRequest       = 0x60
	TagBindResponse      = 0x61
	TagUnbindRequest     = 0x42
	TagSearchRequest     = 0x63
	TagSearchResultEntry = 0x64
	TagSearchResultDone  = 0x65
	TagModifyRequest     = 0x66
	TagModifyResponse    = 0x67
	TagAddRequest        = 0x68
	TagAddResponse       = 0x69
	TagDelRequest        = 0x4a
	TagDelResponse       = 0x6b
	TagModifyDNRequest   = 0x6c
	TagModifyDNResponse  = 0x6d
	TagCompareRequest    = 0x6e
	TagCompareResponse   = 0x6f
	TagAbandonRequest    = 0x50
	TagSearchReference   = 0x73
	TagExtendedRequest   = 0x77
	TagExtendedResponse  = 0x78
	TagIntermediate      = 0x79
)

// tagControls is the [0] of LDAPMessage.
const tagControls = 0xa0

// MaxControls is how many controls one message may carry.
const MaxControls = 16

// Message is one LDAPMessage. Decode reuses Controls.
type Message struct {
	Limits   *Limits // kept by Decode
	ID       int32   // 0 is legal only in unsolicited notifications
	Op       byte    // tag of the protocolOp, one of the Tag constants or unknown
	Body     []byte
	Controls []Control
}

// Control is one control of a message; its slices point into the message.
type Control struct {
	OID, Value []byte
	Critical   bool
	HasValue   bool // an absent value differs from an empty one
}

// Decode takes a whole message apart, as FrameLength measured it; the slices
// of m point into pdu. An error of kind ErrFatal leaves m undefined. With any
// other error (malformed controls, ErrTooManyControls) ID, Op and Body are
// those of the message, so that it can be answered.
func (m *Message) Decode(pdu []byte) error {
	*m = Message{Limits: m.Limits, Controls: m.Controls[:0]}
	outer := reader{rest: pdu, limits: m.Limits}
	r := outer.within(ber.TagSequence)
	if outer.last() != nil {
		return ErrNotLDAP
	}
	id, err := ber.Int(r.element(ber.TagInteger))
	if r.err != nil || err != nil || id < 0 || id > math.MaxInt32 {
		return ErrMessageID
	}
	op, body := r.any()
	if r.err != nil {
		return fmt.Errorf("%w: protocolOp", ErrFatal)
	}
	m.ID, m.Op, m.Body = int32(id), op, body
	var list reader
	if r.at(tagControls) {
		list = r.within(tagControls)
	}
	for r.more() && r.err == nil {
		if tag, _ := r.any(); tag == tagControls {
			r.fail(fmt.Errorf("%w: more than one list of controls", ErrProtocol))
		}
	}
	if r.err != nil {
		return r.err
	}
	return m.decodeControls(list)
}

func (m *Message) decodeControls(list reader) error {
	for list.more() {
		if len(m.Controls) == list.max().Controls {
			m.Controls = m.Controls[:0]
			return ErrTooManyControls
		}
		c := list.within(ber.TagSequence)
		var control Control
		control.OID = c.octets()
		if c.at(ber.TagBoolean) {
			control.Critical = c.boolean(ber.TagBoolean)
		}
		if c.at(ber.TagOctetString) {
			control.Value, control.HasValue = c.octets(), true
		}
		for c.more() {
			// The components of a control are well known and this is where
			// a value of the wrong type would pass for an absent one.
			if tag, _ := c.any(); tag < 0x40 {
				c.fail(wrongTag(tag))
			}
		}
		if c.err != nil {
			return fmt.Errorf("control: %w", c.err)
		}
		if len(control.OID) == 0 {
			return errControl
		}
		m.Controls = append(m.Controls, control)
	}
	return nil
}
