package schema

// ChangeKind is the kind of a change to the tree (RFC 2849 changetype).
type ChangeKind uint8

// The four changes of RFC 4511 4.6 to 4.9.
const (
	ChangeAdd ChangeKind = iota + 1
	ChangeDelete
	ChangeModify
	ChangeModifyDN
)

// ModOp is the operation of one modification (RFC 4511 4.6, RFC 4525).
type ModOp uint8

// The values are those of the wire.
const (
	ModAdd       ModOp = 0
	ModDelete    ModOp = 1
	ModReplace   ModOp = 2
	ModIncrement ModOp = 3
)

// Modification is one step of a modify request: the attribute description as
// the client sent it and its values.
type Modification struct {
	Op     ModOp
	Attr   string
	Values [][]byte
}

// RawAttribute is an attribute as a client or a file names it, not yet
// resolved against the schema.
type RawAttribute struct {
	Attr   string
	Values [][]byte
}

// Change is one request to change the tree, complete and owning its memory,
// so that it can wait in the writer's queue.
type Change struct {
	Kind ChangeKind
	DN   string // target, as sent

	Attributes []RawAttribute // ChangeAdd
	Mods       []Modification // ChangeModify

	NewRDN         string // ChangeModifyDN
	DeleteOldRDN   bool
	HasNewSuperior bool
	NewSuperior    string

	Actor        string  // who asks: becomes creatorsName and modifiersName
	Assertion    *Filter // RFC 4528, resolved; nil is none
	ManageDsaIT  bool    // RFC 3296: referral entries are plain entries
	WantPreRead  bool    // RFC 4527: ChangeDone.Pre is filled
	WantPostRead bool    // RFC 4527: ChangeDone.Post is filled
	Password     bool    // the change of a Password Modify (RFC 3062): recorded like a modify
}

// ChangeDone is what became of a Change.
type ChangeDone struct {
	Result   Result
	Position Position
	Pre      *View // owns its memory; nil unless asked for and the change was made
	Post     *View
	Few      bool // so few results come at once that done has the time to send this one
}
