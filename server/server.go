package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Store is what the server asks of the directory. All methods may be called
// at once from any goroutine. Errors that a client should see are
// *schema.Result; anything else is internal.
type Store interface {
	// Search runs one slice of q (see schema.Search).
	Search(q *schema.Search, r schema.Receiver) error
	// Target calls f with the entry of the given key, inside a read
	// transaction. Without manageDsaIT an entry at or below a referral is
	// answered by the referral; dn is the name as the client sent it.
	Target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) error
	// Apply queues a change. done is called once, from a goroutine of the
	// store that must not be blocked, when the change is durable or refused.
	Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone))
}

// Admin is the root DN: it exists without an entry and may do everything.
type Admin struct {
	DN       string
	Password string // hash in the form of a userPassword value
}

// Options is what a Server is made of. Schema, Store and Suffix are needed.
type Options struct {
	Schema *schema.Schema
	Store  Store
	Suffix string // naming context, for the root DSE

	Admin Admin
	// AdminPassword gives the hash of the root DN's password, which may change
	// while the server runs. nil: Admin.Password.
	AdminPassword  func() string
	Writers        []string // DNs of entries that may write as well as read
	PasswordScheme string   // of new hashes; "" is password.DefaultScheme
	// HashClear hashes clear passwords that an add or modify brings, too. Off,
	// they are stored as they were sent, as OpenLDAP does; Password Modify
	// always hashes.
	HashClear bool
	Access    []AccessRule // nil: DefaultAccess
	TLS       *tls.Config

	Limits   Limits
	Registry prometheus.Registerer // nil: metrics are not published
	Log      *slog.Logger          // nil: slog.Default
	Clock    func() time.Time      // nil: one that is never set
	Version  string                // vendorVersion

	// Holder lets an administrator read the store's file, see OIDHoldState. nil:
	// nobody can.
	Holder Holder

	// Referral gives the URL (ldap://host:port) of the server that takes
	// writes, "" if this one does. nil: this one does.
	Referral func() string
	// Fence is asked before each update that is not referred elsewhere: a
	// result refuses it. nil: nothing is fenced off.
	Fence func() *schema.Result

	// Syncer serves searches that keep consumers up to date (RFC 4533) and
	// persistent searches. nil: their controls are not offered.
	Syncer Syncer
	// Signature is the group signature, by which members of the failover group
	// bind (SCRAM-SHA-256, as the user MemberName). It may change while the
	// server runs and is asked often. nil or "": members cannot bind.
	Signature func() string
	// Extensions are extended operations beyond those of this package, by
	// their object identifiers.
	Extensions map[string]Extension
	// Changes is the log of changes, shown as cn=changelog. nil: there is no
	// such tree.
	Changes ChangeLog
}

// Server serves LDAP on any number of listeners.
type Server struct {
	Options
	writers   atomic.Pointer[[][]byte] // keys of Writers
	adminKey  []byte
	passwords *password.Verifier
	decoding  *wire.Limits
	metrics   *metrics
	access    []rule
	shared    *sharedRights // of whoever binds; nil: these differ
	nobody    *rights       // of anonymous sessions
	root      *rights       // of the root DN
	group     *rights       // of members of the failover group
	fixed     fixedEntries
	scram     *scramKeys
	logKey    []byte       // of cn=changelog; nil: there is none
	syncs     atomic.Int64 // searches that persist, but of administrators and members

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	closing   bool
	stopping  chan struct{}  // closed with closing
	running   sync.WaitGroup // one for each connection goroutine
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("server: closed")

// New checks the options and makes a Server; nothing listens yet.
func New(o Options) (*Server, error) {
	if o.Schema == nil || o.Store == nil {
		return nil, errors.New("server: options need Schema and Store")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = now
	}
	if o.PasswordScheme == "" {
		o.PasswordScheme = password.DefaultScheme
	}
	if err := password.CheckScheme(o.PasswordScheme); err != nil {
		return nil, fmt.Errorf("server: scheme of new passwords %q: %w", o.PasswordScheme, err)
	}
	if o.AdminPassword == nil {
		o.AdminPassword = func() string { return o.Admin.Password }
	}
	o.Limits.fill()
	s := &Server{Options: o, listeners: map[net.Listener]struct{}{}, conns: map[*conn]struct{}{}, stopping: make(chan struct{})}
	s.passwords, s.decoding = password.NewVerifier(), o.Limits.decoding()
	if o.Admin.DN != "" {
		key, err := o.Schema.AppendDNKey(nil, []byte(o.Admin.DN))
		if err != nil {
			return nil, fmt.Errorf("server: name of the administrator %q: %w", o.Admin.DN, err)
		}
		s.adminKey = key
	}
	if err := s.SetWriters(o.Writers); err != nil {
		return nil, err
	}
	if o.Access == nil {
		o.Access = DefaultAccess()
	}
	var err error
	if s.access, err = compileAccess(o.Schema, o.Access); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.shared = shareRights(s.access)
	s.root, s.group = fullRights(), memberRights()
	s.nobody = s.rightsOf(nil, false)
	if s.metrics, err = newMetrics(o.Registry); err != nil {
		return nil, fmt.Errorf("server: metrics: %w", err)
	}
	if err := s.prepareEntries(); err != nil {
		return nil, fmt.Errorf("server: root DSE: %w", err)
	}
	for oid := range o.Extensions {
		if ownExtension(oid) {
			return nil, fmt.Errorf("server: extension %s is one of the server's own", oid)
		}
	}
	s.scram = newScramKeys()
	return s, nil
}

// Serve accepts connections on l until Shutdown; it returns ErrServerClosed
// then, or the error that ended the listener. l is closed in any case.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, false) }

// ServeTLS is Serve for ldaps: TLS from the first byte.
func (s *Server) ServeTLS(l net.Listener) error {
	if s.TLS == nil {
		return errors.New("server: ldaps needs a certificate")
	}
	return s.serve(l, true)
}

func (s *Server) serve(l net.Listener, secure bool) error {
	defer l.Close()
	if !s.track(l) {
		return ErrServerClosed
	}
	defer s.untrack(l)
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if err == nil {
			pause = 0
			s.start(nc, secure)
			continue
		}
		if s.isClosing() {
			return ErrServerClosed
		}
		var ne net.Error
		if !errors.As(err, &ne) || !temporary(err) {
			return fmt.Errorf("accept: %w", err)
		}
		// Out of file descriptors or memory: wait for some to come back
		// rather than spin or give up (both have ended real servers).
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.metrics.acceptErrors.Inc()
		s.Log.Warn("cannot accept a connection; trying again", "error", err, "wait", pause)
		select {
		case <-time.After(pause):
		case <-s.stopping:
			return ErrServerClosed
		}
	}
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// start gives a new connection its goroutine, unless there are too many.
func (s *Server) start(nc net.Conn, secure bool) {
	c := newConn(s, nc)
	s.mu.Lock()
	closing := s.closing
	refuse := closing || len(s.conns) >= s.Limits.Connections
	if !refuse {
		s.conns[c] = struct{}{}
		s.running.Add(1)
	}
	s.mu.Unlock()
	switch {
	case closing:
		nc.Close()
		return
	case refuse:
		s.metrics.refused.Inc()
		c.refuse(secure)
		return
	}
	s.metrics.opened.Inc()
	s.metrics.open.Inc()
	go func() {
		defer s.running.Done()
		defer s.forget(c)
		c.serve(secure)
	}()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.metrics.open.Dec()
	close(c.gone)
}

// cutGrace is how long Shutdown waits, beyond its deadline, for what the store
// still holds of connections that are cut.
const cutGrace = time.Second

// Shutdown closes the listeners, lets every connection finish what it has
// taken, tells its client by a Notice of Disconnection (RFC 4511 4.4.1) and
// waits for all that. When ctx ends the connections that are left are cut, and
// ctx's error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.close() {
		c.drain(errShutdown)
	}
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.open() {
		c.cut()
	}
	select {
	case <-done:
	case <-time.After(cutGrace):
	}
	return ctx.Err()
}

// close makes the server accept nothing more and lists its connections.
func (s *Server) close() []*conn {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.stopping)
	}
	for l := range s.listeners {
		l.Close()
	}
	s.mu.Unlock()
	return s.open()
}

func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}
