package server

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// Valid requests of all kinds in any order, as the administrator: each is
// answered exactly once and by the right kind of response.
func TestRandomRequestsAreAnsweredOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		c := w.admin()
		wg.Go(func() { c.converse(seed, 400) })
	}
	wg.Wait()
}

// converse sends n random requests and checks what comes back.
func (c *client) converse(seed uint64, n int) {
	r := wiretest.NewRandom(seed)
	want := map[int32]byte{}
	var mu sync.Mutex
	go func() {
		for i := range n {
			op := r.Operation()
			tag, ok := responseTag(op.Encoded[0])
			if !ok || tag == wire.TagBindResponse { // unbind, abandon; a bind would end the rights
				continue
			}
			_, controls := r.Controls()
			id := int32(i + 100)
			mu.Lock()
			want[id] = tag
			mu.Unlock()
			if _, err := c.nc.Write(wiretest.Message(id, op.Encoded, controls)); err != nil {
				c.Errorf("seed %d: %v", seed, err)
				return
			}
			if i%10 == 0 {
				mu.Lock()
				want[id+100000] = wire.TagSearchResultDone
				mu.Unlock()
				_, _ = c.nc.Write(everything().message(id + 100000)) // a failure shows below
			}
		}
		_, _ = c.nc.Write(wiretest.Message(99, bindRequest(3, "", ""), nil)) // answered last
	}()
	for {
		got, err := c.receive()
		if err != nil {
			c.Errorf("seed %d: %v", seed, err)
			return
		}
		if got.Op == wire.TagSearchResultEntry || got.Op == wire.TagSearchReference {
			continue
		}
		mu.Lock()
		tag, ok := want[got.ID]
		delete(want, got.ID)
		left := len(want)
		mu.Unlock()
		switch {
		case got.ID == 99:
			if left > 0 {
				c.Errorf("seed %d: %d requests are not answered", seed, left)
			}
			return
		case !ok || tag != got.Op:
			c.Errorf("seed %d: message %d with tag %#x, want %#x", seed, got.ID, got.Op, tag)
		case got.Result.Code == schema.Other:
			c.Errorf("seed %d: message %d: %v", seed, got.ID, &got.Result)
		}
	}
}

// FuzzConversation sends any bytes to a server: it lives, other clients are
// answered, and the connection comes to its end.
func FuzzConversation(f *testing.F) {
	p := newProvider()
	w := build(f, func(o *Options) {
		o.Limits.MessageTimeout, o.Limits.UnboundIdle, o.Limits.BoundIdle = time.Second, time.Second, time.Second
		o.Syncer, o.Changes, o.Signature = p, newLog(20), func() string { return signature }
	})
	p.store = w.store
	w.users(300)
	bind := message(1, bindRequest(3, adminDN, adminSecret))
	for _, r := range append(updates(), requests()...) {
		f.Add(append(bind[:len(bind):len(bind)], message(2, r.op)...))
	}
	f.Add(append(everything().message(1), message(2, cancelRequest(1))...))
	f.Add(append(everything().message(1), message(2, abandonRequest(1))...))
	for _, k := range [][]byte{paged(2, nil), sortBy(true, "-cn", "sn:caseIgnoreOrderingMatch"), matched("(cn=a*)"), control1(oidAssertion, true, filterBytes("(cn=*)"))} {
		a := everything()
		a.controls = k
		f.Add(a.message(3))
	}
	for _, k := range [][]byte{syncControl(schema.SyncRefreshOnly, ""), syncControl(schema.SyncRefreshAndPersist, "c"), watchControl(15, false, true)} {
		f.Add(append(follow(k).message(1), message(2, cancelRequest(1))...))
	}
	f.Add(append(message(1, scramRequest("n,,n=group,r=abc")), message(2, scramRequest("c=biws,r=abc,p=AAAA"))...))
	f.Add(append(bind[:len(bind):len(bind)], changes(schema.ScopeSub, "(changeNumber>=15)").message(2)...))
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		near, far := net.Pipe()
		w.start(far, false)
		read := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, near)
			close(read)
		}()
		near.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = near.Write(b) // the server may close at any moment
		_, _ = near.Write(message(1, wiretest.Op(wire.UnbindRequest{})))
		near.Close()
		<-read
		if n := number(w.metrics.panics); n != 0 {
			t.Fatalf("panic: %s", w.log)
		}
	})
}
