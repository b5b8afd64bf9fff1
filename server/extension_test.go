package server

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	oidEcho  = "1.2.3.1" // answers with its value
	oidWaits = "1.2.3.2" // until it has to end
)

// extensionWorld serves a few operations; callers gets who called.
func extensionWorld(t testing.TB, change func(o *Options)) (w *world, callers chan Caller) {
	callers = make(chan Caller, 100)
	set := func(o *Options) {
		o.Signature = func() string { return signature }
		o.Extensions = map[string]Extension{
			oidEcho: func(_ context.Context, who Caller, value []byte) ([]byte, error) {
				callers <- who
				return value, nil
			},
			oidWaits: func(ctx context.Context, who Caller, value []byte) ([]byte, error) {
				callers <- who
				<-ctx.Done()
				return nil, ctx.Err()
			},
			"1.2.3.3": func(context.Context, Caller, []byte) ([]byte, error) {
				return []byte("not to be seen"), schema.Refuse(schema.UnwillingToPerform, "not now")
			},
			"1.2.3.4": func(context.Context, Caller, []byte) ([]byte, error) { return nil, errors.New("the disk is on fire") },
			"1.2.3.5": func(context.Context, Caller, []byte) ([]byte, error) { panic("cannot go on") },
		}
		if change != nil {
			change(o)
		}
	}
	return newWorld(t, set), callers
}

func TestExtensionIsToldWhoAsks(t *testing.T) {
	w, callers := extensionWorld(t, nil)
	c := w.dial()
	want := func(who Caller) {
		t.Helper()
		who.Peer = c.nc.LocalAddr().String()
		r := c.do(extended(oidEcho, []byte("value")), wire.TagExtendedResponse, schema.Success)
		if got := <-callers; got != who || string(r.Value) != "value" {
			t.Errorf("caller %+v, want %+v; answer %+v", got, who, r)
		}
	}
	want(Caller{})
	c.memberBind(signature).wantBound(c)
	want(Caller{Member: true})
	c.bind(adminDN, adminSecret)
	want(Caller{Admin: true})
	c.bind(utadmin, "utadmin secret")
	want(Caller{Admin: true})
	c.do(bindRequest(3, "", ""), wire.TagBindResponse, schema.Success)
	want(Caller{})
	if r := c.do(extended(oidEcho, nil), wire.TagExtendedResponse, schema.Success); r.HasValue {
		t.Errorf("a value where none was sent: %+v", r)
	}
	if r := c.do(extended(oidEcho, []byte{}), wire.TagExtendedResponse, schema.Success); !r.HasValue || len(r.Value) > 0 {
		t.Errorf("no value where an empty one was sent: %+v", r)
	}
}

func TestExtensionOnTheLocalSocket(t *testing.T) {
	who := make(chan Caller, 1)
	w := build(t, func(o *Options) {
		o.Extensions = map[string]Extension{oidEcho: func(_ context.Context, c Caller, _ []byte) ([]byte, error) { who <- c; return nil, nil }}
	})
	c := w.client(w.listenLocal(t))
	c.do(extended(oidEcho, nil), wire.TagExtendedResponse, schema.Success)
	if got := <-who; !got.Local || got.Admin {
		t.Errorf("caller %+v", got)
	}
}

func TestExtensionThatFails(t *testing.T) {
	w, _ := extensionWorld(t, nil)
	w.panics = 1
	c := w.dial()
	if r := c.do(extended("1.2.3.3", nil), wire.TagExtendedResponse, schema.UnwillingToPerform); r.HasValue || r.Result.Diagnostic != "not now" {
		t.Errorf("%+v", r)
	}
	if r := c.do(extended("1.2.3.4", nil), wire.TagExtendedResponse, schema.Other); strings.Contains(r.Result.Diagnostic, "fire") {
		t.Errorf("%+v", r)
	}
	c.do(extended("1.2.3.6", nil), wire.TagExtendedResponse, schema.ProtocolError)
	c.send(message(90, extended("1.2.3.5", nil)))
	c.wantClosed()
	other := w.dial()
	other.search(ask{base: suffix}).wantCode(other, schema.Success)
}

func TestExtensionEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, c *client){
		"by Cancel": func(_ *world, c *client) {
			c.send(message(51, cancelRequest(50)))
			c.wantResult(50, wire.TagExtendedResponse, schema.Canceled)
			c.wantResult(51, wire.TagExtendedResponse, schema.Success)
		},
		"by Abandon": func(_ *world, c *client) {
			c.send(message(51, abandonRequest(50)))
			c.search(ask{base: suffix}).wantCode(c, schema.Success)
		},
		"with the connection": func(_ *world, c *client) { c.nc.Close() },
		"by the shutdown": func(w *world, c *client) {
			done := w.shutdown(10 * time.Second)
			c.wantResult(50, wire.TagExtendedResponse, schema.Unavailable)
			c.wantNotice(schema.Unavailable)
			if err := <-done; err != nil {
				t.Error(err)
			}
		},
		"by other data": func(w *world, c *client) {
			done := make(chan error, 1)
			go func() { done <- w.Recycle(context.Background()) }()
			c.wantResult(50, wire.TagExtendedResponse, schema.Unavailable)
			c.wantNotice(schema.Unavailable)
			if err := <-done; err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, callers := extensionWorld(t, nil)
			c := w.dial()
			c.send(message(50, extended(oidWaits, nil)))
			<-callers
			c.search(ask{base: suffix}).wantCode(c, schema.Success) // the connection goes on meanwhile
			end(w, c)
		})
	}
}

func TestExtensionSeesTheConnectionsWrites(t *testing.T) {
	seen := make(chan string, 1)
	var w *world
	w, _ = extensionWorld(t, func(o *Options) {
		o.Extensions["1.2.3.7"] = func(context.Context, Caller, []byte) ([]byte, error) {
			v, _ := w.view(userDN(0)).Find("sn")
			value, _, _ := schema.NextValue(v.Values)
			seen <- string(value)
			return nil, nil
		}
	})
	w.users(1)
	c := w.admin()
	c.send(message(50, replace(userDN(0), "sn", "new")), message(51, extended("1.2.3.7", nil)))
	c.wantResult(50, wire.TagModifyResponse, schema.Success)
	c.wantResult(51, wire.TagExtendedResponse, schema.Success)
	if got := <-seen; got != "new" {
		t.Errorf("the extension saw %q", got)
	}
}

func TestExtensionsAreAnnouncedAndDoNotHideOurOwn(t *testing.T) {
	w, _ := extensionWorld(t, nil)
	c := w.dial()
	if all := c.search(ask{attrs: []string{"supportedExtension"}}).lines; !strings.Contains(strings.Join(all, "\n"), "supportedExtension: "+oidEcho) {
		t.Errorf("%v", all)
	}
	none := func(context.Context, Caller, []byte) ([]byte, error) { return nil, nil }
	for _, oid := range []string{oidWhoAmI, oidCancel, oidStartTLS, oidPassword, OIDHoldState} {
		if _, err := New(Options{Schema: w.store.schema, Store: w.store, Extensions: map[string]Extension{oid: none}}); err == nil {
			t.Errorf("%s is taken from the server", oid)
		}
	}
}

func TestFenceRefusesUpdatesBehindTheReferral(t *testing.T) {
	var url atomic.Pointer[string]
	var fence atomic.Pointer[schema.Result]
	none, primary := "", "ldap://primary.example:7012"
	fenced := schema.Refuse(schema.Unavailable, "two primaries: nothing is written until one is chosen")
	url.Store(&none)
	fence.Store(fenced)
	w := newWorld(t, func(o *Options) {
		o.Referral = func() string { return *url.Load() }
		o.Fence = fence.Load
	})
	w.users(3)
	c := w.admin()
	for _, u := range append(updates(), request{"Password Modify", passwordRequest(userDN(0), "-", "x"), wire.TagExtendedResponse}) {
		if r := c.do(u.op, u.tag, schema.Unavailable); r.Result.Diagnostic != fenced.Diagnostic {
			t.Errorf("%s: %+v", u.name, r.Result)
		}
	}
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: s0")
	url.Store(&primary)
	for _, u := range append(updates(), request{"Password Modify", passwordRequest(userDN(0), "-", "x"), wire.TagExtendedResponse}) {
		c.do(u.op, u.tag, schema.ReferralResult)
	}
	url.Store(&none)
	fence.Store(nil)
	c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.Success)
}
