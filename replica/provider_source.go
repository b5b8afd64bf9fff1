package replica

// What a provider and a consumer need of a store.

import (
	"github.com/sunray-ds/utdsd/schema"
)

// Source is the store of a provider.
type Source interface {
	// Hold keeps the last committed state until it is released. The store
	// grows as long as it is held.
	Hold() (State, error)
	// Subscribe sends to wake, without ever waiting for it, after each commit
	// and after the store was replaced, until cancel is called.
	Subscribe(wake chan<- struct{}) (cancel func())
}

// State is one committed state of a store. It is for one goroutine.
type State interface {
	Position() schema.Position
	Epochs() []schema.Epoch
	// ContextCSN is that of the newest change; "" if there was none.
	ContextCSN() string
	// Oldest is the number of the first change in the changelog;
	// Position().Seq+1 if it is empty.
	Oldest() uint64
	Entries() uint64
	// Changes hands the records from number from on to f, in order, until f
	// returns false. They are f's to keep.
	Changes(from uint64, f func(schema.ChangeRecord) bool) error
	// HashAt is the state hash after a change, as far as the changelog tells.
	HashAt(seq uint64) (schema.StateHash, bool)
	// SeqOfCSN is the number of the change with exactly this CSN; ok is false
	// if the changelog has it no more, unless it is the newest change of all.
	SeqOfCSN(csn string) (seq uint64, ok bool)
	// ByUUID hands the entry to f; found is false if there is none.
	ByUUID(id schema.UUID, f func(v *schema.View) error) (found bool, err error)
	// Search does one slice of a search.
	Search(q *schema.Search, r schema.Receiver) error
	Release()
}
