// response.go: responses, read strictly.

package wiretest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Response is any response; the fields that its Op does not have are empty.
type Response struct {
	ID       int32
	Op       byte
	Result   schema.Result // Referrals are the URLs of a reference, too
	Controls []wire.Control

	HasCreds bool // bind
	Creds    []byte

	Name     string // extended, intermediate
	HasValue bool
	Value    []byte

	DN         string // entry
	Attributes []schema.RawAttribute
}

// errNotCanonical is for what a server need not send: an element that no RFC
// names, a length or an integer longer than it must be.
var errNotCanonical = errors.New("the response is not in the one form in which it is encoded here")

// Decode decodes one whole response and is strict: what it says, encoded
// again, must be the very same bytes.
func Decode(pdu []byte) (*Response, error) {
	var m wire.Message
	if err := m.Decode(pdu); err != nil {
		return nil, err
	}
	p := &Response{ID: m.ID, Op: m.Op, Controls: m.Controls}
	again, err := p.decode(m.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, pdu) {
		return nil, errNotCanonical
	}
	return p, nil
}

// decode reads the body and gives the whole message encoded again.
func (p *Response) decode(body []byte) (again []byte, err error) {
	var controls []byte
	for i := range p.Controls {
		k := &p.Controls[i]
		controls = wire.AppendControl(controls, string(k.OID), k.Critical, k.Value)
	}
	switch p.Op {
	case wire.TagSearchResultEntry:
		var e wire.SearchResultEntry
		if err := e.Decode(body); err != nil {
			return nil, err
		}
		p.DN, p.Attributes = string(e.DN), attributesOf(e.Attributes)
		again, mark := wire.BeginEntry(nil, p.ID, e.DN)
		return wire.EndEntry(appendAttributes(again, p.Attributes), mark, controls), nil
	case wire.TagSearchReference:
		p.Result.Referrals, err = wire.DecodeReference(body)
		return wire.AppendReference(nil, p.ID, p.Result.Referrals, controls), err
	case wire.TagIntermediate:
		var q wire.IntermediateResponse
		err = q.Decode(body)
		p.Name, p.Value, p.HasValue = string(q.Name), q.Value, q.Value != nil
		return wire.AppendIntermediate(nil, p.ID, p.Name, p.Value), err
	case wire.TagBindResponse:
		var q wire.BindResponse
		err = q.Decode(body)
		p.Result, p.Creds, p.HasCreds = q.Result, q.ServerSaslCreds, q.ServerSaslCreds != nil
		return wire.AppendBindResponse(nil, p.ID, &p.Result, p.Creds, p.HasCreds, controls), err
	case wire.TagExtendedResponse:
		var q wire.ExtendedResponse
		err = q.Decode(body)
		p.Result, p.Name, p.Value, p.HasValue = q.Result, string(q.Name), q.Value, q.Value != nil
		return wire.AppendExtendedResponse(nil, p.ID, &p.Result, p.Name, p.Value, p.HasValue, controls), err
	case wire.TagSearchResultDone, wire.TagModifyResponse, wire.TagAddResponse,
		wire.TagDelResponse, wire.TagModifyDNResponse, wire.TagCompareResponse:
		p.Result, err = wire.DecodeResult(body)
		return wire.AppendResult(nil, p.ID, p.Op, &p.Result, controls), err
	}
	return nil, fmt.Errorf("operation %#x is no response", p.Op)
}

// ReadEntry decodes the value of a read entry response control (RFC 4527).
func ReadEntry(value []byte) (dn string, attributes []schema.RawAttribute, err error) {
	// The value is the protocolOp of an entry; the message around it is added.
	p, err := Decode(Message(1, value, nil))
	if err != nil {
		return "", nil, err
	}
	return p.DN, p.Attributes, nil
}

func attributesOf(list []byte) (out []schema.RawAttribute) {
	for {
		a, rest, ok := schema.NextAttribute(list)
		if !ok {
			return out
		}
		list = rest
		raw := schema.RawAttribute{Attr: string(a.Desc)}
		for vals := a.Values; ; {
			v, more, ok := schema.NextValue(vals)
			if !ok {
				break
			}
			raw.Values, vals = append(raw.Values, v), more
		}
		out = append(out, raw)
	}
}

func appendAttributes(dst []byte, list []schema.RawAttribute) []byte {
	for i := range list {
		dst = schema.AppendAttribute(dst, list[i].Attr, list[i].Values...)
	}
	return dst
}
