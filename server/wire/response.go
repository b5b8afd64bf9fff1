// response.go: results, references and notifications, appended to a buffer.

package wire

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// NoticeOfDisconnection is the name of the one unsolicited notification of
// RFC 4511 4.4.1.
const NoticeOfDisconnection = "1.3.6.1.4.1.1466.20036"

// AppendResult appends a response that is an LDAPResult and nothing else: op
// is one of the Tag constants, controls is what AppendControl made, or nil.
// The referral field is there when r has referrals. Text that is no UTF-8 is
// escaped.
func AppendResult(dst []byte, id int32, op byte, r *schema.Result, controls []byte) []byte {
	dst, m := beginResponse(dst, id, op)
	dst = appendLDAPResult(dst, r)
	return endResponse(dst, m, controls)
}

// AppendBindResponse appends a BindResponse (RFC 4511 4.2.2); has tells
// whether the server's SASL credentials are there at all.
func AppendBindResponse(dst []byte, id int32, r *schema.Result, serverSaslCreds []byte, has bool, controls []byte) []byte {
	dst, m := beginResponse(dst, id, TagBindResponse)
	dst = appendLDAPResult(dst, r)
	if has {
		dst = ber.AppendBytes(dst, 0x87, serverSaslCreds)
	}
	return endResponse(dst, m, controls)
}

// AppendExtendedResponse appends an ExtendedResponse (RFC 4511 4.12). An empty
// name is left out, and so is the value unless hasValue is set.
func AppendExtendedResponse(dst []byte, id int32, r *schema.Result, name string, value []byte, hasValue bool, controls []byte) []byte {
	dst, m := beginResponse(dst, id, TagExtendedResponse)
	dst = appendLDAPResult(dst, r)
	if name != "" {
		dst = ber.AppendString(dst, 0x8a, name)
	}
	if hasValue {
		dst = ber.AppendBytes(dst, 0x8b, value)
	}
	return endResponse(dst, m, controls)
}

// AppendIntermediate appends an IntermediateResponse (RFC 4511 4.13). An empty
// name and a nil value are left out.
func AppendIntermediate(dst []byte, id int32, name string, value []byte) []byte {
	dst, m := beginResponse(dst, id, TagIntermediate)
	if name != "" {
		dst = ber.AppendString(dst, 0x80, name)
	}
	if value != nil {
		dst = ber.AppendBytes(dst, 0x81, value)
	}
	return endResponse(dst, m, nil)
}

// AppendNotice appends a Notice of Disconnection (RFC 4511 4.4.1), after which
// the connection is to be closed.
func AppendNotice(dst []byte, code schema.ResultCode, text string) []byte {
	r := schema.Result{Code: code, Diagnostic: text}
	return AppendExtendedResponse(dst, 0, &r, NoticeOfDisconnection, nil, false, nil)
}

// AppendReference appends a SearchResultReference (RFC 4511 4.5.3), which has
// at least one URL.
func AppendReference(dst []byte, id int32, urls []string, controls []byte) []byte {
	dst, m := beginResponse(dst, id, TagSearchReference)
	dst = appendURLs(dst, urls)
	return endResponse(dst, m, controls)
}

// AppendControl appends one Control (RFC 4511 4.1.11); a nil value is absent,
// criticality FALSE is left out as the default.
func AppendControl(dst []byte, oid string, critical bool, value []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendString(dst, ber.TagOctetString, oid)
	if critical {
		dst = ber.AppendBool(dst, ber.TagBoolean, true)
	}
	if value != nil {
		dst = ber.AppendBytes(dst, ber.TagOctetString, value)
	}
	return ber.End(dst, m)
}

// tagReferral is the [3] of LDAPResult.
const tagReferral = 0xa3

// responseMark remembers where the two open elements of a message begin.
type responseMark struct{ message, op int }

func beginResponse(dst []byte, id int32, op byte) ([]byte, responseMark) {
	var m responseMark
	dst, m.message = ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(id))
	dst, m.op = ber.Begin(dst, op)
	return dst, m
}

func endResponse(dst []byte, m responseMark, controls []byte) []byte {
	dst = ber.End(dst, m.op)
	if len(controls) > 0 {
		dst = ber.AppendBytes(dst, tagControls, controls)
	}
	return ber.End(dst, m.message)
}

func appendLDAPResult(dst []byte, r *schema.Result) []byte {
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(r.Code))
	dst = appendText(dst, r.MatchedDN, '\\')
	dst = appendText(dst, r.Diagnostic, '\\')
	if len(r.Referrals) > 0 {
		var m int
		dst, m = ber.Begin(dst, tagReferral)
		dst = appendURLs(dst, r.Referrals)
		dst = ber.End(dst, m)
	}
	return dst
}

func appendURLs(dst []byte, urls []string) []byte {
	for _, u := range urls {
		dst = appendText(dst, u, '%')
	}
	return dst
}
