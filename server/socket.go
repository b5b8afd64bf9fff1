package server

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

// socket is an accepted connection of which each read and write is one call of
// the kernel that cannot block. Go's own way announces each call to the scheduler
// as one that may: where processors are scarce that gives the processor to another
// thread and back. Without it a base search took 17 µs of processor time instead of
// 27 (64 clients on two cores, with deadlines that are moved rarely). There may be
// one reader and one writer at a time.
type socket struct {
	net.Conn // deadlines, addresses and Close
	raw      syscall.RawConn
	in, out  transfer
	stall    time.Duration // of the write at hand until it is given up; 0: set, or none
}

// transfer is one direction of a socket.
type transfer struct {
	b    []byte
	n    int
	err  error
	step func(fd uintptr) (done bool) // made once, so that calls allocate nothing
	once func(fd uintptr) (done bool) // a step that is the last in any case
}

// longCall is the number of bytes from which copying them takes so long that the
// scheduler had better know.
const longCall = 32 << 10

// newSocket makes a socket of a connection of the kernel's. Any other, as tests
// have, is given back as it is.
func newSocket(nc net.Conn) net.Conn {
	k, ok := nc.(syscall.Conn)
	if !ok {
		return nc
	}
	raw, err := k.SyscallConn()
	if err != nil {
		return nc
	}
	s := &socket{Conn: nc, raw: raw}
	s.in.step = func(fd uintptr) bool { return s.in.call(receive, fd) }
	s.out.step = s.send
	s.out.once = func(fd uintptr) bool {
		s.out.call(transmit, fd)
		return true
	}
	return s
}

// call makes a transfer by one call of the kernel; it is not done if the kernel
// would have to wait.
func (t *transfer) call(try func(fd uintptr, b []byte) (int, syscall.Errno), fd uintptr) (done bool) {
	for {
		n, errno := try(fd, t.b)
		switch errno {
		case 0:
			t.n, t.err = n, nil
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.n, t.err = 0, errno
			return true
		}
	}
}

func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 || len(b) > longCall {
		return s.Conn.Read(b)
	}
	t := &s.in
	t.b = b
	err := s.raw.Read(t.step)
	t.b = nil
	runtime.KeepAlive(b)
	switch {
	case err != nil: // a deadline, or closed
		return 0, err
	case t.err != nil:
		return 0, &net.OpError{Op: "read", Net: s.LocalAddr().Network(), Addr: s.RemoteAddr(), Err: os.NewSyscallError("recvfrom", t.err)}
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// writeWithin is nc.Write for a client that may take no bytes for d.
func writeWithin(nc net.Conn, b []byte, d time.Duration) (int, error) {
	s, ok := nc.(*socket)
	if !ok || len(b) > longCall {
		nc.SetWriteDeadline(time.Now().Add(d))
		n, err := nc.Write(b)
		if ok {
			nc.SetWriteDeadline(time.Time{})
		}
		return n, err
	}
	// Nearly every write is taken at once and needs no deadline: it is set when
	// the kernel has no room left.
	s.stall = d
	n, err := s.Write(b)
	if s.stall == 0 {
		s.SetWriteDeadline(time.Time{})
	}
	s.stall = 0
	return n, err
}

// offer sends as much of b as the kernel takes at once, and never waits. An error
// is for the next write to tell. What is no socket, as with TLS, takes nothing.
func offer(nc net.Conn, b []byte) (sent int) {
	s, ok := nc.(*socket)
	if !ok || len(b) == 0 || len(b) > longCall {
		return 0
	}
	t := &s.out
	t.b, t.n, t.err = b, 0, nil
	err := s.raw.Write(t.once)
	t.b = nil
	runtime.KeepAlive(b)
	if err != nil || t.err != nil {
		return 0
	}
	return t.n
}

// send is one step of writing.
func (s *socket) send(fd uintptr) (done bool) {
	if s.out.call(transmit, fd) {
		return true
	}
	if s.stall > 0 {
		s.SetWriteDeadline(time.Now().Add(s.stall))
		s.stall = 0
	}
	return false
}

// Write sends all of b, or as much as goes before a deadline.
func (s *socket) Write(b []byte) (sent int, err error) {
	t := &s.out
	for len(b) > 0 && len(b) <= longCall {
		t.b = b
		err := s.raw.Write(t.step)
		t.b = nil
		runtime.KeepAlive(b)
		if err == nil && t.err != nil {
			err = &net.OpError{Op: "write", Net: s.LocalAddr().Network(), Addr: s.RemoteAddr(), Err: os.NewSyscallError("sendto", t.err)}
		}
		if err != nil {
			return sent, err
		}
		sent, b = sent+t.n, b[t.n:]
	}
	if len(b) == 0 {
		return sent, nil
	}
	n, err := s.Conn.Write(b)
	return sent + n, err
}

// patience is until when something is waited for. The deadline of the connection
// is moved on only after it has passed, which costs nothing while there is
// traffic: it is never later than due.
type patience struct{ due, deadline time.Time }

// renew waits until due. It tells whether the deadline has to be set to that.
func (p *patience) renew(due time.Time) (set bool) {
	p.due = due
	if p.deadline.IsZero() || p.deadline.After(due) {
		p.deadline, set = due, true
	}
	return set
}

// passed tells, after a deadline has passed, whether due has. If it has not, the
// deadline has to be set by a further renew.
func (p *patience) passed(now time.Time) bool {
	p.deadline = time.Time{}
	return !now.Before(p.due)
}
