// member.go: one row: what a member tells of itself, and where it does not
// answer, what the primary knows of it.

package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sunray-ds/utdsd/replica"
)

// member is one member of the group. Pointers are nil for what is not known.
type member struct {
	Member      string     `json:"member"`
	Own         bool       `json:"own"`
	Reachable   bool       `json:"reachable"`
	Role        string     `json:"role,omitempty"`
	State       string     `json:"state"`
	Position    string     `json:"position,omitempty"`
	Change      *uint64    `json:"change"`
	Entries     *uint64    `json:"entries"`
	Behind      *uint64    `json:"behind"`
	LagSeconds  *float64   `json:"lag_seconds"`
	LastContact *time.Time `json:"last_contact"` // with the primary
	Version     string     `json:"version,omitempty"`
	Error       string     `json:"error,omitempty"`
}

// The states that are no outcome of replication.
const (
	stateUp        = "up"
	stateFenced    = "fenced"
	stateNoPrimary = "no primary"
)

// members makes the rows.
func members(all []replica.MemberStatus) []member {
	seen := map[string]replica.SecondaryStatus{} // by the primary
	for _, m := range all {
		for _, s := range m.Status.Secondaries {
			seen[address(s.Member)] = s
		}
	}
	rows := make([]member, len(all))
	for i, m := range all {
		rows[i] = row(m)
		if s, ok := seen[address(m.Member)]; ok && m.Error != "" {
			rows[i].asSeen(s)
		}
	}
	return rows
}

// row is what a member tells of itself.
func row(m replica.MemberStatus) member {
	r := member{Member: m.Member, Own: m.Own, State: m.State, Error: m.Error}
	if m.Error != "" {
		return r
	}
	s := m.Status
	r.Reachable, r.Role, r.State, r.Version = true, string(s.Role), stateUp, s.Version
	r.Position, r.Change, r.Entries = s.Position, &s.LastChange, &s.Entries
	if s.Fenced != "" {
		r.State, r.Error = stateFenced, s.Fenced
	}
	up := s.Upstream
	if up == nil {
		return r
	}
	r.Behind, r.LagSeconds, r.LastContact = &up.LagChanges, &up.LagSeconds, contact(up.LastHeard)
	switch r.State = up.State(); r.State {
	case replica.StateLevel, replica.StateBehind, replica.StateConnecting:
	case replica.StateOutOfReach, replica.StateNotConnected: // said of its primary
		r.State, r.Error = stateNoPrimary, up.Error
	default:
		r.Error = cmp.Or(up.Error, up.Reason)
	}
	return r
}

// tooMany tells of a group in which more than one primary takes changes; "" if
// there is none.
func tooMany(all []member) string {
	var primaries []string
	for _, m := range all {
		if m.Role == string(replica.RolePrimary) && m.State == stateUp {
			primaries = append(primaries, m.Member)
		}
	}
	if len(primaries) < 2 {
		return ""
	}
	return fmt.Sprintf("%d primaries take changes in one group: %s. Keep one: type utreplica -a OTHER on it, then utreplica -u and utreplica -s KEPT on each other one.",
		len(primaries), strings.Join(primaries, ", "))
}

// asSeen is what the primary knows of a member that does not answer.
func (m *member) asSeen(s replica.SecondaryStatus) {
	m.Role = string(replica.RoleSecondary)
	if s.Position != "" {
		m.Position, m.Behind, m.LagSeconds = s.Position, &s.LagChanges, &s.LagSeconds
	}
	m.LastContact = contact(s.LastHeard)
}

func (m member) lag() string {
	if m.LagSeconds == nil {
		return "-"
	}
	return time.Duration(*m.LagSeconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// address is the name of a member in one form.
func address(name string) string {
	if a, err := replica.Address(name); err == nil {
		return a
	}
	return name
}

func contact(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func number(n *uint64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatUint(*n, 10)
}

func known(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
