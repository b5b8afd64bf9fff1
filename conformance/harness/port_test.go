// port_test.go: a port is given away once, and a server gets it.

package harness

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

func TestPortIsGivenAwayOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port := FreePort(t)
		if seen[port] {
			t.Errorf("port %d comes twice", port)
		}
		seen[port] = true
		if err := reserve(port); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("port %d can be reserved again: %v", port, err)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Errorf("a server does not get the port that is kept for it: %v", err)
			continue
		}
		l.Close()
	}
}
