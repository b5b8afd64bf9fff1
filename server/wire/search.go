// search.go: the search request (RFC 4511 4.5.1).

package wire

import (
	"math"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// MaxAttributes is how many attributes one search may ask for.
const MaxAttributes = 1000

// SearchRequest is one search. Decode reuses the memory of Filter and
// Attributes; their content points into the decoded body.
type SearchRequest struct {
	Limits     *Limits // kept by Decode
	Base       []byte
	Scope      schema.Scope
	Deref      schema.Deref
	SizeLimit  int32 // entries, 0 is no limit
	TimeLimit  int32 // seconds, 0 is no limit
	TypesOnly  bool
	Filter     schema.Filter // not resolved
	Attributes [][]byte      // descriptions as sent; empty asks for all user attributes
}

// Decode reads the body of a search request. After an error q holds nothing of
// use.
func (q *SearchRequest) Decode(body []byte) error {
	r := reader{rest: body, limits: q.Limits}
	q.Base = r.octets()
	q.Scope = schema.Scope(r.enumerated(int64(schema.ScopeChildren)))
	q.Deref = schema.Deref(r.enumerated(int64(schema.DerefAlways)))
	q.SizeLimit = int32(r.integer(0, math.MaxInt32))
	q.TimeLimit = int32(r.integer(0, math.MaxInt32))
	q.TypesOnly = r.boolean(ber.TagBoolean)
	if r.err != nil {
		return r.err
	}
	decodeFilter(&r, &q.Filter)
	q.Attributes = attributeSelection(&r, q.Attributes)
	return r.end()
}

// DecodeAttributeSelection decodes a value that is an AttributeSelection, as
// that of the read entry controls (RFC 4527), into the memory of dst.
func DecodeAttributeSelection(dst [][]byte, value []byte) ([][]byte, error) {
	r := reader{rest: value}
	dst = attributeSelection(&r, dst)
	return dst, inValue(r.last())
}

func attributeSelection(r *reader, dst [][]byte) [][]byte {
	dst = dst[:0]
	list := r.within(ber.TagSequence)
	most := r.max().Attributes
	for list.more() {
		if len(dst) == most {
			list.fail(ErrTooManyAttributes)
			break
		}
		dst = append(dst, list.octets())
	}
	if list.err != nil {
		r.fail(list.err)
		return dst[:0]
	}
	return dst
}
