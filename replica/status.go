package replica

import (
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// Status is what a server tells of its part in the failover group: the answer
// to OIDStatus, as JSON.
type Status struct {
	Host    string   `json:"host"`
	Port    string   `json:"port"`
	Version string   `json:"version"`
	Role    RoleKind `json:"role"`
	Members []string `json:"members,omitempty"`
	Others  []string `json:"others,omitempty"` // of a secondary: who else follows its primary, as heard last

	Position  string           `json:"position"`
	Epochs    []schema.Epoch   `json:"epochs"`
	EpochKind schema.EpochKind `json:"epoch_kind"`
	Entries   uint64           `json:"entries"`
	// FirstChange and LastChange are the ends of the changelog; FirstChange is
	// LastChange+1 if it is empty.
	FirstChange uint64 `json:"first_change"`
	LastChange  uint64 `json:"last_change"`

	Upstream    *UpstreamStatus   `json:"upstream,omitempty"` // of a secondary
	Secondaries []SecondaryStatus `json:"secondaries,omitempty"`
	// Fenced is why this server takes no writes although it is a primary;
	// empty if it does.
	Fenced string `json:"fenced,omitempty"`
}

// UpstreamStatus is a secondary's view of its primary.
type UpstreamStatus struct {
	Address   string `json:"address"`
	Connected bool   `json:"connected"`
	// Outcome is what the last meeting came to and Reason its sentence; empty
	// before the first one.
	Outcome    string    `json:"outcome"`
	Reason     string    `json:"reason"`
	Position   string    `json:"position"` // of the primary, when last heard
	Level      bool      `json:"level"`    // has everything that the primary had then
	LagChanges uint64    `json:"lag_changes"`
	LagSeconds float64   `json:"lag_seconds"`
	LastHeard  time.Time `json:"last_contact"`
	Error      string    `json:"error,omitempty"`   // why there is no connection
	Contact    string    `json:"contact,omitempty"` // the same in two words
	// Received and Expected count the entries of a refresh that is under way.
	Received uint64 `json:"refresh_received,omitempty"`
	Expected uint64 `json:"refresh_expected,omitempty"`
	// Refreshes counts the refreshes since the start of the server.
	Refreshes uint64 `json:"refreshes"`
	// LostFile has the changes of this server that the primary never had, if any
	// were found since this server has followed it, and LostChanges is their number.
	LostFile    string `json:"lost_file,omitempty"`
	LostChanges uint64 `json:"lost_changes,omitempty"`
}

// SecondaryStatus is a provider's view of one of its consumers.
type SecondaryStatus struct {
	Member     string    `json:"member"` // as configured; its address if it is not
	Connected  bool      `json:"connected"`
	Position   string    `json:"position"` // confirmed last; empty if none was since the start
	LagChanges uint64    `json:"lag_changes"`
	LagSeconds float64   `json:"lag_seconds"`
	LastHeard  time.Time `json:"last_contact"`
	// Contact is why it is not connected, as far as that is known, in a few words.
	Contact string `json:"contact,omitempty"`
}
