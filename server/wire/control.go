// control.go: the values of controls.

package wire

import (
	"math"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// PagedResults is the value of the paged results control (RFC 2696 2), the
// same in requests (size: entries per page) and responses (size: estimate of
// the total, 0 if unknown).
type PagedResults struct {
	Size   int32
	Cookie []byte // points into the decoded value
}

// Decode reads the control's value.
func (p *PagedResults) Decode(value []byte) error {
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	p.Size = int32(r.integer(0, math.MaxInt32))
	p.Cookie = r.octets()
	if err := r.end(); err != nil {
		return inValue(err)
	}
	return inValue(outer.last())
}

// Append appends the control's value.
func (p *PagedResults) Append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(p.Size))
	dst = ber.AppendBytes(dst, ber.TagOctetString, p.Cookie)
	return ber.End(dst, m)
}

// MaxSortKeys is how many keys one sort control may have.
const MaxSortKeys = 16

// SortKey is one key of the server side sorting control (RFC 2891 1.1).
type SortKey struct {
	Attr    []byte
	Rule    []byte // ordering matching rule; empty if none is named
	Reverse bool
}

// DecodeSort decodes the value of a sort request control into the memory of
// dst; the keys point into value.
func DecodeSort(dst []SortKey, value []byte) ([]SortKey, error) {
	dst = dst[:0]
	outer := reader{rest: value}
	list := outer.within(ber.TagSequence)
	if list.err == nil && !list.more() {
		list.fail(errMissing)
	}
	for list.more() {
		if len(dst) == MaxSortKeys {
			return nil, ErrTooManySortKeys
		}
		var k SortKey
		r := list.within(ber.TagSequence)
		k.Attr = r.octets()
		if r.at(0x80) {
			k.Rule = r.element(0x80)
		}
		if r.at(0x81) {
			k.Reverse = r.boolean(0x81)
		}
		if err := r.end(); err != nil {
			return nil, inValue(err)
		}
		dst = append(dst, k)
	}
	if list.err != nil {
		return nil, inValue(list.err)
	}
	return dst, inValue(outer.last())
}

// AppendSortResponse appends the value of a sort response control (RFC 2891
// 1.2); attr names the attribute that was in the way, empty if none.
func AppendSortResponse(dst []byte, code schema.ResultCode, attr []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(code))
	if len(attr) > 0 {
		dst = ber.AppendBytes(dst, 0x80, attr)
	}
	return ber.End(dst, m)
}

// DecodeValuesReturnFilter decodes the value of the matched values control
// (RFC 3876 2) into f: an Or over its items, none of which has children.
func DecodeValuesReturnFilter(f *schema.Filter, value []byte) error {
	f.Reset()
	outer := reader{rest: value}
	list := outer.within(ber.TagSequence)
	if list.err == nil && !list.more() {
		list.fail(errMissing) // SIZE (1..MAX)
	}
	root := addNode(&list, f, schema.FilterOr)
	for list.more() {
		switch tag := list.rest[0]; tag {
		case tagAnd, tagOr, tagNot:
			list.fail(errFilterChoice)
		default:
			filterItem(&list, f, tag)
		}
	}
	closeNode(&outer, &list, f, root)
	return inValue(outer.last())
}
