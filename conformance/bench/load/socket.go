// socket.go: connections as file descriptors, which one thread can wait for.

package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// patience is how long no server may keep the load waiting.
const patience = 120 // seconds

// socket is a connection.
type socket struct{ fd int }

// connect opens a connection to a loopback address, host:port.
func connect(address string) (socket, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return socket{-1}, fmt.Errorf("connect: %w", err)
	}
	if !a.Addr().Is4() || !a.Addr().IsLoopback() {
		return socket{-1}, fmt.Errorf("connect to %s: only loopback addresses are put under load", address)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return socket{-1}, fmt.Errorf("connect: %w", err)
	}
	s := socket{fd}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: patience}),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: patience}))
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()})
		for errors.Is(err, unix.EINTR) { // by the runtime; Linux goes on with the same connection
			err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()})
		}
	}
	if err != nil {
		s.close()
		return socket{-1}, fmt.Errorf("connect to %s: %w", address, err)
	}
	return s, nil
}

// read waits for bytes. The end of the stream is io.ErrUnexpectedEOF.
func (s socket) read(b []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, fmt.Errorf("read: %w", err)
		case n == 0:
			return 0, io.ErrUnexpectedEOF
		}
		return n, nil
	}
}

// write sends all of b.
func (s socket) write(b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(s.fd, b)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("write: %w", err)
		}
		b = b[max(n, 0):]
	}
	return nil
}

func (s socket) close() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd) // nothing is lost that is not lost anyway
	}
}

// inbox holds what was read and is not yet looked at.
type inbox struct {
	buf        []byte
	begin, end int
}

// fill reads once, behind what is there.
func (i *inbox) fill(s socket) error {
	if i.begin == i.end {
		i.begin, i.end = 0, 0
	}
	if i.end == len(i.buf) {
		if i.begin > 0 {
			i.end = copy(i.buf, i.buf[i.begin:i.end])
			i.begin = 0
		} else {
			i.buf = append(i.buf, make([]byte, max(len(i.buf), 4096))...)
		}
	}
	n, err := s.read(i.buf[i.end:])
	i.end += n
	return err
}

// next takes the next whole LDAPMessage; ok is false if more has to be read. It
// holds until the next fill.
func (i *inbox) next() (m message, ok bool, err error) {
	b := i.buf[i.begin:i.end]
	begin, length, ok, err := header(b)
	if err != nil || !ok || begin+length > len(b) {
		return m, false, err
	}
	if b[0] != tagSequence {
		return m, false, errAnswer
	}
	i.begin += begin + length
	m, err = parse(b[begin : begin+length])
	return m, err == nil, err
}
