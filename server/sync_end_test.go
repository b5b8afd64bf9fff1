package server

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestPersistentSearchEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, c *client){
		"by Cancel": func(w *world, c *client) {
			c.send(message(51, cancelRequest(50)))
			r := c.wantResult(50, wire.TagSearchResultDone, schema.Canceled)
			if _, ok := control(r, wire.OIDSyncDone); ok {
				t.Errorf("a canceled search has a cookie: %+v", r)
			}
			c.wantResult(51, wire.TagExtendedResponse, schema.Success)
			c.search(ask{base: suffix}).wantCode(c, schema.Success)
		},
		"by Abandon": func(w *world, c *client) {
			c.send(message(51, abandonRequest(50)))
			c.search(ask{base: suffix}).wantCode(c, schema.Success)
		},
		"with the connection": func(w *world, c *client) { c.nc.Close() },
		"by unbind":           func(w *world, c *client) { c.send(message(51, wiretest.Op(wire.UnbindRequest{}))) },
		"by a bind": func(w *world, c *client) {
			c.send(message(51, bindRequest(3, adminDN, adminSecret)))
			c.wantResult(50, wire.TagSearchResultDone, schema.UnwillingToPerform)
			c.wantResult(51, wire.TagBindResponse, schema.Success)
		},
		"by a bind that is malformed": func(w *world, c *client) {
			c.send(message(51, []byte{wire.TagBindRequest, 0}))
			c.wantResult(50, wire.TagSearchResultDone, schema.UnwillingToPerform)
			c.wantResult(51, wire.TagBindResponse, schema.ProtocolError)
		},
		"by the shutdown": func(w *world, c *client) {
			done := w.shutdown(10 * time.Second)
			c.wantResult(50, wire.TagSearchResultDone, schema.Unavailable)
			c.wantNotice(schema.Unavailable)
			if err := <-done; err != nil {
				t.Error(err)
			}
		},
		"by other data": func(w *world, c *client) {
			done := make(chan error, 1)
			go func() { done <- w.Recycle(context.Background()) }()
			c.wantResult(50, wire.TagSearchResultDone, schema.Unavailable)
			c.wantNotice(schema.Unavailable)
			if err := <-done; err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := providerWorld(t, nil)
			c := w.admin()
			c.persist()
			if n := number(w.metrics.syncs); n != 1 {
				t.Errorf("%d searches for synchronization", n)
			}
			end(w, c)
			p.wantStopped(t)
		})
	}
}

func TestBindRightBehindAPersistentSearch(t *testing.T) {
	w, _ := providerWorld(t, nil)
	c := w.dial()
	c.send(follow(syncControl(schema.SyncRefreshAndPersist, "")).message(50), message(51, bindRequest(3, adminDN, adminSecret)), message(52, extended(oidWhoAmI, nil)))
	for {
		r, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != 50 {
			t.Fatalf("%+v before the end of the search", r)
		}
		if r.Op == wire.TagSearchResultDone {
			break
		}
	}
	c.wantResult(51, wire.TagBindResponse, schema.Success)
	if r := c.wantResult(52, wire.TagExtendedResponse, schema.Success); string(r.Value) != "dn:"+adminDN {
		t.Errorf("%q", r.Value)
	}
}

func TestStartTLSWhileASearchPersists(t *testing.T) {
	server, client := certificate(t)
	w, _ := providerWorld(t, func(o *Options) { o.TLS = server })
	c := w.dial()
	c.persist()
	c.do(extended(oidStartTLS, nil), wire.TagExtendedResponse, schema.OperationsError)
	c.send(message(51, cancelRequest(50)))
	c.wantResult(50, wire.TagSearchResultDone, schema.Canceled)
	c.wantResult(51, wire.TagExtendedResponse, schema.Success)
	c.secure(client)
	c.persist()
}

func TestLimitsOfARefresh(t *testing.T) {
	w, _ := providerWorld(t, func(o *Options) { o.Limits.SizeLimit = 2 })
	c := w.dial()
	f := c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.SizeLimitExceeded)
	if _, ok := control(f.done, wire.OIDSyncDone); ok || len(f.names) != 2 {
		t.Errorf("%v %+v", f.names, f.done)
	}
	c.persist() // has no limits
	c = w.admin()
	if f := c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.Success); len(f.names) != 3 {
		t.Errorf("%v", f.names)
	}
	a := follow(syncControl(schema.SyncRefreshOnly, ""))
	a.size = 1
	c.search(a).wantCode(c, schema.SizeLimitExceeded)
	c = w.dial()
	c.memberBind(signature).wantBound(c)
	if f := c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.Success); len(f.names) != 3 {
		t.Errorf("%v", f.names)
	}
}

func TestRefreshThatTakesTooLong(t *testing.T) {
	waits := func(ctx context.Context, _ *schema.SyncRequest, _ schema.SyncReceiver) (schema.SyncDone, error) {
		<-ctx.Done()
		return schema.SyncDone{}, ctx.Err()
	}
	w := newWorld(t, func(o *Options) { o.Syncer = syncFunc(waits); o.Limits.TimeLimit = time.Millisecond })
	c := w.dial()
	c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.TimeLimitExceeded)
}

func TestCancelThatComesTooLateForARefresh(t *testing.T) {
	canceled := func(ctx context.Context, _ *schema.SyncRequest, _ schema.SyncReceiver) (schema.SyncDone, error) {
		<-ctx.Done()
		return schema.SyncDone{}, nil // all was sent
	}
	w := newWorld(t, func(o *Options) { o.Syncer = syncFunc(canceled) })
	c := w.dial()
	c.send(follow(syncControl(schema.SyncRefreshOnly, "")).message(50), message(51, cancelRequest(50)))
	c.wantResult(50, wire.TagSearchResultDone, schema.Success)
	c.wantResult(51, wire.TagExtendedResponse, schema.TooLate)
}

func TestPersistentSearchesAreBounded(t *testing.T) {
	w, _ := providerWorld(t, func(o *Options) { o.Limits.Persistent, o.Limits.UnboundOps, o.Limits.BoundOps = 2, 4, 4 })
	one := ask{base: userDN(0), controls: syncControl(schema.SyncRefreshAndPersist, "")}
	begin := func(c *client, id int32) {
		c.send(one.message(id))
		c.wantEntry(id, userDN(0))
		c.wantInfo(id)
	}
	c := w.dial()
	begin(c, 60)
	begin(c, 61)
	c.search(one).wantCode(c, schema.AdminLimitExceeded) // half of the operations of a connection
	c.search(ask{base: suffix}).wantCode(c, schema.Success)
	other := w.dial()
	other.search(one).wantCode(other, schema.Busy)
	admin, member := w.admin(), w.dial()
	begin(admin, 60)
	member.memberBind(signature).wantBound(member)
	begin(member, 60)
	for range 20 {
		c.send(message(70, cancelRequest(61)))
		c.wantResult(61, wire.TagSearchResultDone, schema.Canceled)
		begin(other, 60) // at once: who has the answer has the place
		c.wantResult(70, wire.TagExtendedResponse, schema.Success)
		other.send(message(70, cancelRequest(60)))
		other.wantResult(60, wire.TagSearchResultDone, schema.Canceled)
		begin(c, 61)
		other.wantResult(70, wire.TagExtendedResponse, schema.Success)
	}
}

// A consumer that reads nothing is cut after the write timeout, and what is
// made for it meanwhile is bounded.
func TestConsumerThatStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int32
		failed := make(chan error, 1)
		busy := func(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error) {
			v := &schema.View{DN: []byte(people), User: schema.AppendAttribute(nil, "description", []byte(strings.Repeat("x", 1000)))}
			for {
				made.Add(1)
				if next, _ := out.Entry(v, schema.SyncModify, ""); next == schema.Pause {
					if err := out.Flush(); err != nil {
						failed <- err
						return schema.SyncDone{}, err
					}
				}
			}
		}
		w := build(t, func(o *Options) { o.Syncer = syncFunc(busy); o.Limits.WriteTimeout = 30 * time.Second })
		c, other := w.pipe(), w.pipe()
		c.send(ask{base: people, controls: syncControl(schema.SyncRefreshAndPersist, "")}.message(1))
		began := time.Now()
		synctest.Wait() // the server is stuck in writing
		other.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(other, "o: utdata")
		if n := made.Load(); n > flushAt/1000+1 {
			t.Errorf("%d entries were made for a consumer that takes none", n)
		}
		if err := <-failed; err == nil {
			t.Error("the Syncer is not told")
		}
		synctest.Wait()
		if d := time.Since(began); d != 30*time.Second || number(w.metrics.open) != 1 {
			t.Errorf("the slow consumer was cut after %v", d)
		}
		other.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(other, "o: utdata")
		other.nc.Close()
		w.close()
	})
}

func TestRecycleLeavesNewConnectionsAlone(t *testing.T) {
	w, _ := providerWorld(t, nil)
	old := w.admin()
	reached, release := w.holdWrites()
	old.send(message(10, replace(userDN(0), "sn", "taken")))
	<-reached
	done := make(chan error, 1)
	go func() { done <- w.Recycle(context.Background()) }()
	for c := range conns(w) {
		<-c.leaving.Done()
	}
	fresh := w.dial()
	fresh.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(fresh, "sn: s0")
	close(release)
	old.wantResult(10, wire.TagModifyResponse, schema.Success) // what was taken is done
	r := old.wantNotice(schema.Unavailable)
	if r.Result.Diagnostic != errReplaced.Error() {
		t.Errorf("%+v", r.Result)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	fresh.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(fresh, "sn: taken")
}

func TestRecycleCutsWhatDoesNotEnd(t *testing.T) {
	w, _ := providerWorld(t, nil)
	c := w.admin()
	reached, release := w.holdWrites()
	c.send(message(10, replace(userDN(0), "sn", "taken")))
	<-reached
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done := make(chan error, 1)
	go func() { done <- w.Recycle(ctx) }()
	c.wantClosed()
	close(release)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := w.Recycle(context.Background()); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}
