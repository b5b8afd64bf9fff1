// extended.go: the values of extended operations.

package wire

import "github.com/sunray-ds/utdsd/schema/ber"

// DecodeCancel reads the value of a Cancel request (RFC 3909 2.1): the ID of
// the operation that is to end.
func DecodeCancel(value []byte) (id int32, err error) {
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	content := r.element(ber.TagInteger)
	if err := r.end(); err != nil {
		return 0, inValue(err)
	}
	if err := outer.last(); err != nil {
		return 0, inValue(err)
	}
	return messageID(content)
}

// PasswordModify is the value of a Password Modify request (RFC 3062 2). An
// absent field has nil and an empty one does not.
type PasswordModify struct {
	UserIdentity, OldPassword, NewPassword []byte
}

// Decode reads the request's value; a request without value decodes as one
// with an empty SEQUENCE.
func (p *PasswordModify) Decode(value []byte) error {
	*p = PasswordModify{}
	if len(value) == 0 {
		return nil
	}
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	if r.at(0x80) {
		p.UserIdentity = r.element(0x80)
	}
	if r.at(0x81) {
		p.OldPassword = r.element(0x81)
	}
	if r.at(0x82) {
		p.NewPassword = r.element(0x82)
	}
	if err := r.end(); err != nil {
		return inValue(err)
	}
	return inValue(outer.last())
}

// AppendGeneratedPassword appends the value of a Password Modify response
// (RFC 3062 2); nil leaves the generated password out.
func AppendGeneratedPassword(dst, password []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	if password != nil {
		dst = ber.AppendBytes(dst, 0x80, password)
	}
	return ber.End(dst, m)
}
