package server

import (
	"errors"
	"net"
	"time"

	"github.com/sunray-ds/utdsd/server/wire"
)

// firstRead is the size of a new receive buffer: most requests are smaller.
const firstRead = 4 << 10

var errDraining = errors.New("server is shutting down")

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
		c.makeRoom(n)
		if !c.armRead(&started) {
			return nil, errDraining
		}
		m, err := c.nc.Read(c.in[len(c.in):cap(c.in)])
		for err != nil && m == 0 && c.early(err) {
			m, err = c.nc.Read(c.in[len(c.in):cap(c.in)])
		}
		c.in = c.in[:len(c.in)+m]
		c.srv.metrics.received.Add(float64(m))
		if err != nil && m == 0 && !c.mayIdle(err) {
			return nil, err
		}
	}
}

// makeRoom makes room behind what was received, to read more of a message of n
// bytes (0: not known yet). Memory grows with what has arrived, not with what
// was announced, and not before it is full: a message may arrive in many pieces.
func (c *conn) makeRoom(n int) {
	left := len(c.in) - c.read
	if left == 0 {
		if cap(c.in) > flushAt {
			c.in = nil // an idle connection keeps no large buffer
		}
		c.in, c.read = c.in[:0], 0
	}
	room := cap(c.in) - len(c.in)
	if room >= firstRead/2 || room > 0 && n > 0 && left+room >= n {
		return
	}
	size := max(firstRead, min(n, 2*left))
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

// armRead gives a waiting client its idle time, and a message that has begun to
// arrive a time of its own, set once, however slowly it drips. It reports false
// if nothing is to be read any more.
func (c *conn) armRead(started *bool) bool {
	switch {
	case len(c.in) > c.read && *started:
		return !c.isDraining()
	case len(c.in) > c.read:
		*started = true
		return c.await(c.srv.Limits.MessageTimeout)
	case c.session.bound():
		return c.await(c.srv.Limits.BoundIdle)
	}
	return c.await(c.srv.Limits.UnboundIdle)
}

// await gives the client d from now to send something.
func (c *conn) await(d time.Duration) bool {
	due := now().Add(d)
	// Where the deadline stays as it is and the connection is draining, the read
	// fails at once.
	return !c.silence.renew(due) || c.setReadDeadline(due)
}

// setReadDeadline sets the deadline unless the connection is draining. It holds
// the lock so that it cannot undo the deadline by which drain wakes the reader.
func (c *conn) setReadDeadline(until time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return false
	}
	c.raw.SetReadDeadline(until) // fails only if closed, which the read tells
	return true
}

// early tells whether a read has failed only because of a deadline that was not
// moved on, as it is now.
func (c *conn) early(err error) bool {
	return timedOut(err) && !c.silence.passed(now()) && c.silence.renew(c.silence.due) && c.setReadDeadline(c.silence.due)
}

// mayIdle tells whether a failed read is only the idle time of a client that
// waits for us.
func (c *conn) mayIdle(err error) bool {
	return timedOut(err) && len(c.in) == c.read && c.busy() && !c.isDraining()
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
