// echo.go: the least that a server can do, as the limit of what can be measured.

package load

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// remembered is the most that an answer may have to be kept.
const remembered = 64 << 10

// echo answers with bytes that it has ready. It is one thread that waits for all
// connections at once, which takes less time for an answer than anything else
// that a program can do with sockets.
type echo struct {
	poll        int
	clients     map[int32]*inbox // by descriptor
	asks, binds *Session         // with the server behind
	known       map[string]answer
	out         []byte
}

// answer is all messages of the answer to a request.
type answer struct {
	bytes []byte
	ids   []int // where the four octets of each messageID are
}

// Echo serves a port of loopback and tells its address, host:port. What it is
// asked it asks the server at behind, whom it binds to as dn, and answers from
// then on with the bytes of then: to binds, and to searches without controls. It
// returns only with an error.
func Echo(behind, dn, password string, tell func(address string)) (err error) {
	e := &echo{clients: map[int32]*inbox{}, known: map[string]answer{}}
	if e.asks, err = Open(behind, dn, password); err != nil {
		return err
	}
	defer e.asks.Close()
	if e.binds, err = Open(behind, "", ""); err != nil {
		return err
	}
	defer e.binds.Close()
	door, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	defer func() { _ = unix.Close(door) }()
	if err := errors.Join(unix.Bind(door, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(door, 1024)); err != nil {
		return fmt.Errorf("echo: listen: %w", err)
	}
	at, err := unix.Getsockname(door)
	if err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	if e.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	defer func() { _ = unix.Close(e.poll) }()
	defer e.leave()
	if err := e.watch(door); err != nil {
		return err
	}
	tell(fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port))
	return e.loop(int32(door))
}

// leave ends all connections.
func (e *echo) leave() {
	for fd := range e.clients {
		socket{int(fd)}.close()
	}
}

func (e *echo) watch(fd int) error {
	if err := unix.EpollCtl(e.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	return nil
}

func (e *echo) loop(door int32) error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(e.poll, events, -1)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("echo: wait: %w", err)
		}
		for _, one := range events[:max(n, 0)] {
			if one.Fd == door {
				err = e.accept(int(door))
			} else {
				err = e.serve(socket{int(one.Fd)})
			}
			if err != nil {
				return err
			}
		}
	}
}

func (e *echo) accept(door int) error {
	fd, _, err := unix.Accept4(door, unix.SOCK_CLOEXEC)
	if err == unix.EINTR || err == unix.ECONNABORTED {
		return nil
	}
	if err != nil {
		return fmt.Errorf("echo: accept: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	e.clients[int32(fd)] = &inbox{buf: make([]byte, runBuffer)}
	return e.watch(fd)
}

// serve answers what a client has sent. One who leaves is no error.
func (e *echo) serve(s socket) error {
	in := e.clients[int32(s.fd)]
	if err := in.fill(s); err != nil {
		delete(e.clients, int32(s.fd))
		s.close()
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.ECONNRESET) {
			return nil
		}
		return err
	}
	e.out = e.out[:0]
	for {
		m, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			return s.write(e.out)
		}
		a, ok := e.known[string(m.op)]
		if !ok {
			if a, err = e.ask(m); err != nil {
				return err
			}
		}
		n := len(e.out)
		e.out = append(e.out, a.bytes...)
		for _, at := range a.ids {
			id := e.out[n+at:]
			id[0], id[1], id[2], id[3] = byte(m.id>>24), byte(m.id>>16), byte(m.id>>8), byte(m.id)
		}
	}
}

// ask gets an answer from the server behind, and keeps it.
func (e *echo) ask(m message) (a answer, err error) {
	s := e.asks
	if m.op[0] == tagBindRequest {
		s = e.binds
	}
	r := newRequest(m.op)
	last, err := s.exchange(&r, 0, func(op []byte) error { a.add(op); return nil })
	if err != nil {
		return a, fmt.Errorf("echo: %w", err)
	}
	a.add(last.op)
	if (m.op[0] == tagBindRequest || m.op[0] == tagSearchRequest) && len(a.bytes) <= remembered {
		e.known[string(m.op)] = a
	}
	return a, nil
}

// add puts a message behind those that are there.
func (a *answer) add(op []byte) {
	r := newRequest(op) // a message is a message, whoever sends it
	a.ids = append(a.ids, len(a.bytes)+r.id)
	a.bytes = append(a.bytes, r.pdu...)
}
