package schema

// EpochKind tells how an epoch began.
type EpochKind string

// An initial epoch has no data of anybody's making yet, a restored one is an
// administrator's explicit word that its data is the truth, a promoted one
// grew from a secondary's copy.
const (
	EpochInitial  EpochKind = "initial"
	EpochRestored EpochKind = "restored"
	EpochPromoted EpochKind = "promoted"
)

// Epoch is a stretch of a store's history under one primary. A history is a
// list of epochs, oldest first; the last one is in force.
type Epoch struct {
	ID   string    `json:"id"` // 32 hexadecimal digits
	Kind EpochKind `json:"kind"`
	// From is the last position of the epoch before, of which this one knows
	// every change; text of a Position, empty if there was none.
	From string `json:"from,omitempty"`
}
