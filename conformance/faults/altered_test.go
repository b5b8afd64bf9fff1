// altered_test.go: a value changes on its way from the primary to a secondary,
// in a manner that neither TCP nor the encoding notices.

package faults

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// The value on both sides of the relay: of equal length, so that no length
// changes.
const (
	sentValue    = "as the primary wrote it"
	alteredValue = "as nobody ever wrote it"
)

// relay hands everything on between its clients and a server, and alters the
// value the first time that the server sends it.
type relay struct {
	net.Listener
	server  string
	altered atomic.Bool
	ctx     context.Context // ends with the test
	running sync.WaitGroup
}

func newRelay(t testing.TB, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &relay{Listener: l, server: server, ctx: ctx}
	r.running.Go(r.accept)
	t.Cleanup(func() {
		l.Close()
		cancel()
		r.running.Wait()
	})
	return r
}

func (r *relay) accept() {
	for {
		client, err := r.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.server)
		if err != nil {
			client.Close()
			continue
		}
		end := func() {
			client.Close()
			server.Close()
		}
		context.AfterFunc(r.ctx, end)
		r.running.Go(func() {
			defer end()
			_, _ = io.Copy(server, client) // either side may end
		})
		r.running.Go(func() {
			defer end()
			r.answers(client, server)
		})
	}
}

// answers hands on what the server sends.
func (r *relay) answers(client, server net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		part := buf[:n]
		if bytes.Contains(part, []byte(sentValue)) && r.altered.CompareAndSwap(false, true) {
			part = bytes.ReplaceAll(part, []byte(sentValue), []byte(alteredValue)) // in the entry, and in its record of the log
		}
		if _, werr := client.Write(part); errors.Join(err, werr) != nil {
			return
		}
	}
}

// TestValueAlteredOnTheWay: the secondary notices before it has the value, says
// so, and gets what is right.
func TestValueAlteredOnTheWay(t *testing.T) {
	alteredOnTheWay(t, harness.Options{})
}

// alteredOnTheWay makes a secondary with these options and lets one value be
// altered on the way to it.
func alteredOnTheWay(t testing.TB, o harness.Options) {
	f := newFarm(t, nil, 0, harness.Options{})
	b := f.Add(t, "b", o)
	b.Restart(t)
	f.secondaries = append(f.secondaries, b)
	f.primary.Must(t, "utreplica", "-p", b.Address())
	r := newRelay(t, f.primary.Address())
	b.Must(t, "utreplica", "-s", r.Addr().String())

	c, err := f.primary.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	set := ldap.NewModifyRequest(parent, nil)
	set.Replace("description", []string{sentValue})
	if err := c.Modify(set); err != nil {
		t.Fatal(err)
	}
	f.Await(t, "the value passes", func() (bool, error) { return r.altered.Load(), nil })
	f.books = f.books[:1]
	l := f.startLoad(t, seed(t))
	l.awaitAcks(10, answersIn)
	l.finish()
	f.level(t)
	if !strings.Contains(b.Log(), "hash") {
		t.Errorf("the secondary does not say what happened:\n%s", b.Log())
	}
	f.finish(t)
}
