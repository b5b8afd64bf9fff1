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

// Resume is the state of a search between two slices. Done and Generation are for
// the caller, the rest is for the store alone.
type Resume struct {
	Started bool
	Done    bool // nothing is left to be found, or the receiver has stopped

	// Generation is the number of the store that the search was begun in, where
	// one store replaces another while it is served; 0 elsewhere. A caller that
	// sets it before the first slice has the search begun in that store.
	Generation uint64

	Base       []byte // key of the base searched now, aliases followed
	Scope      Scope
	More       []SearchBase // bases still to be searched, found by following aliases
	References bool         // referrals in scope are still to be told
	Last       []byte       // key of the last referral or entry looked at; empty at first

	Plan   uint8
	Seq    uint64   // of the state that the plan was made on
	IDs    []uint64 // candidates still to be looked at
	Index  int      // number of the index that is read
	Term   []byte   // what is looked up in it
	LastID uint64   // id of the last candidate looked at
}

// SearchBase is a further base of a search.
type SearchBase struct {
	Key   []byte
	Scope Scope
}

// Reset makes s ready for another request, keeping its memory.
func (s *Search) Reset() {
	r := &s.Resume
	keep := Resume{Base: r.Base[:0], Last: r.Last[:0], IDs: r.IDs[:0], Term: r.Term[:0]}
	*s = Search{Resume: keep}
}
