// port.go: ports for servers that may be down for a while.

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
)

// Ports are sought below those that the system gives to connections on their
// way out: one of these could take the port of a server while that is down, or
// even be connected to itself there.
const (
	portsBelow = 16000 // so many below the system's
	portTries  = 200
)

// FreePort returns a TCP port of the loopback address that nobody uses now, and
// that no other call gives away within the next minute, in whichever process.
func FreePort(tb testing.TB) int {
	tb.Helper()
	low := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if _, err := fmt.Sscan(string(text), &low); err != nil {
			tb.Fatalf("read the range of ports: %v", err)
		}
	}
	first := max(low-portsBelow, 1024)
	if low <= first {
		tb.Fatalf("the system gives away all ports from %d on", low)
	}
	for range portTries {
		port := first + rand.IntN(low-first)
		err := reserve(port)
		if err == nil {
			return port
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			tb.Fatalf("find a free port: %v", err)
		}
	}
	tb.Fatalf("no free port among %d", portTries)
	return 0
}

// reserve listens on a port, and leaves it with a connection that has just
// been closed: for a minute only those get it who insist (SO_REUSEADDR), as
// servers do and reserve does not.
func reserve(port int) error {
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return insist(c, 0) }}
	l, err := listen.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	if err := insist(c, 1); err != nil { // the connection's end has it from here
		return err
	}
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer out.Close()
	in, err := l.Accept()
	if err != nil {
		return err
	}
	return in.Close() // first: the end that closes first keeps the port
}

// insist sets SO_REUSEADDR.
func insist(c syscall.RawConn, yes int) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, yes)
	})
	return errors.Join(err, failed)
}
