package replica

// How it stands between this server and a member, in words for people: what the
// last meeting or question came to, and "not connected" only if nothing better is
// known.

import (
	"context"
	"errors"
	"net"
	"strings"
)

// The words that are no outcome of a meeting.
const (
	StateLevel      = "level"
	StateBehind     = "behind"
	StateConnecting = "connecting" // the first call is under way

	// Nobody has told why, nobody answered, or the answer proved another signature.
	StateNotConnected   = "not connected"
	StateOutOfReach     = "out of reach"
	StateOtherSignature = "other signature"

	// What a listed secondary is instead of following this server.
	stateFollowsAnother = "follows another primary"
	stateIsPrimary      = "is a primary"
	stateNoRole         = "has no role"
)

// words is an outcome without hyphens.
func words(outcome string) string { return strings.ReplaceAll(outcome, "-", " ") }

// unreached is what an error of a call tells of the other side; "" without one.
func unreached(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errSignature):
		return StateOtherSignature
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, context.DeadlineExceeded):
		return StateOutOfReach
	}
	return StateNotConnected
}

// State is how a secondary stands with its primary.
func (u *UpstreamStatus) State() string {
	switch {
	case u.Refused():
		return words(u.Outcome)
	case !u.Connected && u.Error == "":
		return StateConnecting
	case !u.Connected && u.Contact == "":
		return StateNotConnected
	case !u.Connected:
		return u.Contact
	case u.Level:
		return StateLevel
	case u.Outcome == "":
		return StateConnecting
	case u.Outcome == UpToDate.Word() || u.Outcome == Stream.Word():
		return StateBehind
	}
	return words(u.Outcome)
}

// Refused tells that the primary was reached and had nothing to give: the outcome
// of that meeting says why.
func (u *UpstreamStatus) Refused() bool {
	return !u.Connected && u.Error != "" && u.Error == u.Reason
}

// State is how a follower stands with this server.
func (s *SecondaryStatus) State() string {
	switch {
	case s.Connected && s.Position != "" && s.LagChanges == 0:
		return StateLevel
	case s.Connected:
		return StateBehind
	case s.Contact == "":
		return StateNotConnected
	}
	return s.Contact
}

// contact is what is known of a follower without a session.
func (fo *follower) contact() string {
	switch {
	case fo.told != "":
		return fo.told
	case fo.outcome == OlderEpoch:
		return stateFollowsAnother
	}
	return words(fo.outcome.Word())
}

// instead is what a member that answered does, if it has no session here and does
// not just wait for one.
func instead(s Status) string {
	switch {
	case s.Role == RolePrimary:
		return stateIsPrimary
	case s.Role == RoleNone:
		return stateNoRole
	case s.Upstream != nil && s.Upstream.Connected:
		return stateFollowsAnother
	}
	return ""
}
