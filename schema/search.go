package schema

// Scope is the scope of a search (RFC 4511 4.5.1.2 and subordinates of
// draft-sermersheim-ldap-subordinate-scope).
type Scope uint8

// The values are those of the wire.
const (
	ScopeBase     Scope = 0
	ScopeOne      Scope = 1
	ScopeSub      Scope = 2
	ScopeChildren Scope = 3 // the subtree without its base
)

// Deref tells when aliases are followed (RFC 4511 4.5.1.3).
type Deref uint8

// The values are those of the wire.
const (
	DerefNever     Deref = 0
	DerefSearching Deref = 1
	DerefFinding   Deref = 2
	DerefAlways    Deref = 3
)

// Next is what a Receiver wants after an entry.
type Next uint8

// Continue goes on; Pause ends this slice of the search (the next Search call
// goes on behind the entry); Stop ends the search for good.
const (
	Continue Next = iota
	Pause
	Stop
)

// Receiver takes what a search finds. It is called inside a read transaction:
// it copies what it needs and neither blocks nor keeps the View.
type Receiver interface {
	// Entry gets an entry that matches.
	Entry(v *View) Next
	// Reference gets a referral entry in scope (RFC 3296), to be answered with
	// a SearchResultReference. scope is the scope that remains below it.
	Reference(v *View, scope Scope) Next
}

// Search is one search request, resolved against the schema. A store works on
// it in slices, so that no read transaction is open while a client is slow:
// Resume holds where the next slice goes on.
type Search struct {
	Base        []byte // key of the base DN
	BaseDN      []byte // as the client sent it, for referrals
	Scope       Scope
	Deref       Deref
	Filter      *Filter // resolved
	ManageDsaIT bool

	// Examine bounds how many candidates one slice may look at; the slice
	// then ends as if the receiver had paused. 0 is no bound.
	Examine int
	// Examined counts the candidates of all slices so far (set by the store).
	Examined int

	// Resume belongs to the store. Reset clears it.
	Resume Resume
}

// Resume is the state of a search between two slices.
type Resume struct {
	Started bool
	Done    bool
	Last    []byte   // key of the last entry looked at, for a range of the tree
	IDs     []uint64 // candidates still to be looked at, for an index
	Planned bool
	Bases   [][]byte // further bases found by dereferencing
	Seen    map[uint64]struct{}
	Plan    uint8
	LastID  uint64
}

// Reset makes s ready for another request, keeping its memory.
func (s *Search) Reset() {
	last, ids := s.Resume.Last[:0], s.Resume.IDs[:0]
	*s = Search{}
	s.Resume.Last, s.Resume.IDs = last, ids
}
