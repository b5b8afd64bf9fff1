// operation.go: requests and answers as values, and how a request is written down.

package model

import (
	"fmt"
	"strings"
)

// Result codes of RFC 4511 appendix A that the model gives.
const (
	Success                   = 0
	ProtocolError             = 2
	SizeLimitExceeded         = 4
	CompareFalse              = 5
	CompareTrue               = 6
	NoSuchAttribute           = 16
	UndefinedAttributeType    = 17
	InappropriateMatching     = 18
	ConstraintViolation       = 19
	AttributeOrValueExists    = 20
	InvalidAttributeSyntax    = 21
	NoSuchObject              = 32
	InvalidDNSyntax           = 34
	InvalidCredentials        = 49
	UnwillingToPerform        = 53
	NamingViolation           = 64
	ObjectClassViolation      = 65
	NotAllowedOnNonLeaf       = 66
	NotAllowedOnRDN           = 67
	EntryAlreadyExists        = 68
	ObjectClassModsProhibited = 69
	AffectsMultipleDSAs       = 71
)

// Kind is the kind of a request.
type Kind int

// The requests of the model.
const (
	Add Kind = iota
	Modify
	Delete
	Rename // ModifyDN
	Compare
	Search
	Bind
)

// String is the kind as one word.
func (k Kind) String() string {
	return [...]string{"add", "modify", "delete", "rename", "compare", "search", "bind"}[k]
}

// Values is an attribute with values, as a client sends it.
type Values struct {
	Attribute string
	Values    []string
}

// ModKind is the operation of a modification, as on the wire.
type ModKind int

// The modifications of RFC 4511 4.6 and RFC 4525.
const (
	ModAdd       ModKind = 0
	ModDelete    ModKind = 1
	ModReplace   ModKind = 2
	ModIncrement ModKind = 3
)

// Modification is one step of a Modify.
type Modification struct {
	Kind ModKind
	Values
}

// Scope is the scope of a Search, as on the wire.
type Scope int

// The scopes of RFC 4511 4.5.1.2 and the subordinate one.
const (
	ScopeBase     Scope = 0
	ScopeOne      Scope = 1
	ScopeSubtree  Scope = 2
	ScopeChildren Scope = 3
)

// Operation is one request. Kind says which of the fields count.
type Operation struct {
	Kind Kind
	DN   string

	Attributes []Values       // Add
	Mods       []Modification // Modify

	NewRDN       string // Rename
	DeleteOldRDN bool
	NewSuperior  string // empty: none

	Attribute string // Compare
	Value     string // Compare; the password of Bind

	Scope     Scope // Search
	Filter    Filter
	Selection []string
	TypesOnly bool
	SizeLimit int
}

// Found is an entry that a Search returns.
type Found struct {
	Key        string // of its name
	ID         int    // stays the same when the entry is renamed
	Revision   int    // grows whenever the entry itself changes
	Attributes map[string][]string
	// Wanted are the operational attributes that have to come along, whose
	// values are for the server to choose.
	Wanted []string
}

// Answer is what a request gets. MatchedDN is a Key. Entries of a search that
// met its size limit are all that match: any SizeLimit of them are right.
type Answer struct {
	Code      int
	Also      []int // other codes that are as right
	MatchedDN string
	Entries   []Found
	Open      bool // any answer is right: see Deviations
}

// String writes the request down in one line, for reports.
func (o Operation) String() string {
	switch o.Kind {
	case Add:
		return fmt.Sprintf("add %q %s", o.DN, listed(o.Attributes))
	case Modify:
		var steps []string
		for _, m := range o.Mods {
			kind := [...]string{"add", "delete", "replace", "increment"}[m.Kind]
			steps = append(steps, fmt.Sprintf("%s %s", kind, m.Values))
		}
		return fmt.Sprintf("modify %q %s", o.DN, strings.Join(steps, "; "))
	case Delete:
		return fmt.Sprintf("delete %q", o.DN)
	case Rename:
		s := fmt.Sprintf("rename %q to %q", o.DN, o.NewRDN)
		if o.DeleteOldRDN {
			s += " without the old value"
		}
		if o.NewSuperior != "" {
			s += fmt.Sprintf(" below %q", o.NewSuperior)
		}
		return s
	case Compare:
		return fmt.Sprintf("compare %q %s=%q", o.DN, o.Attribute, o.Value)
	case Bind:
		return fmt.Sprintf("bind %q %q", o.DN, o.Value)
	}
	scope := [...]string{"base", "one", "sub", "children"}[o.Scope]
	s := fmt.Sprintf("search %s %q %s", scope, o.DN, o.Filter)
	if len(o.Selection) > 0 {
		s += fmt.Sprintf(" for %q", o.Selection)
	}
	if o.TypesOnly {
		s += " types only"
	}
	if o.SizeLimit > 0 {
		s += fmt.Sprintf(" at most %d", o.SizeLimit)
	}
	return s
}

// String is the attribute with its values.
func (v Values) String() string { return fmt.Sprintf("%s=%q", v.Attribute, v.Values) }

func listed(list []Values) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, " ")
}
