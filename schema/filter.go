package schema

// FilterKind is the kind of one filter node; the values are the context tags
// of RFC 4511 4.5.1.7.
type FilterKind uint8

// The ten filter choices.
const (
	FilterAnd            FilterKind = 0
	FilterOr             FilterKind = 1
	FilterNot            FilterKind = 2
	FilterEquality       FilterKind = 3
	FilterSubstrings     FilterKind = 4
	FilterGreaterOrEqual FilterKind = 5
	FilterLessOrEqual    FilterKind = 6
	FilterPresent        FilterKind = 7
	FilterApprox         FilterKind = 8
	FilterExtensible     FilterKind = 9
)

// Filter is a search filter as a flat list of nodes in prefix order, so that a
// connection can decode one request after another into the same memory and
// matching needs no recursion on input. Nodes[0] is the root.
//
// A decoder fills Nodes and Parts with slices of the message; Resolve then
// looks the types up and normalises the assertion values into memory of the
// Filter. Only a resolved filter can match.
type Filter struct {
	Nodes []FilterNode
	Parts []SubstringPart // of all substring nodes, in order

	forms   []byte // normal forms of all assertion values
	scratch []byte // normal form of the stored value at hand
}

// FilterNode is one item or one And, Or, Not.
type FilterNode struct {
	Kind FilterKind
	// End is the index behind the last node of this subtree: the children of
	// a node i are i+1, Nodes[i+1].End, ... up to End.
	End int32

	Attr  []byte // attribute description as sent; empty in an extensible match without type
	Value []byte // assertion value as sent
	Rule  []byte // extensible match: matching rule; empty if none
	DN    bool   // extensible match: dnAttributes

	PartsFrom, PartsTo int32 // substrings: range of Parts

	// Filled in by Resolve.
	Desc      AttributeDescription
	Matching  *MatchingRule
	Form      []byte // normal form of Value
	Undefined bool   // evaluates to Undefined whatever the entry
	unsure    bool   // what does not match is Undefined, not False
	computed  computed
}

// SubstringPart is one part of a substring assertion.
type SubstringPart struct {
	At    PartKind
	Value []byte
	Form  []byte // filled in by Resolve
}

// Reset empties f, keeping its memory.
func (f *Filter) Reset() {
	f.Nodes, f.Parts, f.forms = f.Nodes[:0], f.Parts[:0], f.forms[:0]
}

// Tri is the result of three-valued logic (RFC 4511 4.5.1.7).
type Tri uint8

// The three values.
const (
	False Tri = iota
	True
	Undefined
)
