package service

// notice.go: being told by utdsd that it listens, as systemd is (sd_notify(3)).

import (
	"crypto/rand"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
)

// maxNotice is the room for one message.
const maxNotice = 4096

// notice is a socket for the messages of a utdsd that is started.
type notice struct {
	conn    *net.UnixConn
	ready   chan struct{} // closed when utdsd listens on all its addresses
	reading sync.WaitGroup
}

// newNotice makes a socket without a file, which utdsd reaches whatever its
// account is.
func newNotice() (*notice, error) {
	address := net.UnixAddr{Net: "unixgram", Name: "@utstart-" + rand.Text()}
	conn, err := net.ListenUnixgram(address.Net, &address)
	if err != nil {
		return nil, fmt.Errorf("prepare to hear of utdsd: %w", err)
	}
	n := &notice{conn: conn, ready: make(chan struct{})}
	n.reading.Go(n.read)
	return n, nil
}

// name is the value of NOTIFY_SOCKET.
func (n *notice) name() string { return n.conn.LocalAddr().String() }

// read ends when utdsd is ready or the socket is closed.
func (n *notice) read() {
	buf := make([]byte, maxNotice)
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			return
		}
		if slices.Contains(strings.Split(string(buf[:size]), "\n"), "READY=1") {
			close(n.ready)
			return
		}
	}
}

func (n *notice) close() {
	n.conn.Close()
	n.reading.Wait()
}
