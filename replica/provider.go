package replica

// The provider: what a server does for those that want to be kept up to date.
// One Sync is one session; provider_member.go, provider_consumer.go and
// provider_watch.go are the three kinds of them.

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// ProviderOptions say what a Provider serves. Source, Schema and Suffix must be
// set.
type ProviderOptions struct {
	Source Source
	Schema *schema.Schema
	Suffix string // what members replicate

	// Admit tells why a member is not served (NotListed, NotProvider); 0 is
	// that it is. peer is the address that it calls from. nil serves every
	// member. It may block.
	Admit func(m MemberHello, peer string) Outcome
	// Following tells whether this server is itself a secondary, Fresh whether it
	// has nothing but what its set-up wrote; nil is no.
	Following, Fresh func() bool

	Log *slog.Logger

	// What is more than MaxChanges changes (100,000), or for a member MaxBytes
	// of records (64 MiB), is not sent as changes but as the whole state.
	MaxChanges uint64
	MaxBytes   int
	// MaxHold (10 minutes) bounds how long one state is held for somebody who is
	// no member: meanwhile the file grows with each commit, and anybody may ask.
	MaxHold time.Duration
}

const (
	defaultMaxChanges = 100_000
	defaultMaxBytes   = 64 << 20
	defaultMaxHold    = 10 * time.Minute
	// sliceSize is how many candidates a search looks at before what it found
	// is sent.
	sliceSize = 5_000
	// idSetSize bounds the UUIDs in one message.
	idSetSize = 1_000
	// owedSize is how many bytes of other things than entries are sent at once.
	owedSize = 256 << 10
)

// Provider feeds members, consumers of RFC 4533 and persistent searches.
type Provider struct {
	o         ProviderOptions
	suffixKey []byte
}

// NewProvider makes a Provider. The error is that of a suffix that is no name.
func NewProvider(o ProviderOptions) (*Provider, error) {
	key, err := o.Schema.AppendDNKey(nil, []byte(o.Suffix))
	if err != nil {
		return nil, fmt.Errorf("suffix of the provider: %w", err)
	}
	if o.Admit == nil {
		o.Admit = func(MemberHello, string) Outcome { return 0 }
	}
	no := func() bool { return false }
	if o.Following == nil {
		o.Following = no
	}
	if o.Fresh == nil {
		o.Fresh = no
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxChanges == 0 {
		o.MaxChanges = defaultMaxChanges
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxHold <= 0 {
		o.MaxHold = defaultMaxHold
	}
	return &Provider{o: o, suffixKey: key}, nil
}

// Sync serves one session and returns when it ends: a refresh when everything
// was sent, any other with ctx, with the client or with an error. A
// *schema.Result among the errors is for the client. Busy, to a consumer of RFC
// 4533 e-syncRefreshRequired, tells it to come back: this session cannot go on,
// the next one can.
func (p *Provider) Sync(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error) {
	f := &feed{p: p, q: q, out: out, whole: p.whole(q.Search), again: schema.Busy, wake: make(chan struct{}, 1)}
	// Before the first state is held, so that no commit is missed.
	defer p.o.Source.Subscribe(f.wake)()
	switch {
	case q.Member != nil:
		return schema.SyncDone{}, f.serveMember(ctx)
	case q.Watch != nil:
		return schema.SyncDone{}, f.serveWatch(ctx)
	}
	return f.serveConsumer(ctx)
}

// whole tells that a search is for everything that there is.
func (p *Provider) whole(q *schema.Search) bool {
	if q.Scope != schema.ScopeSub || (len(q.Base) > 0 && !bytes.Equal(q.Base, p.suffixKey)) || len(q.Filter.Nodes) != 1 {
		return false
	}
	n := &q.Filter.Nodes[0]
	return n.Kind == schema.FilterPresent && strings.EqualFold(string(n.Attr), "objectClass")
}

// feed is one session.
type feed struct {
	p    *Provider
	q    *schema.SyncRequest
	out  schema.SyncReceiver
	wake chan struct{}

	again schema.ResultCode // by which a session ends that cannot go on, while the next one can
	whole bool              // the search is for everything
	sent  schema.Position   // everything up to it was sent
	next  schema.Next       // what the receiver wanted last
	owed  int               // bytes, about, of what is not sent yet and is no entry
	buf   []byte
}

// comeBack ends a session that cannot go on.
func (f *feed) comeBack(reason string) error { return schema.Refuse(f.again, reason) }

// hurry is ctx for what is told while a state is held for somebody who is no
// member: it ends after MaxHold, with comeBack as its cause.
func (f *feed) hurry(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.p.o.MaxHold,
		f.comeBack(fmt.Sprintf("what there is was not taken within %s", f.p.o.MaxHold)))
}

// changed waits until there is a state behind f.sent, and holds it. beat is
// called once a second meanwhile; nil is never. The error of a state that does
// not go on from f.sent is comeBack.
func (f *feed) changed(ctx context.Context, beat func() error) (State, error) {
	var tick <-chan time.Time
	if beat != nil {
		t := time.NewTicker(HeartbeatInterval)
		defer t.Stop()
		tick = t.C
	}
	for {
		st, err := f.p.o.Source.Hold()
		if err != nil {
			return nil, err
		}
		if st.Position() != f.sent {
			if err := f.continues(st); err != nil {
				st.Release()
				return nil, err
			}
			return st, nil
		}
		st.Release()
		for woken := false; !woken; {
			select {
			case <-f.wake:
				woken = true
			case <-tick:
				if err := beat(); err != nil {
					return nil, err
				}
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
	}
}

// continues tells whether the changes from f.sent to st can be had.
func (f *feed) continues(st State) error {
	now := st.Position()
	hash, ok := st.HashAt(f.sent.Seq)
	switch {
	case now.Epoch != f.sent.Epoch:
		return f.comeBack("the data is of another epoch now: connect again")
	case now.Seq <= f.sent.Seq || (ok && hash != f.sent.Hash):
		return f.comeBack("the data was replaced: connect again")
	case f.sent.Seq+1 < st.Oldest():
		return f.comeBack("the changelog was trimmed beyond this session: connect again")
	}
	return nil
}

// search hands every entry that s finds in st to each, and sends what each left
// for the receiver after every slice.
func (f *feed) search(ctx context.Context, st State, s *schema.Search, each func(v *schema.View)) error {
	s.Examine = sliceSize
	r := visitor{f, each}
	for !s.Resume.Done {
		if err := st.Search(s, r); err != nil {
			return err
		}
		if err := f.yield(ctx, true); err != nil {
			return err
		}
	}
	return nil
}

// visitor takes the entries of a search.
type visitor struct {
	f    *feed
	each func(v *schema.View)
}

// Entry implements schema.Receiver.
func (r visitor) Entry(v *schema.View) schema.Next {
	r.each(v)
	return r.f.next
}

// Reference implements schema.Receiver. Referral entries are told as entries:
// our searches have manageDsaIT.
func (r visitor) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }

// show sends an entry. What the receiver wants next is for yield.
func (f *feed) show(v *schema.View, state schema.SyncState) (shown bool) {
	next, shown := f.out.Entry(v, state, "")
	f.next = max(f.next, next)
	return shown
}

// told notes that the receiver was given n bytes of something else than an entry.
func (f *feed) told(n int) { f.owed += n }

// yield sends what the receiver has if that asked for it or much has come
// together; now sends it in any case. The error is also that of ctx.
func (f *feed) yield(ctx context.Context, now bool) error {
	next := f.next
	f.next = schema.Continue
	if next != schema.Continue || f.owed >= owedSize || now {
		f.owed = 0
		if err := f.out.Flush(); err != nil {
			return err
		}
	}
	switch {
	case next == schema.Stop:
		return schema.Refuse(schema.SizeLimitExceeded, "")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}

// content is the search for what a session is about. Referrals and aliases are
// entries like others.
func (f *feed) content() *schema.Search {
	q := *f.q.Search
	if f.whole {
		q.Base = f.p.suffixKey
	}
	return &schema.Search{Base: q.Base, BaseDN: q.BaseDN, Scope: q.Scope, Filter: q.Filter, ManageDsaIT: true}
}
