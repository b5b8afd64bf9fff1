package server

import (
	"net"
	"sync"
	"time"
)

// outbox is the sending side of a connection. Whoever has whole messages to
// send hands them to write; results of the store's writer, which must never
// wait for a socket, are put with post and sent by a goroutine of the outbox
// that exists once there was such a result.
type outbox struct {
	timeout time.Duration
	metrics *metrics

	// sending is held while bytes go out, so that messages do not mix. It is
	// the one lock here that is held across I/O; it guards nothing else.
	sending sync.Mutex
	nc      net.Conn
	failed  error

	mu      sync.Mutex
	posted  []byte
	spare   []byte
	wake    chan struct{} // nil until the first post
	stopped chan struct{}
	closed  bool
}

func newOutbox(nc net.Conn, timeout time.Duration, m *metrics) *outbox {
	return &outbox{nc: nc, timeout: timeout, metrics: m}
}

// write sends b, which holds whole messages. A client that takes no bytes for
// the write timeout loses the connection.
func (o *outbox) write(b []byte) error {
	o.sending.Lock()
	defer o.sending.Unlock()
	for len(b) > 0 && o.failed == nil {
		o.nc.SetWriteDeadline(time.Now().Add(o.timeout))
		n, err := o.nc.Write(b[:min(len(b), 4*flushAt)])
		o.metrics.sent.Add(float64(n))
		b = b[n:]
		if err != nil {
			o.failed = err
			o.nc.Close() // also wakes the reader
		}
	}
	return o.failed
}

// replace changes the connection beneath, when TLS starts. Nothing is in
// flight then.
func (o *outbox) replace(nc net.Conn) {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.nc = nc
}

// post hands over messages made by add; it never waits for the socket.
func (o *outbox) post(add func(dst []byte) []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.posted = add(o.posted)
	if o.wake == nil {
		o.wake, o.stopped = make(chan struct{}, 1), make(chan struct{})
		go o.send(o.wake, o.stopped)
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// send writes what was posted until close.
func (o *outbox) send(wake <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	for range wake {
		o.mu.Lock()
		b := o.posted
		o.posted, o.spare = o.spare[:0], nil
		o.mu.Unlock()
		if len(b) > 0 {
			o.write(b)
		}
		o.mu.Lock()
		if cap(b) <= flushAt {
			o.spare = b[:0]
		}
		o.mu.Unlock()
	}
}

// close sends what is still posted and ends the goroutine. Posts after it are
// dropped: the client is gone.
func (o *outbox) close() {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	o.closed = true
	wake, stopped := o.wake, o.stopped
	if wake != nil {
		close(wake) // a signal still in it is delivered first
	}
	o.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
}
