package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/xdg-go/scram"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// conn is one client connection. All fields but raw, which never changes, and
// those below mu belong to the goroutine that runs serve.
type conn struct {
	srv *Server
	raw net.Conn // as accepted; deadlines and close act on it, whatever is above
	nc  net.Conn // raw, or TLS on top of it
	out *outbox

	in       []byte // received bytes; in[read:] is not yet consumed
	read     int
	buf      []byte // answers of this goroutine, not yet sent
	farewell []byte // notice that goes out behind everything else
	msg      wire.Message
	session  session
	names    schema.NameMemory         // for the keys of what is asked for
	search   *searchOp                 // reused for searches that end in their first slice
	began    time.Time                 // of the operation at hand
	ready    time.Time                 // when the one before was answered, if nothing was waited for since
	silence  patience                  // until the next bytes of the client
	exchange *scram.ServerConversation // of the bind before, which the one at hand may go on with
	login    login                     // see authenticate
	dse      rootView
	// generation is the store that the first search was made in. Later ones are
	// made there, too, though it be replaced meanwhile: what a connection reads
	// never goes back in time.
	generation uint64

	// leaving ends when the connection is to be ended by the server; its cause
	// has the words for the client. gone is closed when it has ended.
	leaving context.Context
	leave   context.CancelCauseFunc
	gone    chan struct{}

	mu       sync.Mutex // never held during I/O; taken alone
	idle     sync.Cond  // an operation has ended
	inFlight map[int32]*operation
	running  int // operations begun and not ended
	writes   int // those that change the tree
	endless  int // those in flight that do not end by themselves
	draining bool
	paged    map[string]*searchOp
	lastPage uint64
}

// errClosed ends a connection about which there is nothing more to say.
var errClosed = errors.New("the connection is closed")

func newConn(s *Server, nc net.Conn) *conn {
	from := peerOf(nc)
	nc = newSocket(nc)
	c := &conn{srv: s, raw: nc, nc: nc, inFlight: map[int32]*operation{}, gone: make(chan struct{})}
	c.leaving, c.leave = context.WithCancelCause(context.Background())
	c.idle.L = &c.mu
	c.msg.Limits = s.decoding
	c.out = newOutbox(nc, s.Limits.WriteTimeout, s.metrics)
	c.session = session{version: 3, peer: from, rights: s.nobody}
	return c
}

// serve runs the connection from accept to close.
func (c *conn) serve(secure bool) {
	defer c.finish()
	defer c.recovered("connection")
	if secure && c.handshake() != nil {
		return
	}
	for {
		frame, err := c.frame()
		if err == nil {
			if c.began = c.ready; c.began.IsZero() {
				c.began = c.srv.Clock()
			}
			c.ready = time.Time{}
			err = c.handle(frame)
		}
		if err == nil && len(c.buf) >= flushAt {
			err = c.flush()
		}
		if err != nil {
			c.ended(err)
			return
		}
	}
}

// finish lets everything that still works for this connection come to its end.
// While the server shuts down that is awaited, else only writes are.
func (c *conn) finish() {
	if !c.isDraining() {
		c.stopSearches()
	}
	c.waitAll()
	c.out.drain()
	c.buf = append(c.buf, c.farewell...)
	_ = c.flush() // nobody is left to tell of a failure
	c.out.close()
	c.nc.Close()
}

// recovered ends the connection, not the process, when our own code panics.
func (c *conn) recovered(where string) {
	if p := recover(); p != nil {
		c.srv.metrics.panics.Inc()
		c.srv.Log.Error("internal error; the connection is closed", "in", where, "panic", p, "stack", string(debug.Stack()))
		c.raw.Close()
	}
}

// The reasons for which the server ends a connection that is in order, in the
// words that the client gets.
var (
	errShutdown = errors.New("the server is shutting down")
	errReplaced = errors.New("the data was replaced by that of the primary: connect again")
)

// drain asks the connection to end as soon as it has answered what it took.
// What would not end by itself ends now.
func (c *conn) drain(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	c.leave(why)
	c.raw.SetReadDeadline(time.Unix(1, 0)) // wakes a read that waits
}

func (c *conn) isDraining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining
}

// cut ends the connection at once, with all that it has begun and the store
// has not.
func (c *conn) cut() {
	c.raw.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range c.inFlight {
		op.stop()
	}
}

// ended tells the client why the connection is closed, where there is a why.
func (c *conn) ended(err error) {
	timeout := timedOut(err)
	switch {
	case errors.Is(err, errClosed):
	case c.isDraining():
		c.notice(schema.Unavailable, context.Cause(c.leaving).Error())
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
	case errors.Is(err, wire.ErrFatal):
		c.srv.Log.Info("closing a connection that sent no LDAP message", "peer", c.raw.RemoteAddr().String(), "reason", err)
		c.notice(schema.ProtocolError, "the message is malformed or too large")
	case timeout && len(c.in) > c.read:
		c.notice(schema.ProtocolError, "the message did not arrive in time")
	case timeout:
		c.notice(schema.Unavailable, "the connection was idle for too long")
	}
}

// notice makes a Notice of Disconnection (RFC 4511 4.4.1) the last word of the
// connection. LDAPv2 has none.
func (c *conn) notice(code schema.ResultCode, text string) {
	c.srv.metrics.notices.Inc()
	if c.session.version >= 3 {
		c.farewell = wire.AppendNotice(nil, code, text)
	}
}

// refuse answers a connection for which there is no room.
func (c *conn) refuse(secure bool) {
	if !secure {
		c.raw.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.raw.Write(wire.AppendNotice(nil, schema.Unavailable, "too many connections"))
	}
	c.raw.Close()
}

// flush sends what this goroutine has to say.
func (c *conn) flush() error {
	c.ready = time.Time{}
	if len(c.buf) == 0 {
		return nil
	}
	err := c.out.write(c.buf)
	if cap(c.buf) > 2*flushAt {
		c.buf = nil
	}
	c.buf = c.buf[:0]
	if err != nil {
		return errClosed
	}
	return nil
}

// handshake starts TLS on the connection, within the time for one message.
func (c *conn) handshake() error {
	until := time.Now().Add(c.srv.Limits.MessageTimeout)
	c.silence.deadline = until
	if !c.setReadDeadline(until) {
		return errClosed
	}
	t := tls.Server(c.raw, c.srv.TLS)
	c.raw.SetWriteDeadline(until)
	if err := t.Handshake(); err != nil {
		c.srv.Log.Info("TLS handshake failed", "peer", c.raw.RemoteAddr().String(), "error", err)
		return errClosed
	}
	c.nc = t
	c.out.replace(t)
	c.session.tls = true
	return nil
}
