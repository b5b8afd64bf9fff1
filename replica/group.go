package replica

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// Store is what a group needs of the store beside Source and Applier.
type Store interface {
	Source
	Applier
	Epochs() []schema.Epoch
	Following() bool
	// Promote begins an epoch of this server's own if its data is a copy of
	// another server's. What was level with that server stays so.
	Promote(ctx context.Context) error
	// Confirmed tells up to which change every configured secondary has
	// everything.
	Confirmed(seq uint64)
}

// GroupOptions are what a Group is made of. Store, Self and Signature are
// needed.
type GroupOptions struct {
	Store Store
	// Host and Port are where this server takes plain LDAP, as it calls itself.
	Host, Port string
	Listen     []string // where it does so, see Self; nil is every address, with Port
	Version    string
	Schema     *schema.Schema
	Suffix     string
	Folder     string        // for changes that a diverged store loses
	Signature  func() string // of the group; "" if there is none
	TLS        *tls.Config   // StartTLS towards providers; nil: clear text
	// Foreign is how to log in to a primary of another make, whose URL follows
	// from the role; nil: it is one of ours.
	Foreign  *ForeignProvider
	SaveRole func(Role) error
	Log      *slog.Logger
	Clock    func() time.Time
	Resolve  func(ctx context.Context, host string) ([]string, error)
}

// Group is this server's part in its failover group: its role, the provider for
// those that follow it, and the consumer of the server that it follows. All
// methods may be called by any goroutine at any time.
type Group struct {
	opts      GroupOptions
	provider  *Provider
	followers *followers
	fence     fence
	guests    guests
	roster    roster
	referral  atomic.Pointer[string]

	changing sync.Mutex // held while the role changes; taken before the others
	saving   sync.Mutex // held while the role is written; taken before mu
	mu       sync.Mutex
	role     Role
	running  *pursuit
	runs     context.Context // of Start; nil before
}

// pursuit is what runs for one role: a secondary's consumer, or a primary's
// watch over its members.
type pursuit struct {
	consumer *Consumer // nil on a primary
	cancel   context.CancelFunc
	done     chan struct{}
}

// NewGroup makes the part of a server with the given role. Nothing runs until
// Start.
func NewGroup(role Role, o GroupOptions) (*Group, error) {
	if err := role.Check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Resolve == nil {
		o.Resolve = net.DefaultResolver.LookupHost
	}
	if o.Listen == nil {
		o.Listen = []string{net.JoinHostPort("", o.Port)}
	}
	g := &Group{opts: o, role: role, followers: newFollowers(o.Resolve, o.Clock)}
	var err error
	g.provider, err = NewProvider(ProviderOptions{Source: o.Store, Schema: o.Schema, Suffix: o.Suffix, Admit: g.admit,
		Following: o.Store.Following, Fresh: o.Store.Fresh, Log: o.Log})
	if err != nil {
		return nil, err
	}
	g.take(role)
	return g, nil
}

// Start begins to play the part; it ends with ctx. Stop waits for the end.
func (g *Group) Start(ctx context.Context) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	g.mu.Lock()
	g.runs = ctx
	role := g.role
	g.mu.Unlock()
	return g.begin(role)
}

// Stop ends what Start began and waits for it.
func (g *Group) Stop() {
	g.changing.Lock()
	defer g.changing.Unlock()
	g.end()
}

// begin starts what the role needs; changing is held.
func (g *Group) begin(role Role) error {
	g.mu.Lock()
	ctx := g.runs
	g.mu.Unlock()
	g.take(role)
	g.guests.dismiss(func(hello MemberHello, peer string) bool { return g.admit(hello, peer) == 0 })
	if role.Kind == RolePrimary {
		if err := g.opts.Store.Promote(ctx); err != nil {
			return fmt.Errorf("begin an epoch of this primary: %w", err)
		}
	}
	g.tellSlowest()
	var run func(context.Context)
	p := &pursuit{done: make(chan struct{})}
	switch role.Kind {
	case RolePrimary:
		run = func(ctx context.Context) { g.watch(ctx, role.Members) }
	case RoleSecondary:
		heard := make(chan struct{}, 1)
		consumer, err := g.newConsumer(role, heard)
		if err != nil {
			return err
		}
		p.consumer = consumer
		run = func(ctx context.Context) { g.follow(ctx, role.Members[0], consumer, heard) }
	default:
		return nil
	}
	ctx, p.cancel = context.WithCancel(ctx)
	g.mu.Lock()
	g.running = p
	g.mu.Unlock()
	go func() {
		defer close(p.done)
		run(ctx)
	}()
	return nil
}

// follow runs a secondary's consumer, and learns who else follows the primary.
func (g *Group) follow(ctx context.Context, primary string, c *Consumer, heard <-chan struct{}) {
	var learning sync.WaitGroup
	if g.opts.Foreign == nil {
		learning.Go(func() { g.learn(ctx, primary, c, heard) })
	}
	if err := c.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		g.opts.Log.Error("replication from the primary has ended", "primary", primary, "error", err)
	}
	learning.Wait()
}

// take makes the role what others are answered by.
func (g *Group) take(role Role) {
	g.referTo(role)
	g.roster.set(nil)
	var members []string
	if role.Kind == RolePrimary {
		members = role.Members
	}
	g.followers.configure(members)
	g.fence.reset(role.Kind == RolePrimary)
}

// end stops what runs for the role; changing is held.
func (g *Group) end() {
	g.mu.Lock()
	p := g.running
	g.running = nil
	g.mu.Unlock()
	if p != nil {
		p.cancel()
		<-p.done
	}
}

func (g *Group) newConsumer(role Role, heard chan<- struct{}) (*Consumer, error) {
	address, err := Address(role.Members[0])
	if err != nil {
		return nil, err
	}
	o := ConsumerOptions{
		Provider: func() string { return address },
		Host:     g.opts.Host, Port: g.opts.Port, Suffix: g.opts.Suffix, LostDir: g.opts.Folder,
		Signature: g.opts.Signature, TLS: g.opts.TLS, Applier: g.opts.Store,
		Adopt: role.Adopt, AdoptDone: func() { g.adopted(role) }, Log: g.opts.Log, Notify: heard,
	}
	if g.opts.Foreign == nil {
		return NewConsumer(o), nil
	}
	foreign := *g.opts.Foreign
	foreign.URL = "ldap://" + address
	return NewForeignConsumer(o, foreign)
}

// adopted forgets an administrator's word that has been obeyed.
func (g *Group) adopted(role Role) {
	g.saving.Lock()
	defer g.saving.Unlock()
	g.mu.Lock()
	if !g.role.Adopt || !g.role.Equal(role) {
		g.mu.Unlock()
		return
	}
	g.role.Adopt = false
	role = g.role
	g.mu.Unlock()
	if err := g.opts.SaveRole(role); err != nil {
		g.opts.Log.Error("the role could not be written: this secondary would adopt its primary's data again after a restart", "error", err)
	}
}

// keep writes a role down and makes it the present one.
func (g *Group) keep(role Role) (started bool, err error) {
	g.saving.Lock()
	defer g.saving.Unlock()
	if err := g.opts.SaveRole(role); err != nil {
		return false, fmt.Errorf("write the role: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.role = role
	return g.runs != nil, nil
}

// referTo makes writes go where the role sends them.
func (g *Group) referTo(role Role) {
	url := role.ReferralURL()
	g.referral.Store(&url)
}

// ReferralURL is where writes are to go: "" if this server takes them.
func (g *Group) ReferralURL() string { return *g.referral.Load() }

// Role is the present one.
func (g *Group) Role() Role {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.role
}

// SetRole changes the role, once it is written down. Reads go on all the time. A
// server that is to become a secondary asks its primary first; the error is a
// sentence for the administrator, and nothing was changed then.
func (g *Group) SetRole(ctx context.Context, next Role) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	old := g.Role()
	if err := MayBecome(old, next); err != nil {
		return err
	}
	if err := (&Self{Host: g.opts.Host, Listen: g.opts.Listen, Resolve: g.opts.Resolve}).MayHave(ctx, next); err != nil {
		return err
	}
	if next.Kind == RoleSecondary && g.opts.Foreign == nil {
		if err := g.probe(ctx, next.Members[0]); err != nil {
			return fmt.Errorf("nothing was changed: %w", err)
		}
	}
	started, err := g.keep(next)
	if err != nil {
		return err
	}
	g.opts.Log.Info("the role of this server is changed", "from", string(old.Kind), "to", string(next.Kind), "members", next.Members)
	if !started {
		return nil
	}
	// Before a secondary becomes something else its consumer has ended, so that
	// no batch comes behind the first write of its own.
	if next.Kind != RoleNone {
		g.referTo(next)
	}
	g.end()
	return g.begin(next)
}

// Sync answers a search for content that is to be kept up to date; it fits
// the server's Syncer.
func (g *Group) Sync(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error) {
	if q.Member != nil {
		hello, err := DecodeHello(q.Member)
		if err != nil {
			return schema.SyncDone{}, schema.Refuse(schema.ProtocolError, "the control of a group member is malformed")
		}
		name, _ := g.followers.identify(hello.Host, hello.Port, q.Peer)
		gone := g.followers.come(name)
		defer gone()
		var left func()
		ctx, left = g.guests.come(ctx, hello, q.Peer)
		defer left()
		sync, err := g.provider.Sync(ctx, q, out)
		if r := (*sentAway)(nil); errors.As(err, &r) {
			g.followers.sentAway(name, r.outcome)
		}
		return sync, err
	}
	return g.provider.Sync(ctx, q, out)
}

// admit decides who may follow this server at all. 0 is anybody.
func (g *Group) admit(hello MemberHello, peer string) Outcome {
	switch g.Role().Kind {
	case RolePrimary:
		if _, listed := g.followers.identify(hello.Host, hello.Port, peer); !listed {
			return NotListed
		}
		if g.fence.closed() != "" {
			return NotProvider
		}
	case RoleNone:
		return NotProvider
	}
	return 0
}

// Confirm notes what a member has; peer is where it calls from.
func (g *Group) Confirm(value []byte, peer string) error {
	c, err := DecodeConfirmation(value)
	if err != nil {
		return schema.Refuse(schema.ProtocolError, "the confirmation is malformed")
	}
	name, _ := g.followers.identify(c.Host, c.Port, peer)
	g.followers.confirm(name, c.Position)
	g.tellSlowest()
	return nil
}

// tellSlowest lets the store trim what everybody has.
func (g *Group) tellSlowest() {
	g.opts.Store.Confirmed(g.followers.slowest(g.opts.Store.Epochs()))
}

// SetRoleJSON is SetRole with the value of OIDSetRole.
func (g *Group) SetRoleJSON(ctx context.Context, value []byte) error {
	var role Role
	if err := json.Unmarshal(value, &role); err != nil {
		return schema.Refuse(schema.ProtocolError, "the role is malformed")
	}
	if err := g.SetRole(ctx, role); err != nil {
		return schema.Refuse(schema.UnwillingToPerform, err.Error())
	}
	return nil
}
