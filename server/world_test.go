package server

// A server on a store in memory, for tests to talk to.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/sunray-ds/utdsd/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	suffix      = "o=utdata"
	people      = "ou=people,o=utdata"
	adminDN     = "cn=admin,o=utdata"
	utadmin     = "cn=utadmin,o=utdata"
	adminSecret = "admin secret"
)

// world is a running server.
type world struct {
	testing.TB
	*Server
	store  *memory
	addr   string
	log    *logged
	panics int // how many the test expects
	clock  *clock
}

// clock is a time that tests set; the zero value is fixed at the epoch.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

// logged keeps what the server logs.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// newWorld has o=utdata, ou=people and the second administrator. change may
// set options.
func newWorld(t testing.TB, change func(o *Options)) *world {
	t.Helper()
	w := build(t, change)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	w.listen(func() error { return w.Serve(l) })
	return w
}

// build makes the world without a listener.
func build(t testing.TB, change func(o *Options)) *world {
	t.Helper()
	w := &world{TB: t, store: newMemory(t), log: &logged{}, clock: &clock{}}
	w.store.put(t, suffix, "objectClass: organization", "o: utdata")
	w.store.put(t, people, "objectClass: organizationalUnit", "ou: people")
	w.store.put(t, utadmin, "objectClass: utAdmin", "cn: utadmin", "userPassword: utadmin secret")
	o := Options{
		Schema: w.store.schema, Store: w.store, Suffix: suffix,
		Admin:   Admin{DN: adminDN, Password: adminSecret},
		Writers: []string{utadmin}, PasswordScheme: "{SSHA}",
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Clock: w.clock.now,
		Registry: prometheus.NewPedanticRegistry(),
	}
	if change != nil {
		change(&o)
	}
	srv, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = srv
	t.Cleanup(w.close)
	return w
}

// listen runs serve until the end of the test.
func (w *world) listen(serve func() error) {
	served := make(chan error, 1)
	go func() { served <- serve() }()
	w.Cleanup(func() {
		w.close() // cleanups run last in, first out: the listener ends here
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			w.Errorf("Serve: %v", err)
		}
	})
}

// close ends the server, checking that nothing went wrong inside.
func (w *world) close() {
	if w.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil && !w.Failed() {
		w.Errorf("Shutdown: %v", err)
	}
	w.store.close()
	w.store = nil
	if n := number(w.metrics.panics); n != w.panics {
		w.Errorf("%d panics, want %d: %s", n, w.panics, w.log)
	}
	if n := number(w.metrics.open); n != 0 {
		w.Errorf("%d connections are open after the shutdown", n)
	}
}

// users adds n entries cn=u0000... with a telephone number each.
func (w *world) users(n int) {
	for i := range n {
		w.store.put(w, userDN(i), "objectClass: inetOrgPerson", fmt.Sprintf("cn: u%04d", i),
			fmt.Sprintf("sn: s%d", i%7), fmt.Sprintf("employeeNumber: %d", i), "userPassword: hidden value")
	}
}

func userDN(i int) string { return fmt.Sprintf("cn=u%04d,%s", i, people) }

// dial connects to the world.
func (w *world) dial() *client {
	w.Helper()
	nc, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.Fatal(err)
	}
	return w.client(nc)
}

// pipe connects without a network, which also works in a synctest bubble.
func (w *world) pipe() *client {
	near, far := net.Pipe()
	w.start(far, false)
	return w.client(near)
}

// admin connects and binds as the administrator.
func (w *world) admin() *client {
	w.Helper()
	c := w.dial()
	c.bind(adminDN, adminSecret)
	return c
}

// holdSearches makes the slices of searches for which hold says so wait;
// reached gets a value for each that has come there, and release lets one go.
func (w *world) holdSearches(hold func(q *schema.Search, slice int) bool) (reached <-chan int, release chan<- struct{}) {
	at, free := make(chan int, 1000), make(chan struct{})
	f := func(q *schema.Search, slice int) error {
		if hold(q, slice) {
			at <- slice
			<-free
		}
		return nil
	}
	w.store.beforeSlice.Store(&f)
	w.Cleanup(func() { w.store.beforeSlice.Store(nil) })
	return at, free
}

// secondSlice holds what runs beyond the connection's own goroutine.
func secondSlice(_ *schema.Search, slice int) bool { return slice == 2 }

// holdWrites makes the writer wait at each change that it has taken.
func (w *world) holdWrites() (reached <-chan string, release chan<- struct{}) {
	at, free := make(chan string, 1000), make(chan struct{})
	f := func(c *schema.Change) {
		at <- c.DN
		<-free
	}
	w.store.beforeApply.Store(&f)
	return at, free
}

// closed tells that the server has closed c, after whatever it still sent.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || isReset(err)
}
