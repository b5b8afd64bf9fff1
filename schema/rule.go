package schema

// MatchingRule compares values (RFC 4517 4). Rules work by normal forms: two
// values are equal exactly if their forms are equal bytes, one is less than
// the other exactly if its form is (so integers have an order-preserving
// form), and one contains a substring exactly if its form contains that of the
// substring. One function therefore serves filters, compares, DNs and indexes.
type MatchingRule struct {
	OID       string
	Name      string
	Names     []string
	Desc      string
	SyntaxOID string // of the assertion value
	Kind      RuleKind
	// Normalize appends the normal form of value to dst. An error means that
	// value is not of the rule's syntax; dst is then returned as it came.
	// It must not allocate for plain ASCII input when dst has room.
	Normalize func(s *Schema, dst, value []byte) ([]byte, error)
	// NormalizePart is the same for one part of a substring assertion
	// (RFC 4518 2.6.1 treats its ends differently); nil for other kinds.
	NormalizePart func(s *Schema, dst, part []byte, at PartKind) ([]byte, error)
	// Match is set for rules that are no comparison of normal forms (bit
	// rules, objectIdentifierFirstComponentMatch, wordMatch): it tells
	// whether a stored value fits a (syntactically checked) assertion.
	Match func(s *Schema, value, assertion []byte) bool
	text  string
}

// RuleKind tells what question a rule answers.
type RuleKind uint8

// Kinds of matching rules.
const (
	EqualityRule RuleKind = iota
	OrderingRule
	SubstringsRule
)

// PartKind is the place of a part in a substring assertion.
type PartKind uint8

// The values are those of the wire (RFC 4511 4.5.1).
const (
	PartInitial PartKind = 0
	PartAny     PartKind = 1
	PartFinal   PartKind = 2
)

// Syntax is one attribute syntax (RFC 4517 3).
type Syntax struct {
	OID  string
	Desc string
	// Validate tells what is wrong with a value; nil for a syntax without
	// further rules (Octet String).
	Validate func(s *Schema, value []byte) error
	// NotHumanReadable values are never shown as text.
	NotHumanReadable bool
	text             string
}
