package replica

// The fence: a primary that was away may have been replaced. Before it takes
// its first write, and from time to time after, it asks its secondaries; one
// that has gone on in a later epoch closes it.

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	watchEvery  = 10 * time.Second
	askTimeout  = 2 * time.Second // for one member to answer, and so for the first write of a primary to wait
	askParallel = 8               // members asked at once
)

// fence tells whether this server may take writes as a primary.
type fence struct {
	comparing sync.Mutex // one answer at a time closes it; taken before mu

	mu      sync.Mutex
	reason  string        // not empty: it may not
	kept    string        // where the changes are that the group never had; not for clients
	checked chan struct{} // closed when the members have been asked once
}

// reset begins anew with a role; only a primary asks.
func (f *fence) reset(asks bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reason, f.kept = "", ""
	f.checked = make(chan struct{})
	if !asks {
		close(f.checked)
	}
}

// pass lets writes through that wait for the first round.
func (f *fence) pass() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.checked:
	default:
		close(f.checked)
	}
}

func (f *fence) close(reason, kept string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reason, f.kept = reason, kept
}

// status is the reason with all that an administrator should know.
func (f *fence) status() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == "" {
		return f.reason
	}
	return f.reason + "; its changes that the group never had are in " + f.kept
}

func (f *fence) closed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reason
}

// Fence is asked before each write that this server would take. It is nil if it
// may; it waits for the first round of questions after a start, which takes
// 2 s at most.
func (g *Group) Fence() *schema.Result {
	g.fence.mu.Lock()
	checked := g.fence.checked
	g.fence.mu.Unlock()
	select {
	case <-checked:
	default:
		select {
		case <-checked:
		case <-time.After(2 * askTimeout):
		}
	}
	if reason := g.fence.closed(); reason != "" {
		return schema.Refuse(schema.UnwillingToPerform, reason)
	}
	return nil
}

// watch asks the members again and again until ctx ends.
func (g *Group) watch(ctx context.Context, members []string) {
	defer g.fence.pass()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		g.askAll(ctx, members)
		g.fence.pass()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// askAll asks every member once.
func (g *Group) askAll(ctx context.Context, members []string) {
	var all sync.WaitGroup
	turn := make(chan struct{}, askParallel)
	for _, m := range members {
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			s, err := g.ask(ctx, m)
			if err != nil { // a member that is away tells nothing
				g.opts.Log.Debug("a member did not answer", "member", m, "error", err)
				g.followers.silent(m, unreached(err))
				return
			}
			g.followers.answered(m, instead(s))
			g.compare(m, s)
		})
	}
	all.Wait()
}

// compare closes the fence if the member has gone on in a later epoch than
// this server's: as its primary, or level with one. A secondary on which
// somebody has loaded a dump is neither.
func (g *Group) compare(member string, s Status) {
	g.fence.comparing.Lock()
	defer g.fence.comparing.Unlock()
	follows := s.Role == RoleSecondary && s.Upstream != nil && s.Upstream.Level
	if s.Role != RolePrimary && !follows || g.fence.closed() != "" {
		return
	}
	held, err := g.opts.Store.Hold()
	if err != nil {
		return // the store is being closed
	}
	defer held.Release()
	if !leftBehind(held.Epochs(), s.Epochs) {
		return
	}
	primary := member
	if follows {
		primary = s.Upstream.Address
	}
	reason := fmt.Sprintf("this server is behind another epoch: the group has gone on with %s as its primary; type utreplica -u and utreplica -s %s here", primary, primary)
	g.opts.Log.Error("this primary was replaced while it was away and takes no more writes", "primary", primary)
	g.fence.close(reason, g.keepLost(held, s))
}

// keepLost saves the changes that the group never had and gives the name of the
// file, "" if there is none.
func (g *Group) keepLost(held State, s Status) string {
	at, err := schema.ParsePosition(s.Position)
	if err != nil {
		return ""
	}
	l := findLost(held, &Meeting{Position: at, Epochs: s.Epochs})
	if l.none {
		return ""
	}
	name, err := l.save(g.opts.Folder, held)
	if err != nil {
		g.opts.Log.Error("the changes that the group never had could not be saved; they are in the store still", "from", l.from, "error", err)
		return ""
	}
	g.opts.Log.Warn("changes that the group never had are saved", "file", name, "from", l.from, "to", l.mine.Seq)
	return name
}

// leftBehind tells whether theirs has gone on from the epoch in which own ends.
func leftBehind(own, theirs []schema.Epoch) bool {
	if len(own) == 0 || len(theirs) == 0 || theirs[len(theirs)-1].ID == own[len(own)-1].ID {
		return false
	}
	return slices.ContainsFunc(theirs, func(e schema.Epoch) bool {
		from, err := schema.ParsePosition(e.From)
		return err == nil && from.Epoch == own[len(own)-1].ID
	})
}
