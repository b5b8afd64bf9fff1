// request.go: the requests that change nothing and are no search (RFC 4511
// 4.2, 4.10 to 4.12).

package wire

import (
	"fmt"
	"math"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// The authentication choices of a bind (RFC 4511 4.2).
const (
	AuthSimple = 0x80
	AuthSASL   = 0xa3
)

// BindRequest is one bind. An authentication choice that is neither simple nor
// SASL (LDAPv2 knew two more) is no error: AuthTag has it and nothing else is
// set, to be answered with authMethodNotSupported.
type BindRequest struct {
	Version        int // 1 to 127
	Name           []byte
	AuthTag        byte
	Password       []byte // AuthSimple
	Mechanism      []byte // AuthSASL
	Credentials    []byte // AuthSASL
	HasCredentials bool
}

// Decode reads the body of a bind request.
func (q *BindRequest) Decode(body []byte) error {
	*q = BindRequest{}
	r := reader{rest: body}
	q.Version = int(r.integer(1, 127))
	q.Name = r.octets()
	tag, auth := r.any()
	if err := r.end(); err != nil {
		return err
	}
	q.AuthTag = tag
	switch tag {
	case AuthSimple:
		q.Password = auth
	case AuthSASL:
		sasl := reader{rest: auth}
		q.Mechanism = sasl.octets()
		if sasl.at(ber.TagOctetString) {
			q.Credentials, q.HasCredentials = sasl.octets(), true
		}
		return sasl.end()
	default:
		if tag < 0x80 || tag > 0xbe {
			return wrongTag(tag)
		}
	}
	return nil
}

// CompareRequest is one compare (RFC 4511 4.10).
type CompareRequest struct {
	DN, Attr, Value []byte
}

// Decode reads the body of a compare request.
func (q *CompareRequest) Decode(body []byte) error {
	r := reader{rest: body}
	q.DN = r.octets()
	ava := r.within(ber.TagSequence)
	q.Attr, q.Value = ava.octets(), ava.octets()
	if err := ava.end(); err != nil {
		return err
	}
	return r.end()
}

// AbandonRequest names the operation that is to end (RFC 4511 4.11).
type AbandonRequest struct {
	ID int32
}

// Decode reads the body of an abandon request.
func (q *AbandonRequest) Decode(body []byte) error {
	id, err := messageID(body)
	q.ID = id
	return err
}

// messageID reads the content of a MessageID.
func messageID(content []byte) (int32, error) {
	v, err := ber.Int(content)
	if err != nil || v < 0 || v > math.MaxInt32 {
		return 0, fmt.Errorf("message ID: %w", errInteger)
	}
	return int32(v), nil
}

// ExtendedRequest is one extended operation (RFC 4511 4.12).
type ExtendedRequest struct {
	Name, Value []byte
	HasValue    bool
}

// Decode reads the body of an extended request.
func (q *ExtendedRequest) Decode(body []byte) error {
	*q = ExtendedRequest{}
	r := reader{rest: body}
	q.Name = r.element(0x80)
	if r.at(0x81) {
		q.Value, q.HasValue = r.element(0x81), true
	}
	return r.end()
}
