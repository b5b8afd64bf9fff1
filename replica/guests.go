package replica

// The members that follow this server at the moment: when its role changes,
// those are sent away whom the new one has no place for. They would be told so
// if they called now, and must not take the silence of a server that leads
// nobody any more for a primary without changes.

import (
	"context"
	"sync"

	"github.com/sunray-ds/utdsd/schema"
)

// guest is a member while it follows.
type guest struct {
	hello MemberHello
	peer  string
	leave context.CancelCauseFunc
}

// guests are all of them. The zero value has none.
type guests struct {
	mu   sync.Mutex
	here map[*guest]struct{}
}

// errMoved ends the search of a member that is sent away.
var errMoved = schema.Refuse(schema.Unavailable, "the role of this server was changed: call again")

// come notes a member, which follows until gone is called. Its search is to
// end with the context that is returned.
func (g *guests) come(ctx context.Context, hello MemberHello, peer string) (_ context.Context, gone func()) {
	ctx, leave := context.WithCancelCause(ctx)
	one := &guest{hello: hello, peer: peer, leave: leave}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.here == nil {
		g.here = make(map[*guest]struct{})
	}
	g.here[one] = struct{}{}
	return ctx, func() {
		leave(nil)
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.here, one)
	}
}

// dismiss sends away those that may not stay.
func (g *guests) dismiss(stays func(hello MemberHello, peer string) bool) {
	g.mu.Lock()
	var all []*guest
	for one := range g.here {
		all = append(all, one)
	}
	g.mu.Unlock()
	for _, one := range all { // stays has locks of its own
		if !stays(one.hello, one.peer) {
			one.leave(errMoved)
		}
	}
}
