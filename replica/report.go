package replica

import (
	"encoding/json"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// Status tells how this server and its part of the group are doing.
func (g *Group) Status() (Status, error) {
	role := g.Role()
	s := Status{Host: g.opts.Host, Port: g.opts.Port, Version: g.opts.Version,
		Role: role.Kind, Members: role.Members, Others: g.roster.get(), Fenced: g.fence.status()}
	state, err := g.opts.Store.Hold()
	if err != nil {
		return s, err
	}
	defer state.Release()
	now := state.Position()
	s.Position, s.Epochs, s.Entries = now.String(), state.Epochs(), state.Entries()
	s.FirstChange, s.LastChange = state.Oldest(), now.Seq
	if n := len(s.Epochs); n > 0 {
		s.EpochKind = s.Epochs[n-1].Kind
	}
	g.mu.Lock()
	p := g.running
	g.mu.Unlock()
	if p != nil && p.consumer != nil {
		s.Upstream = upstream(role.Members[0], p.consumer.State())
	}
	s.Secondaries = g.secondaries(state, now)
	return s, nil
}

// secondaries tells how far the followers are.
func (g *Group) secondaries(state State, now schema.Position) (list []SecondaryStatus) {
	names, all := g.followers.list()
	for _, name := range names {
		f := all[name]
		one := SecondaryStatus{Member: name, Connected: f.sessions > 0, LastHeard: f.heard}
		if !one.Connected {
			one.Contact = f.contact()
		}
		if one.Connected {
			one.LastHeard = g.opts.Clock()
		}
		at := f.confirmed
		if at.Epoch != "" {
			one.Position = at.String()
		}
		if at.Seq < now.Seq {
			one.LagChanges = now.Seq - at.Seq
			one.LagSeconds = g.opts.Clock().Sub(g.firstMissing(state, at.Seq)).Seconds()
		}
		list = append(list, one)
	}
	return list
}

// firstMissing is the time of the first change after seq that the log still has.
func (g *Group) firstMissing(state State, seq uint64) (at time.Time) {
	at = g.opts.Clock()
	// Without a record there is no time to tell, and the number of changes says
	// enough.
	_ = state.Changes(max(seq+1, state.Oldest()), func(rec schema.ChangeRecord) bool {
		at = rec.Time
		return false
	})
	return at
}

// StatusJSON is the answer to OIDStatus.
func (g *Group) StatusJSON() ([]byte, error) {
	s, err := g.Status()
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// upstream is the consumer's state as it is told.
func upstream(member string, c ConsumerState) *UpstreamStatus {
	u := &UpstreamStatus{Address: member, Connected: c.Connected, Outcome: c.Outcome.Word(), Reason: c.Reason,
		Level: c.Level, LagChanges: c.LagChanges, LagSeconds: c.Lag.Seconds(), LastHeard: c.LastHeard,
		Error: c.Error, Contact: c.Contact, Received: c.Received, Expected: c.Expected, Refreshes: c.Refreshes,
		LostFile: c.LostFile, LostChanges: c.LostChanges}
	if c.Provider.Epoch != "" {
		u.Position = c.Provider.String()
	}
	return u
}
