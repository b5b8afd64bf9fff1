package replica

// What a secondary remembers of the others that follow its primary: when that one
// is gone, who takes its place depends on how far each of them is.

import (
	"context"
	"slices"
	"sync"
	"time"
)

// rosterAge is how old the knowledge may be while the primary is there.
const rosterAge = time.Minute

// roster are the others, as the primary told last.
type roster struct {
	mu      sync.Mutex
	members []string
}

func (r *roster) set(members []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = slices.Clone(members)
}

func (r *roster) get() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// learn asks the primary who follows it whenever the consumer has heard of it and
// the last time was long ago. It ends with ctx.
func (g *Group) learn(ctx context.Context, primary string, c *Consumer, heard <-chan struct{}) {
	var asked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-heard: // heartbeats, too
		}
		if !c.State().Connected || !asked.IsZero() && time.Since(asked) < rosterAge {
			continue
		}
		asked = time.Now()
		if s, err := g.ask(ctx, primary); err == nil {
			g.roster.set(g.others(s))
		}
	}
}

// others are the followers of a primary but this server: one that the primary sees
// where we are is we.
func (g *Group) others(primary Status) (members []string) {
	for _, f := range primary.Secondaries {
		if _, port, ok := hostPort(f.Member); !ok || port != g.opts.Port || !g.mayBe(f.Member) {
			members = append(members, f.Member)
		}
	}
	return members
}
