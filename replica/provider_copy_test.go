package replica

// A consumer of RFC 4533: a copy of some content that knows entries by UUID and
// believes what it is told.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// hiddenMark is a value by which the tests' consumers may not see an entry.
const hiddenMark = "secret"

type copied struct {
	t      testing.TB
	search *schema.Search
	blind  bool // it may not see entries with hiddenMark
	random *rand.Rand

	entries map[schema.UUID]string
	cookie  string
	present map[schema.UUID]bool
	done    bool // the refresh stage is over
	paused  bool
	story   []string
	strict  *strictTree // nil: order does not matter

	cancel context.CancelFunc
	end    chan error
}

func newCopy(t testing.TB, search *schema.Search, random *rand.Rand) *copied {
	return &copied{t: t, search: search, random: random, entries: map[schema.UUID]string{}}
}

func viewText(v *schema.View) string {
	var b strings.Builder
	b.Write(v.DN)
	for _, list := range [...][]byte{v.User, v.Operational} {
		for a, rest, ok := schema.NextAttribute(list); ok; a, rest, ok = schema.NextAttribute(rest) {
			for value, more, ok := schema.NextValue(a.Values); ok; value, more, ok = schema.NextValue(more) {
				fmt.Fprintf(&b, " %s=%s", a.Desc, value)
			}
		}
	}
	return b.String()
}

func (c *copied) note(format string, args ...any) {
	if c.paused {
		c.t.Errorf("something was sent although a flush was asked for: "+format, args...)
	}
	c.story = append(c.story, fmt.Sprintf(format, args...))
}

func (c *copied) Entry(v *schema.View, state schema.SyncState, cookie string) (schema.Next, bool) {
	if c.blind && strings.Contains(viewText(v), hiddenMark) {
		return schema.Continue, false
	}
	c.note("entry %x state %d %s", v.UUID[:2], state, viewText(v))
	if cookie != "" {
		c.t.Error("a cookie before the end")
	}
	if state == schema.SyncModify && !c.blind && c.entries[v.UUID] == "" {
		c.t.Errorf("%s is modified and was not there", v.DN)
	}
	if c.strict != nil {
		c.strict.put(v)
	}
	c.entries[v.UUID] = viewText(v)
	c.present[v.UUID] = true
	c.paused = c.random != nil && c.random.IntN(3) == 0
	if c.paused {
		return schema.Pause, true
	}
	return schema.Continue, true
}

func (c *copied) Gone(dn string, id schema.UUID, _ string) {
	c.note("gone %x %s", id[:2], dn)
	if !c.done {
		c.t.Error("an entry of the state delete in the refresh stage")
	}
	// One that is blind and came with a cookie may be told of what it never saw.
	if c.entries[id] == "" && !c.blind {
		c.t.Errorf("%s is gone and was not there", dn)
	}
	c.drop(id)
}

func (c *copied) drop(id schema.UUID) {
	if c.strict != nil {
		c.strict.drop(id)
	}
	delete(c.entries, id)
}

func (c *copied) Change(*schema.View, *schema.ChangeRecord) (schema.Next, bool) {
	c.t.Error("a notification of a persistent search")
	return schema.Continue, false
}

func (c *copied) Intermediate(oid string, value []byte) {
	var info wire.SyncInfoValue
	if err := info.Decode(value); oid != wire.OIDSyncInfo || err != nil {
		c.t.Errorf("%s: %v", oid, err)
		return
	}
	c.note("info %x cookie %q deletes %v %x", info.Choice, info.Cookie, info.RefreshDeletes, info.UUIDs)
	switch info.Choice {
	case wire.SyncInfoIDSet:
		if !info.RefreshDeletes || c.done {
			c.t.Errorf("an unexpected set: %+v", info)
		}
		for i := len(info.UUIDs) - 1; i >= 0; i-- {
			c.drop(info.UUIDs[i])
		}
		return
	case wire.SyncInfoNewCookie:
		if !c.done {
			c.t.Error("a new cookie in the refresh stage")
		}
	default:
		c.refreshed(info.Choice == wire.SyncInfoRefreshDelete)
	}
	c.cookie = info.Cookie
}

// refreshed is the end of the refresh stage.
func (c *copied) refreshed(deletes bool) {
	c.done = true
	for id := range c.entries {
		if !deletes && !c.present[id] {
			c.drop(id)
		}
	}
}

func (c *copied) Flush() error {
	c.paused = false
	return nil
}

func (c *copied) request(mode schema.SyncMode) *schema.SyncRequest {
	c.done, c.present, c.paused = false, map[schema.UUID]bool{}, false
	q := *c.search
	q.Resume = schema.Resume{}
	return &schema.SyncRequest{Search: &q, Mode: mode, Cookie: c.cookie}
}

// poll is a refresh without more. A cookie that is too old is thrown away.
func (c *copied) poll(p *Provider) {
	for {
		done, err := p.Sync(context.Background(), c.request(schema.SyncRefreshOnly), c)
		var r *schema.Result
		switch {
		case err == nil:
			c.refreshed(done.RefreshDeletes)
			c.cookie = done.Cookie
			return
		case errors.As(err, &r) && r.Code == schema.NoSuchObject && c.cookie == "":
			clear(c.entries)
			return
		case errors.As(err, &r) && r.Code == schema.SyncRefreshRequired && c.cookie != "":
			c.cookie = ""
		default:
			c.t.Fatal(err)
		}
	}
}

// begin starts to follow; in a synctest bubble.
func (c *copied) begin(p *Provider) {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel, c.end = cancel, make(chan error, 1)
	q := c.request(schema.SyncRefreshAndPersist)
	go func() {
		_, err := p.Sync(ctx, q, c)
		c.end <- err
	}()
	synctest.Wait()
}

// over tells whether the session has ended, and why.
func (c *copied) over() (error, bool) {
	select {
	case err := <-c.end:
		c.cancel()
		c.cancel = nil
		return err, true
	default:
		return nil, false
	}
}

// stop ends the session.
func (c *copied) stop() {
	if c.cancel != nil {
		c.cancel()
		if err := <-c.end; err == nil {
			c.t.Error("a session ended without a reason")
		}
		c.cancel = nil
	}
}

// check compares the copy with a search of now.
func (c *copied) check(w *memSource, what string) {
	c.t.Helper()
	want := map[schema.UUID]string{}
	for _, e := range w.now.entries {
		v := w.now.view(e)
		if schema.KeyInScope(v.Key, c.search.Base, c.search.Scope) && c.search.Filter.Match(w.schema, v) == schema.True &&
			!(c.blind && strings.Contains(viewText(v), hiddenMark)) {
			want[e.id] = viewText(v)
		}
	}
	if !maps.Equal(want, c.entries) {
		c.t.Fatalf("%s: the copy has\n%s\nand the store\n%s\nwhat was sent:\n%s", what,
			strings.Join(slices.Sorted(maps.Values(c.entries)), "\n"), strings.Join(slices.Sorted(maps.Values(want)), "\n"), strings.Join(c.story, "\n"))
	}
}
