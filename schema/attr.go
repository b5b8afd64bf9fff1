package schema

import "strings"

// Usage tells what an attribute type is for (RFC 4512 4.1.2).
type Usage uint8

// The four usages; all but UserApplications are operational.
const (
	UserApplications Usage = iota
	DirectoryOperation
	DistributedOperation
	DSAOperation
)

// AttributeType is one attribute type definition (RFC 4512 4.1.2), with what
// it inherits from its supertype already filled in.
type AttributeType struct {
	OID       string
	Name      string // the first NAME as defined, or the OID: the form in which entries store it
	Names     []string
	Desc      string
	Obsolete  bool
	Sup       *AttributeType
	Equality  *MatchingRule // nil: no equality matching
	Ordering  *MatchingRule
	Substr    *MatchingRule
	Syntax    *Syntax
	SyntaxLen int // 0: none stated

	SingleValue        bool
	Collective         bool
	NoUserModification bool
	Usage              Usage
	Extensions         []Extension

	// Secret marks passwords: shown to and matched for administrators only.
	Secret bool
	// Subtypes lists the type itself and everything derived from it, so that
	// a filter on a supertype needs no walk.
	Subtypes []*AttributeType
	text     string // the definition as published in the subschema entry
}

// Operational tells whether the type is returned only when asked for.
func (t *AttributeType) Operational() bool { return t.Usage != UserApplications }

// Extension is an X-... part of a definition.
type Extension struct {
	Name   string
	Values []string
}

// ClassKind is the kind of an object class.
type ClassKind uint8

// The three kinds of RFC 4512 2.4.
const (
	Structural ClassKind = iota
	Abstract
	Auxiliary
)

// ObjectClass is one object class definition (RFC 4512 4.1.1).
type ObjectClass struct {
	OID      string
	Name     string
	Names    []string
	Desc     string
	Obsolete bool
	Sup      []*ObjectClass
	Kind     ClassKind
	Must     []*AttributeType // own and inherited
	May      []*AttributeType // own and inherited

	extensions []Extension
	own        [2][]*AttributeType // MUST and MAY as defined, for publication
	supers     []*ObjectClass      // everything c is derived from
	text       string
}

// Is tells whether c is o or derived from it.
func (c *ObjectClass) Is(o *ObjectClass) bool {
	if c == o {
		return true
	}
	for _, s := range c.supers {
		if s == o {
			return true
		}
	}
	return false
}

// Schema is a compiled set of definitions. It does not change once it is
// made, so any number of goroutines may use it.
type Schema struct {
	attributes map[string]*AttributeType // by lower-case name and by OID
	classes    map[string]*ObjectClass
	rules      map[string]*MatchingRule
	syntaxes   map[string]*Syntax // by OID

	attributeList []*AttributeType // in order of definition, for publication
	classList     []*ObjectClass
	ruleList      []*MatchingRule
	syntaxList    []*Syntax

	tolerant bool // see Tolerant

	// The types that the server itself handles, looked up once.
	ObjectClassType *AttributeType
	AliasedObject   *AttributeType
	Ref             *AttributeType
	UserPassword    *AttributeType
}

// fold looks name up in m without regard to case and without allocation for
// names of at most 64 bytes.
func fold[T any](m map[string]*T, name []byte) *T {
	if v, ok := m[string(name)]; ok {
		return v
	}
	var buf [64]byte
	if len(name) > len(buf) {
		return m[strings.ToLower(string(name))]
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return m[string(buf[:len(name)])]
}

// Tolerant is s for a store that takes what the schema does not know: adds and
// modifies may bring unknown attribute types and object classes, as imports
// always may. What an entry with an unknown class must or may have is not
// checked. s itself stays strict.
func (s *Schema) Tolerant() *Schema {
	t := *s
	t.tolerant = true
	return &t
}

// AttributeType finds a type by any of its names or its OID; nil if unknown.
func (s *Schema) AttributeType(name []byte) *AttributeType { return fold(s.attributes, name) }

// ObjectClass finds a class by any of its names or its OID; nil if unknown.
func (s *Schema) ObjectClass(name []byte) *ObjectClass { return fold(s.classes, name) }

// MatchingRule finds a rule by any of its names or its OID; nil if unknown.
func (s *Schema) MatchingRule(name []byte) *MatchingRule { return fold(s.rules, name) }
