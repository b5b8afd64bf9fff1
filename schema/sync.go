package schema

// The nouns of replication: what a consumer asks for and what passes between a
// provider and a consumer of changes (RFC 4533, and the persistent search of
// draft-ietf-ldapext-psearch-03).

// SyncMode is the mode of a Sync Request control (RFC 4533 2.2).
type SyncMode uint8

// The values are those of the wire.
const (
	SyncRefreshOnly       SyncMode = 1
	SyncRefreshAndPersist SyncMode = 3
)

// SyncState is the state in a Sync State control (RFC 4533 2.3).
type SyncState uint8

// The values are those of the wire.
const (
	SyncPresent SyncState = 0
	SyncAdd     SyncState = 1
	SyncModify  SyncState = 2
	SyncDelete  SyncState = 3
)

// SyncRequest is a search for content that is to be kept up to date.
type SyncRequest struct {
	Search     *Search // base, scope and filter, resolved
	Mode       SyncMode
	Cookie     string
	ReloadHint bool
	Peer       string // address of the client, for logs and status
	// Member is the value of the control by which a member of the failover
	// group presents itself; nil for any other client.
	Member []byte
	// Watch makes it a persistent search: nil for RFC 4533.
	Watch *Watch
}

// Watch is a Persistent Search control.
type Watch struct {
	Kinds       uint8 // bit mask of changes, 1 << (ChangeKind-1) in the order of ChangeKind; see WatchBit
	ChangesOnly bool
	ReturnECs   bool // entry change notification controls are wanted
}

// WatchBit is the bit of a kind of change in Watch.Kinds and the changeType of an
// entry change notification: 1 add, 2 delete, 4 modify, 8 modDN.
func WatchBit(k ChangeKind) uint8 {
	if k < ChangeAdd || k > ChangeModifyDN {
		return 0
	}
	return 1 << (k - 1)
}

// SyncReceiver takes what a provider has for one consumer and sends it in
// order. Only Flush waits for the socket; the others may be called inside a
// read transaction and keep nothing of what they are given.
type SyncReceiver interface {
	// Entry sends an entry with a Sync State control; an empty cookie is left
	// out. Pause asks for a Flush, outside of any read transaction, before
	// anything else is sent. An entry that the session may not see is not
	// sent, and Entry tells so by shown.
	Entry(v *View, state SyncState, cookie string) (next Next, shown bool)
	// Gone sends an entry without attributes, of the state delete.
	Gone(dn string, id UUID, cookie string)
	// Change sends an entry of a persistent search, with the entry change
	// notification that rec makes if the client wants one.
	Change(v *View, rec *ChangeRecord) (next Next, shown bool)
	// Intermediate sends an IntermediateResponse (RFC 4511 4.13).
	Intermediate(oid string, value []byte)
	// Flush sends everything; its error means that the client is gone.
	Flush() error
}

// SyncDone is what a Sync Done control carries (RFC 4533 2.4).
type SyncDone struct {
	Cookie         string
	RefreshDeletes bool
}

// Batch is a step of a replicated store from one position to a later one: the
// states, as of To, of all entries that changed in between, and the changelog
// between. A store makes it in one transaction, or not at all.
type Batch struct {
	From Position // where the store must be
	// To is where it is afterwards, which the store verifies before it commits:
	// its state must have To.Hash. With an empty To.Epoch the provider is
	// of another make and knows no positions; the store then numbers the
	// changes by itself and writes a record for each.
	To     Position
	Epochs []Epoch // history that To is in; nil: as before

	// Entries are states: DN, UUID, User, Operational of a View. The key and
	// the kind are the store's to find. An entry below a renamed one that is
	// not listed moves with it.
	Entries []View
	Deleted []UUID
	Records []ChangeRecord // From.Seq+1 to To.Seq; nil for a provider of another make

	Cookie string // of a provider of another make; it is kept with the state
}
