// answer.go: responses as a client reads them.

package wire

import (
	"math"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// SearchResultEntry is a found entry (RFC 4511 4.5.2). Both fields point into
// the decoded body.
type SearchResultEntry struct {
	DN []byte
	// Attributes are whole PartialAttributes, one behind the other, as
	// schema.NextAttribute takes them. Decode has checked all of them.
	Attributes []byte
}

// Decode reads the body of an entry. It allocates nothing.
func (e *SearchResultEntry) Decode(body []byte) error {
	*e = SearchResultEntry{}
	r := reader{rest: body}
	dn, attributes := r.octets(), r.element(ber.TagSequence)
	if err := r.end(); err != nil {
		return err
	}
	for list := (reader{rest: attributes}); list.more(); {
		a := list.within(ber.TagSequence)
		a.octets()
		values := a.within(ber.TagSet)
		for values.more() {
			values.octets()
		}
		if values.err != nil {
			return values.err
		}
		if err := a.end(); err != nil {
			return err
		}
	}
	e.DN, e.Attributes = dn, attributes
	return nil
}

// DecodeReference reads the body of a SearchResultReference (RFC 4511 4.5.3).
func DecodeReference(body []byte) (urls []string, err error) {
	r := reader{rest: body}
	urls = r.texts()
	return urls, r.end()
}

// DecodeResult reads the body of a response that is an LDAPResult and nothing
// else (RFC 4511 4.1.9), such as SearchResultDone.
func DecodeResult(body []byte) (schema.Result, error) {
	r := reader{rest: body}
	out := r.result()
	return out, r.end()
}

// BindResponse is the answer to a bind (RFC 4511 4.2.2). ServerSaslCreds
// points into the decoded body and is nil if absent.
type BindResponse struct {
	Result          schema.Result
	ServerSaslCreds []byte
}

// Decode reads the body of a bind response.
func (p *BindResponse) Decode(body []byte) error {
	*p = BindResponse{}
	r := reader{rest: body}
	p.Result = r.result()
	if r.at(0x87) {
		p.ServerSaslCreds = r.element(0x87)
	}
	return r.end()
}

// ExtendedResponse is the answer to an extended request, or an unsolicited
// notification (RFC 4511 4.12, 4.4). Name and Value point into the decoded
// body and are nil if absent.
type ExtendedResponse struct {
	Result      schema.Result
	Name, Value []byte
}

// Decode reads the body of an extended response.
func (p *ExtendedResponse) Decode(body []byte) error {
	*p = ExtendedResponse{}
	r := reader{rest: body}
	p.Result = r.result()
	if r.at(0x8a) {
		p.Name = r.element(0x8a)
	}
	if r.at(0x8b) {
		p.Value = r.element(0x8b)
	}
	return r.end()
}

// IntermediateResponse is RFC 4511 4.13. Name and Value point into the decoded
// body and are nil if absent.
type IntermediateResponse struct {
	Name, Value []byte
}

// Decode reads the body of an intermediate response.
func (p *IntermediateResponse) Decode(body []byte) error {
	*p = IntermediateResponse{}
	r := reader{rest: body}
	if r.at(0x80) {
		p.Name = r.element(0x80)
	}
	if r.at(0x81) {
		p.Value = r.element(0x81)
	}
	return r.end()
}

// result takes the components of an LDAPResult.
func (r *reader) result() (out schema.Result) {
	out.Code = schema.ResultCode(r.enumerated(math.MaxInt32))
	out.MatchedDN = string(r.octets())
	out.Diagnostic = string(r.octets())
	if r.at(tagReferral) {
		list := r.within(tagReferral)
		out.Referrals = list.texts()
		if list.err != nil {
			r.fail(list.err)
		}
	}
	return out
}

// texts takes all that is left as OCTET STRINGs.
func (r *reader) texts() (out []string) {
	for r.more() {
		out = append(out, string(r.octets()))
	}
	return out
}
