package server

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// holder counts the states that are held.
type holder struct {
	err      error
	released chan struct{}
}

func (h *holder) HoldState() ([]byte, func(), error) {
	return []byte("state one"), func() { h.released <- struct{}{} }, h.err
}

// localWorld listens on a local socket, where the client is the administrator.
func localWorld(t *testing.T, h Holder) (*world, *client) {
	w := build(t, func(o *Options) { o.Holder = h })
	c := w.client(w.listenLocal(t))
	c.do(wiretest.Op(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte("EXTERNAL")}), wire.TagBindResponse, schema.Success)
	return w, c
}

// listenLocal makes the world listen on a local socket and connects to it.
func (w *world) listenLocal(t *testing.T) net.Conn {
	path := filepath.Join(t.TempDir(), "ldapi")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w.listen(func() error { return w.Serve(l) })
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// hold begins to hold a state under message ID 50.
func (c *client) hold() {
	c.Helper()
	c.send(message(50, extended(OIDHoldState, nil)))
	if r := c.want(50, wire.TagIntermediate); r.Name != OIDHoldState || string(r.Value) != "state one" {
		c.Fatalf("got %+v", r)
	}
}

func TestHeldStateIsReleased(t *testing.T) {
	for name, end := range map[string]func(w *world, c *client){
		"by Cancel": func(w *world, c *client) {
			c.send(message(51, cancelRequest(50)))
			c.wantResult(50, wire.TagExtendedResponse, schema.Canceled)
			c.wantResult(51, wire.TagExtendedResponse, schema.Success)
		},
		"by Abandon": func(w *world, c *client) {
			c.send(message(51, abandonRequest(50)))
			c.search(ask{base: suffix}).wantCode(c, schema.Success)
		},
		"with the connection": func(w *world, c *client) { c.nc.Close() },
		"by unbind":           func(w *world, c *client) { c.send(message(51, wiretest.Op(wire.UnbindRequest{}))) },
		"by the shutdown": func(w *world, c *client) {
			done := w.shutdown(10 * time.Second)
			c.wantResult(50, wire.TagExtendedResponse, schema.Unavailable)
			c.wantNotice(schema.Unavailable)
			if err := <-done; err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &holder{released: make(chan struct{}, 1)}
			w, c := localWorld(t, h)
			c.hold()
			c.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(c, "o: utdata")
			end(w, c)
			select {
			case <-h.released:
			case <-time.After(20 * time.Second):
				t.Error("the state is still held")
			}
		})
	}
}

func TestStateIsNotHeldForEverybody(t *testing.T) {
	h := &holder{released: make(chan struct{}, 1)}
	w := newWorld(t, func(o *Options) { o.Holder = h })
	w.dial().do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.InsufficientAccessRights)
	w.admin().do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.InsufficientAccessRights)
	_, c := localWorld(t, h)
	c.do(extended(OIDHoldState, []byte("x")), wire.TagExtendedResponse, schema.ProtocolError)
	c.bind(utadmin, "utadmin secret")
	c.do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.InsufficientAccessRights)
	_, c = localWorld(t, &holder{err: schema.Refuse(schema.UnwillingToPerform, "not now")})
	c.do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.UnwillingToPerform)
	_, c = localWorld(t, &holder{err: errors.New("broken")})
	c.do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.Other)
	_, c = localWorld(t, nil)
	c.do(extended(OIDHoldState, nil), wire.TagExtendedResponse, schema.ProtocolError)
}

func TestStateIsNotHeldForTooLong(t *testing.T) {
	w := build(t, nil)
	c := newConn(w.Server, sink{})
	h := &holder{released: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	op := &operation{id: 7, cancel: cancel}
	c.begin(op)
	c.hold(ctx, op, func() { h.released <- struct{}{} }, c.began)
	<-h.released
	if n := counterOf(w, opExtended, schema.TimeLimitExceeded); n != 1 {
		t.Errorf("%d operations timed out", n)
	}
	c.finish()
}
