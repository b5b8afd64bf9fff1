// filter.go: search filters (RFC 4511 4.5.1.7) into the flat form of schema.

package wire

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// Limits of one filter.
const (
	MaxFilterDepth = 64   // nested And, Or and Not, the item within them included
	MaxFilterItems = 4096 // nodes and parts of substrings together
)

// keepNodes is how many nodes a reused filter may keep room for: a connection
// shall not hold the memory of its largest filter for ever.
const keepNodes = 256

// Context tags of the filter choices.
const (
	tagAnd            = 0xa0
	tagOr             = 0xa1
	tagNot            = 0xa2
	tagEquality       = 0xa3
	tagSubstrings     = 0xa4
	tagGreaterOrEqual = 0xa5
	tagLessOrEqual    = 0xa6
	tagPresent        = 0x87
	tagApprox         = 0xa8
	tagExtensible     = 0xa9
)

// DecodeFilter decodes a value that is one Filter and nothing else, such as
// that of the assertion control (RFC 4528), into f, whose memory is reused.
// The nodes point into b.
func DecodeFilter(f *schema.Filter, b []byte) error {
	r := reader{rest: b}
	decodeFilter(&r, f)
	return inValue(r.last())
}

// decodeFilter takes one filter off r.
func decodeFilter(r *reader, f *schema.Filter) {
	f.Reset()
	if cap(f.Nodes) > keepNodes || cap(f.Parts) > keepNodes {
		f.Nodes, f.Parts = nil, nil
	}
	filterNode(r, f, 1)
}

// filterNode appends one node and everything below it. The recursion ends at
// Limits.FilterDepth.
func filterNode(r *reader, f *schema.Filter, depth int) {
	if depth > r.max().FilterDepth {
		r.fail(ErrFilterDepth)
		return
	}
	if !r.more() {
		r.fail(errMissing)
		return
	}
	tag := r.rest[0]
	switch tag {
	case tagAnd, tagOr:
		at := addNode(r, f, schema.FilterKind(tag&0x1f))
		set := r.within(tag)
		for set.more() {
			filterNode(&set, f, depth+1)
		}
		closeNode(r, &set, f, at)
	case tagNot:
		at := addNode(r, f, schema.FilterNot)
		one := r.within(tagNot)
		filterNode(&one, f, depth+1)
		_ = one.last() // kept in one, which closeNode looks at
		closeNode(r, &one, f, at)
	default:
		filterItem(r, f, tag)
	}
}

// addNode appends an empty node and returns its index.
func addNode(r *reader, f *schema.Filter, kind schema.FilterKind) int {
	at := len(f.Nodes)
	if at+len(f.Parts) >= r.max().FilterItems {
		r.fail(ErrFilterItems)
	}
	if at == cap(f.Nodes) {
		f.Nodes = append(f.Nodes, schema.FilterNode{})
	} else {
		f.Nodes = f.Nodes[:at+1]
		f.Nodes[at] = schema.FilterNode{} // in place: a node is too large to copy for nothing
	}
	f.Nodes[at].Kind, f.Nodes[at].End = kind, int32(at+1)
	return at
}

// closeNode ends a node with children, handing the children's error up.
func closeNode(r, children *reader, f *schema.Filter, at int) {
	if children.err != nil {
		r.fail(children.err)
		return
	}
	f.Nodes[at].End = int32(len(f.Nodes))
}

// filterItem appends a node without children.
func filterItem(r *reader, f *schema.Filter, tag byte) {
	switch tag {
	case tagEquality, tagGreaterOrEqual, tagLessOrEqual, tagApprox:
		at := addNode(r, f, schema.FilterKind(tag&0x1f))
		ava := r.within(tag)
		n := &f.Nodes[at]
		n.Attr, n.Value = ava.octets(), ava.octets()
		if err := ava.end(); err != nil {
			r.fail(err)
		}
	case tagPresent:
		at := addNode(r, f, schema.FilterPresent)
		f.Nodes[at].Attr = r.element(tagPresent)
	case tagSubstrings:
		at := addNode(r, f, schema.FilterSubstrings)
		sub := r.within(tagSubstrings)
		substrings(&sub, f, &f.Nodes[at])
		if err := sub.end(); err != nil {
			r.fail(err)
		}
	case tagExtensible:
		at := addNode(r, f, schema.FilterExtensible)
		mra := r.within(tagExtensible)
		extensible(&mra, &f.Nodes[at])
		if err := mra.end(); err != nil {
			r.fail(err)
		}
	default:
		if wrongTag(tag) == ErrEncoding {
			r.fail(ErrEncoding)
		}
		r.fail(errFilterChoice)
	}
}

// substrings decodes type and parts of a SubstringFilter: at most one initial
// part, which comes first, and at most one final part, which comes last.
func substrings(r *reader, f *schema.Filter, n *schema.FilterNode) {
	n.Attr = r.octets()
	n.PartsFrom = int32(len(f.Parts))
	list := r.within(ber.TagSequence)
	for first := true; list.more(); first = false {
		tag, value := list.any()
		at := schema.PartKind(tag & 0x1f)
		switch {
		case list.err != nil:
		case tag < 0x80 || tag > 0x82,
			at == schema.PartInitial && !first,
			at == schema.PartFinal && list.more():
			list.fail(errSubstrings)
		case len(f.Nodes)+len(f.Parts) >= r.max().FilterItems:
			list.fail(ErrFilterItems)
		default:
			f.Parts = append(f.Parts, schema.SubstringPart{At: at, Value: value})
		}
	}
	n.PartsTo = int32(len(f.Parts))
	if list.err == nil && n.PartsFrom == n.PartsTo {
		list.fail(errSubstrings)
	}
	if list.err != nil {
		r.fail(list.err)
	}
}

// extensible decodes a MatchingRuleAssertion.
func extensible(r *reader, n *schema.FilterNode) {
	if r.at(0x81) {
		n.Rule = r.element(0x81)
	}
	if r.at(0x82) {
		n.Attr = r.element(0x82)
	}
	n.Value = r.element(0x83)
	if r.at(0x84) {
		n.DN = r.boolean(0x84)
	}
	if r.err == nil && len(n.Rule) == 0 && len(n.Attr) == 0 {
		r.fail(errExtensible)
	}
}
