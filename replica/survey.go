package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// MemberStatus is one member of the group, as it answers to this server.
type MemberStatus struct {
	Member string `json:"member"`          // its name in the group
	Own    bool   `json:"own"`             // it is this server
	Error  string `json:"error,omitempty"` // why it did not answer
	State  string `json:"state,omitempty"` // the same in two words
	Status Status `json:"status"`          // zero if it did not
}

// Survey asks every member that this server knows of: on a secondary, what its
// primary knows, or has told last. The first one is this server.
func (g *Group) Survey(ctx context.Context) ([]MemberStatus, error) {
	own, err := g.Status()
	if err != nil {
		return nil, err
	}
	all := []MemberStatus{{Member: own.Host + ":" + own.Port, Own: true, Status: own}}
	members := own.Members
	if own.Role == RoleSecondary {
		primary := g.askOne(ctx, own.Members[0])
		all = append(all, primary)
		if members = own.Others; primary.Error == "" {
			members = g.others(primary.Status)
			g.roster.set(members)
		}
	}
	answers := make([]MemberStatus, len(members))
	var wait sync.WaitGroup
	turn := make(chan struct{}, askParallel)
	for i, m := range members {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			answers[i] = g.askOne(ctx, m)
		})
	}
	wait.Wait()
	return append(all, answers...), nil
}

func (g *Group) askOne(ctx context.Context, member string) MemberStatus {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := g.ask(ctx, member)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return MemberStatus{Member: member, Error: fmt.Sprintf("does not answer within %s", askTimeout), State: unreached(err)}
	case err != nil:
		return MemberStatus{Member: member, Error: err.Error(), State: unreached(err)}
	}
	return MemberStatus{Member: member, Status: s}
}

// SurveyJSON is the answer to OIDSurvey.
func (g *Group) SurveyJSON(ctx context.Context) ([]byte, error) {
	all, err := g.Survey(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(all)
}
