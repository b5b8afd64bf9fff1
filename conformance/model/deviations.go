// deviations.go: where slapd is known to answer other than the RFCs.

package model

// Deviations are the answers of another server that differ from what the RFCs
// want. Each is a decision that the RFC is right.
type Deviations struct {
	// NamingViolationOnModify: a modify that removes a value of the RDN gets
	// namingViolation. RFC 4511 4.6 names notAllowedOnRDN.
	NamingViolationOnModify bool
	// NoSpacesAroundValues: for a substring filter a value has no space at its
	// ends and one between words, where RFC 4518 2.6.1 puts one at the ends and
	// two between words: (cn=* foo) does not find "foo", nor (cn=*a * b*) "a b".
	// And the parts of an IA5 String have none at their ends either.
	NoSpacesAroundValues bool
	// StructuralClassIsInherited: structuralObjectClass matches superclasses
	// too, as objectClass does. RFC 4512 3.4.6 gives it objectIdentifierMatch.
	StructuralClassIsInherited bool
	// TextHasOrder: slapd's definitions give utname an ordering rule, the Sun
	// Ray definitions do not: >= and <= over text are Undefined (RFC 4511
	// 4.5.1.7.3). Searches with them are not judged.
	TextHasOrder bool
	// IncrementOf64Bits: increment does not work on larger integers. RFC 4517
	// 3.3.16 and RFC 4525 set no bound.
	IncrementOf64Bits bool
}

// OpenLDAP are the deviations of slapd 2.5.
func OpenLDAP() Deviations {
	return Deviations{
		NamingViolationOnModify:    true,
		NoSpacesAroundValues:       true,
		StructuralClassIsInherited: true,
		TextHasOrder:               true,
		IncrementOf64Bits:          true,
	}
}
