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
	// the one lock here that is held while a socket is waited for; taken before mu.
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

// maxPosted is how many bytes may be posted and not sent before no further
// writes are taken from the connection.
const maxPosted = 4 * flushAt

func newOutbox(nc net.Conn, timeout time.Duration, m *metrics) *outbox {
	return &outbox{nc: nc, timeout: timeout, metrics: m}
}

// write sends b, which holds whole messages, behind all that was posted: who
// waited for a write is answered after it. A client that takes no bytes for
// the write timeout loses the connection.
func (o *outbox) write(b []byte) error {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.sendPosted()
	return o.send(b)
}

// send sends b; sending is held.
func (o *outbox) send(b []byte) error {
	for len(b) > 0 && o.failed == nil {
		n, err := writeWithin(o.nc, b[:min(len(b), 4*flushAt)], o.timeout)
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
	o.rouse()
}

// postNow is post for one of few results: the caller has the time to hand the bytes
// to the kernel, if that takes them at once. To wake a goroutine for that costs 64
// clients that modify a fifth of the processor time.
func (o *outbox) postNow(add func(dst []byte) []byte) {
	if !o.sending.TryLock() {
		o.post(add)
		return
	}
	defer o.sending.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.posted = add(o.posted)
	if o.failed == nil {
		n := offer(o.nc, o.posted)
		o.metrics.sent.Add(float64(n))
		o.posted = o.posted[:copy(o.posted, o.posted[n:])]
	}
	if len(o.posted) > 0 {
		o.rouse()
	}
}

// rouse has the goroutine send what is posted; mu is held.
func (o *outbox) rouse() {
	if o.wake == nil {
		o.wake, o.stopped = make(chan struct{}, 1), make(chan struct{})
		go o.run(o.wake, o.stopped)
	}
	select {
	case o.wake <- struct{}{}:
	default: // a signal that is not taken yet will do for this post too
	}
}

// run sends what was posted until close.
func (o *outbox) run(wake <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	for range wake {
		o.drain()
	}
}

// drain sends what was posted so far. When it returns, nothing of that is on
// its way any more.
func (o *outbox) drain() {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.sendPosted()
}

// sendPosted is drain with sending held.
func (o *outbox) sendPosted() {
	o.mu.Lock()
	b := o.posted
	o.posted, o.spare = o.spare[:0], nil
	o.mu.Unlock()
	_ = o.send(b) // a failure is kept in o.failed
	o.mu.Lock()
	if cap(b) <= flushAt {
		o.spare = b[:0]
	}
	o.mu.Unlock()
}

// crowded tells whether so much is posted that the client has to read first.
func (o *outbox) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.posted) >= maxPosted
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
