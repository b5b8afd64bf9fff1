package server

// A Syncer that does what a test says.

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// syncFunc is a Syncer.
type syncFunc func(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error)

func (f syncFunc) Sync(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error) {
	return f(ctx, q, out)
}

// provider serves the content of the store in memory, and in persist mode waits
// for changes that a test makes up.
type provider struct {
	store   *memory
	began   chan *schema.SyncRequest // gets each request
	changes chan func(out schema.SyncReceiver)
	ended   chan error // gets what ended each persistent search
}

func newProvider() *provider {
	return &provider{began: make(chan *schema.SyncRequest, 1000), changes: make(chan func(schema.SyncReceiver)), ended: make(chan error, 1000)}
}

// providerWorld is a server with a provider and three users.
func providerWorld(t testing.TB, change func(o *Options)) (*world, *provider) {
	p := newProvider()
	w := newWorld(t, func(o *Options) {
		o.Syncer = p
		o.Signature = func() string { return signature }
		if change != nil {
			change(o)
		}
	})
	p.store = w.store
	w.users(3)
	return w, p
}

// testUUID makes up the UUID of an entry.
func testUUID(dn string) (id schema.UUID) {
	h := sha256.Sum256([]byte(dn))
	copy(id[:], h[:])
	return id
}

// content gives what a search of the store finds to a SyncReceiver.
type content struct {
	out   schema.SyncReceiver
	watch bool
	next  schema.Next
	sent  int
}

func (c *content) Entry(v *schema.View) schema.Next {
	x := *v
	x.UUID = testUUID(string(v.DN))
	shown := false
	if c.watch {
		c.next, shown = c.out.Change(&x, nil)
	} else {
		c.next, shown = c.out.Entry(&x, schema.SyncAdd, "")
	}
	if shown {
		c.sent++
	}
	return c.next
}

func (c *content) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }

func (p *provider) Sync(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error) {
	select {
	case p.began <- q:
	default: // nobody looks
	}
	if q.Cookie == "stale" {
		return schema.SyncDone{}, schema.Refuse(schema.SyncRefreshRequired, "the cookie is too old")
	}
	if q.Watch == nil || !q.Watch.ChangesOnly {
		c := content{out: out, watch: q.Watch != nil}
		for !q.Search.Resume.Done {
			if err := ctx.Err(); err != nil {
				return schema.SyncDone{}, err
			}
			if err := p.store.Search(q.Search, &c); err != nil {
				return schema.SyncDone{}, err
			}
			if err := out.Flush(); err != nil {
				return schema.SyncDone{}, err
			}
		}
	}
	if !persists(q) {
		return schema.SyncDone{Cookie: "rid=000,csn=now", RefreshDeletes: true}, nil
	}
	if q.Watch == nil {
		v := wire.SyncInfoValue{Choice: wire.SyncInfoRefreshDelete, Cookie: "first", RefreshDone: true}
		out.Intermediate(wire.OIDSyncInfo, v.Append(nil))
	}
	err := p.persist(ctx, out)
	select {
	case p.ended <- err:
	default: // nobody looks
	}
	return schema.SyncDone{}, err
}

func (p *provider) persist(ctx context.Context, out schema.SyncReceiver) error {
	for {
		if err := out.Flush(); err != nil {
			return err
		}
		select {
		case f := <-p.changes:
			f(out)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// view is the entry of the store with this name.
func (w *world) view(dn string) *schema.View {
	w.Helper()
	var out *schema.View
	err := w.store.Target(keyOf(w, dn), []byte(dn), true, func(v *schema.View) error {
		out = v.Clone()
		out.UUID = testUUID(dn)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// syncControl is a critical Sync Request control.
func syncControl(mode schema.SyncMode, cookie string) []byte {
	v := wire.SyncRequestValue{Mode: mode, Cookie: cookie}
	return control1(wire.OIDSyncRequest, true, v.Append(nil))
}

func watchControl(kinds uint8, changesOnly, returnECs bool) []byte {
	return control1(wire.OIDPersistentSearch, true, wire.AppendWatch(nil, schema.Watch{Kinds: kinds, ChangesOnly: changesOnly, ReturnECs: returnECs}))
}

// follow asks for the users, with these controls.
func follow(controls ...[]byte) ask {
	return ask{base: people, scope: schema.ScopeOne, attrs: []string{"sn"}, controls: slices.Concat(controls...)}
}

// stateOf reads the Sync State control of an entry.
func (c *client) stateOf(r *wiretest.Response) (s wire.SyncStateValue) {
	c.Helper()
	k, ok := control(r, wire.OIDSyncState)
	if !ok || k.Critical || s.Decode(k.Value) != nil {
		c.Fatalf("no Sync State: %+v", r)
	}
	return s
}

// wantEntry waits for an entry in the answer to a search.
func (c *client) wantEntry(id int32, dn string) *wiretest.Response {
	c.Helper()
	r := c.want(id, wire.TagSearchResultEntry)
	if r.DN != dn {
		c.Fatalf("got entry %q, want %q", r.DN, dn)
	}
	return r
}

// wantInfo waits for a Sync Info message.
func (c *client) wantInfo(id int32) (v wire.SyncInfoValue) {
	c.Helper()
	r := c.want(id, wire.TagIntermediate)
	if err := v.Decode(r.Value); r.Name != wire.OIDSyncInfo || err != nil {
		c.Fatalf("%+v: %v", r, err)
	}
	return v
}

// persist begins a search that persists, with message ID 50, and reads up to
// where nothing more is to be told.
func (c *client) persist() {
	c.Helper()
	c.send(follow(syncControl(schema.SyncRefreshAndPersist, "")).message(50))
	for i := range 3 {
		c.wantEntry(50, userDN(i))
	}
	if v := c.wantInfo(50); v.Choice != wire.SyncInfoRefreshDelete || !v.RefreshDone {
		c.Fatalf("%+v", v)
	}
}

// wantStopped waits until the provider has seen the end of a search.
func (p *provider) wantStopped(t testing.TB) {
	t.Helper()
	if err := <-p.ended; !errors.Is(err, context.Canceled) && !errors.Is(err, errStopped) {
		t.Errorf("the search ended with %v", err)
	}
}
