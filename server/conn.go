package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// conn is one client connection. All fields but those below mu belong to the
// goroutine that runs serve.
type conn struct {
	srv *Server
	nc  net.Conn
	out *outbox

	in       []byte // received bytes; in[read:] is not yet consumed
	read     int
	buf      []byte // answers of this goroutine, not yet sent
	msg      wire.Message
	session  session
	search   *searchOp // reused for searches that end in their first slice
	paged    map[string]*searchOp
	lastPage uint64
	began    time.Time // of the operation at hand

	mu       sync.Mutex // never held during I/O; taken alone or before outbox.mu
	idle     sync.Cond  // an operation has left inFlight
	inFlight map[int32]*operation
	writes   int  // those of inFlight that change the tree
	draining bool // the server is shutting down
}

// firstRead is the size of a new receive buffer: most requests are smaller.
const firstRead = 4 << 10

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, inFlight: map[int32]*operation{}}
	c.idle.L = &c.mu
	c.out = newOutbox(nc, s.Limits.WriteTimeout, s.metrics)
	c.session = session{version: 3, peer: peerOf(nc)}
	return c
}

// serve runs the connection from accept to close.
func (c *conn) serve(secure bool) {
	defer c.finish()
	defer c.recovered("connection")
	if secure && !c.handshake() {
		return
	}
	for {
		frame, err := c.frame()
		if err != nil {
			c.ended(err)
			return
		}
		c.began = c.srv.Clock()
		if !c.handle(frame) {
			return
		}
	}
}

// finish lets everything that still works for this connection come to its end.
func (c *conn) finish() {
	c.abandonAll()
	c.waitIdle(func() bool { return len(c.inFlight) == 0 })
	c.flush()
	c.out.close()
	c.nc.Close()
}

// recovered ends the connection, not the process, when our own code panics.
func (c *conn) recovered(where string) {
	if p := recover(); p != nil {
		c.srv.metrics.panics.Inc()
		c.srv.Log.Error("internal error; the connection is closed", "in", where, "panic", p, "stack", string(debug.Stack()))
		c.nc.Close()
	}
}

// frame gives the next whole message, valid until the next call. What is ready
// to be sent is sent before it waits.
func (c *conn) frame() ([]byte, error) {
	started := false
	for {
		n, err := wire.FrameLength(c.in[c.read:], c.pduLimit())
		if err != nil {
			return nil, err
		}
		if n > 0 && len(c.in)-c.read >= n {
			f := c.in[c.read : c.read+n : c.read+n]
			c.read += n
			return f, nil
		}
		if err := c.flush(); err != nil {
			return nil, err
		}
		c.compact(n)
		if err := c.setReadDeadline(&started); err != nil {
			return nil, err
		}
		m, err := c.nc.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+m]
		c.srv.metrics.received.Add(float64(m))
		if err != nil && m == 0 {
			return nil, err
		}
	}
}

// compact makes room for the rest of a message of n bytes (0: not known yet).
func (c *conn) compact(n int) {
	left := len(c.in) - c.read
	size := max(n, firstRead)
	if left == 0 && cap(c.in) > flushAt && n == 0 {
		c.in = nil // an idle connection keeps no large buffer
	}
	if cap(c.in)-c.read >= size && cap(c.in) > len(c.in) {
		return
	}
	if cap(c.in) < size || cap(c.in)-left < firstRead/2 {
		bigger := make([]byte, left, max(size, min(2*cap(c.in), flushAt)))
		copy(bigger, c.in[c.read:])
		c.in = bigger
	} else {
		copy(c.in, c.in[c.read:])
		c.in = c.in[:left]
	}
	c.read = 0
}

func (c *conn) pduLimit() int {
	if c.session.bound() {
		return c.srv.Limits.BoundPDU
	}
	return c.srv.Limits.UnboundPDU
}

// setReadDeadline gives a waiting client its idle time, and a message that has
// begun to arrive a time of its own, set once, however slowly it drips.
func (c *conn) setReadDeadline(started *bool) error {
	c.mu.Lock()
	draining := c.draining
	c.mu.Unlock()
	if draining {
		return errDraining
	}
	switch {
	case len(c.in) > c.read && *started:
		return nil
	case len(c.in) > c.read:
		*started = true
		return c.nc.SetReadDeadline(time.Now().Add(c.srv.Limits.MessageTimeout))
	case c.session.bound():
		return c.nc.SetReadDeadline(time.Now().Add(c.srv.Limits.BoundIdle))
	}
	return c.nc.SetReadDeadline(time.Now().Add(c.srv.Limits.UnboundIdle))
}

var errDraining = errors.New("server is shutting down")

// drain asks the connection to end as soon as it has answered what it took.
func (c *conn) drain() {
	c.mu.Lock()
	c.draining = true
	c.mu.Unlock()
	c.nc.SetReadDeadline(time.Unix(1, 0)) // wakes a read that waits
}

// ended tells the client why the connection is closed, where there is a why.
func (c *conn) ended(err error) {
	var ne net.Error
	c.mu.Lock()
	draining := c.draining
	c.mu.Unlock()
	switch {
	case draining:
		c.notice(schema.Unavailable, "the server is shutting down")
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
	case errors.Is(err, wire.ErrFatal):
		c.srv.Log.Info("closing a connection that sent no LDAP message", "peer", c.nc.RemoteAddr().String(), "reason", err)
		c.notice(schema.ProtocolError, "the message is malformed or too large")
	case errors.As(err, &ne) && ne.Timeout() && len(c.in) > c.read:
		c.notice(schema.ProtocolError, "the message did not arrive in time")
	case errors.As(err, &ne) && ne.Timeout():
		c.notice(schema.Unavailable, "the connection was idle for too long")
	}
}

// notice sends a Notice of Disconnection (RFC 4511 4.4.1). LDAPv2 has none.
func (c *conn) notice(code schema.ResultCode, text string) {
	c.srv.metrics.notices.Inc()
	if c.session.version >= 3 {
		c.buf = wire.AppendNotice(c.buf, code, text)
	}
}

// refuseConnection answers a connection for which there is no room.
func (c *conn) refuseConnection() {
	c.nc.SetWriteDeadline(time.Now().Add(time.Second))
	c.nc.Write(wire.AppendNotice(nil, schema.Unavailable, "too many connections"))
	c.nc.Close()
}

// flush sends what this goroutine has to say.
func (c *conn) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	err := c.out.write(c.buf)
	if cap(c.buf) > 2*flushAt {
		c.buf = nil
	}
	c.buf = c.buf[:0]
	return err
}

// handshake starts TLS on the connection, within the time for one message.
func (c *conn) handshake() bool {
	t := tls.Server(c.nc, c.srv.TLS)
	c.nc.SetDeadline(time.Now().Add(c.srv.Limits.MessageTimeout))
	if err := t.Handshake(); err != nil {
		c.srv.Log.Info("TLS handshake failed", "peer", c.nc.RemoteAddr().String(), "error", err)
		return false
	}
	c.nc.SetDeadline(time.Time{})
	c.mu.Lock()
	c.nc = t
	c.mu.Unlock()
	c.out.replace(t)
	c.session.tls = true
	return true
}
