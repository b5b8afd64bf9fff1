// response.go: the responses of RFC 4511 as a client decodes them.

package wiretest

import (
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
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

// Decode decodes one whole response and is strict: what a server need not
// send is an error.
func Decode(pdu []byte) (*Response, error) {
	var m wire.Message
	if err := m.Decode(pdu); err != nil {
		return nil, err
	}
	p := &Response{ID: m.ID, Op: m.Op, Controls: m.Controls}
	c := &content{rest: m.Body}
	switch m.Op {
	case wire.TagSearchResultEntry:
		p.DN = string(c.take(ber.TagOctetString))
		p.Attributes = c.attributes()
	case wire.TagSearchReference:
		p.Result.Referrals = c.strings()
	case wire.TagIntermediate:
		p.Name, p.Value, p.HasValue = c.named(0x80, 0x81)
	case wire.TagBindResponse:
		p.Result = c.result()
		if p.HasCreds = c.at(0x87); p.HasCreds {
			p.Creds = c.take(0x87)
		}
	case wire.TagExtendedResponse:
		p.Result = c.result()
		p.Name, p.Value, p.HasValue = c.named(0x8a, 0x8b)
	case wire.TagSearchResultDone, wire.TagModifyResponse, wire.TagAddResponse,
		wire.TagDelResponse, wire.TagModifyDNResponse, wire.TagCompareResponse:
		p.Result = c.result()
	default:
		return nil, fmt.Errorf("operation %#x is no response", m.Op)
	}
	if c.err == nil && len(c.rest) > 0 {
		c.err = ber.ErrTrailing
	}
	return p, c.err
}

// ReadEntry decodes the value of a read entry response control (RFC 4527).
func ReadEntry(value []byte) (dn string, attributes []schema.RawAttribute, err error) {
	outer := &content{rest: value}
	c := &content{rest: outer.take(wire.TagSearchResultEntry), err: outer.err}
	dn = string(c.take(ber.TagOctetString))
	attributes = c.attributes()
	return dn, attributes, c.err
}

// content takes elements off rest and keeps the first error.
type content struct {
	rest []byte
	err  error
}

func (c *content) at(tag byte) bool { return c.err == nil && len(c.rest) > 0 && c.rest[0] == tag }

func (c *content) take(tag byte) []byte {
	if c.err != nil {
		return nil
	}
	v, rest, err := ber.Expect(c.rest, tag)
	if err != nil {
		c.err = fmt.Errorf("element %#x: %w", tag, err)
		return nil
	}
	c.rest = rest
	return v
}

func (c *content) result() schema.Result {
	code, err := ber.Int(c.take(ber.TagEnumerated))
	if c.err == nil {
		c.err = err
	}
	r := schema.Result{Code: schema.ResultCode(code)}
	r.MatchedDN = string(c.take(ber.TagOctetString))
	r.Diagnostic = string(c.take(ber.TagOctetString))
	if c.at(0xa3) {
		list := &content{rest: c.take(0xa3)}
		r.Referrals = list.strings()
		c.err = list.err
	}
	return r
}

func (c *content) strings() []string {
	var out []string
	for c.err == nil && len(c.rest) > 0 {
		out = append(out, string(c.take(ber.TagOctetString)))
	}
	return out
}

func (c *content) named(nameTag, valueTag byte) (name string, value []byte, hasValue bool) {
	if c.at(nameTag) {
		name = string(c.take(nameTag))
	}
	if c.at(valueTag) {
		value, hasValue = c.take(valueTag), true
	}
	return name, value, hasValue
}

func (c *content) attributes() []schema.RawAttribute {
	var out []schema.RawAttribute
	list := &content{rest: c.take(ber.TagSequence), err: c.err}
	for list.err == nil && len(list.rest) > 0 {
		a := &content{rest: list.take(ber.TagSequence), err: list.err}
		attr := schema.RawAttribute{Attr: string(a.take(ber.TagOctetString))}
		set := &content{rest: a.take(ber.TagSet), err: a.err}
		for set.err == nil && len(set.rest) > 0 {
			attr.Values = append(attr.Values, set.take(ber.TagOctetString))
		}
		out, list.err = append(out, attr), set.err
	}
	c.err = list.err
	return out
}
