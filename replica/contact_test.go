package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

func TestTheStateOfASecondaryIsWhatIsKnown(t *testing.T) {
	refused := WaitingForRestore.String()
	for want, u := range map[string]UpstreamStatus{
		"level":               {Connected: true, Level: true, Outcome: Stream.Word()},
		"behind":              {Connected: true, Outcome: UpToDate.Word()},
		"refresh":             {Connected: true, Outcome: Refresh.Word()},
		"connecting":          {},
		"waiting for restore": {Outcome: WaitingForRestore.Word(), Reason: refused, Error: refused},
		"out of reach":        {Outcome: WaitingForRestore.Word(), Reason: refused, Error: "refused", Contact: StateOutOfReach}, // since then
		"other signature":     {Error: "it proved another one", Contact: StateOtherSignature},
		"not connected":       {Outcome: Stream.Word(), Error: "it said something strange"},
	} {
		if got := u.State(); got != want {
			t.Errorf("%+v: %s, want %s", u, got, want)
		}
	}
}

func TestAnErrorTellsWhetherTheOtherSideIsThere(t *testing.T) {
	for want, err := range map[string]error{
		"":                  nil,
		StateOtherSignature: fmt.Errorf("%w: refused", errSignature),
		StateOutOfReach:     fmt.Errorf("connect: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}),
		StateNotConnected:   errors.New("the provider closed the connection"),
	} {
		if got := unreached(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := unreached(context.DeadlineExceeded); got != StateOutOfReach {
		t.Errorf("no answer in time: %q", got)
	}
}

func TestTheStateOfAFollowerIsWhatItLastCameTo(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RolePrimary, Members: []string{"sec1"}}, 'a', 3)
	now := time.Unix(1e9, 0)
	g.followers.clock = func() time.Time { return now }
	g.opts.Clock = g.followers.clock
	want := func(state string) {
		t.Helper()
		s, err := g.Status()
		if err != nil || s.Secondaries[0].State() != state {
			t.Errorf("%v: %s, want %s", err, s.Secondaries[0].State(), state)
		}
	}
	want("not connected")
	g.followers.silent("sec1", StateOutOfReach)
	want("out of reach")
	g.followers.answered("sec1", instead(Status{Role: RoleSecondary, Upstream: &UpstreamStatus{Error: "it has to wait"}}))
	want("not connected")
	g.followers.answered("sec1", instead(Status{Role: RoleSecondary, Upstream: &UpstreamStatus{Connected: true}}))
	want("follows another primary")
	g.followers.answered("sec1", instead(Status{Role: RoleNone}))
	want("has no role")
	g.followers.answered("sec1", instead(Status{Role: RolePrimary}))
	want("is a primary")
	g.followers.silent("sec1", StateOtherSignature)
	want("other signature")

	// It calls, and gets nothing: that counts, also if it cannot be called.
	everything := &schema.Search{Scope: schema.ScopeSub,
		Filter: &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}}}
	other := newModelStore('b', 8).now()
	hello := MemberHello{Host: "sec1", Port: "7012", Version: MemberVersion, Position: other.position, Epochs: other.epochs}
	_, err := g.Sync(t.Context(), &schema.SyncRequest{Mode: schema.SyncRefreshAndPersist, Peer: "192.0.2.1:4000", Member: hello.Encode(), Search: everything},
		quiet{met: make(chan struct{})})
	wantCode(t, err, schema.Busy)
	want("waiting for restore")
	g.followers.silent("sec1", StateOutOfReach)
	want("waiting for restore")
	now = now.Add(watchEvery)
	g.followers.silent("sec1", StateOutOfReach)
	want("out of reach")
	g.followers.come("sec1")()
	want("not connected")
	g.followers.sentAway("sec1", OlderEpoch)
	want("follows another primary")
}
