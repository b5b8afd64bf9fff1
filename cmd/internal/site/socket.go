// socket.go: the local socket, however long its path is.

package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// maxSocketPath is the room in a sockaddr_un, less the final zero.
const maxSocketPath = 107

// socketTimeout bounds the attempt to reach a socket on the same machine.
const socketTimeout = 5 * time.Second

// ListenSocket listens on a UNIX socket of mode 0600. A file that was left
// behind by a dead process is replaced; one that answers is an error.
func ListenSocket(path string) (net.Listener, error) {
	address, done, err := socketAddress(path)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := removeDeadSocket(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", address)
	if err != nil {
		return nil, err
	}
	u := l.(*net.UnixListener)
	u.SetUnlinkOnClose(false) // address may be a name that ends with done
	if err := os.Chmod(path, ModeSecret); err != nil {
		l.Close()
		return nil, err
	}
	return &socketListener{UnixListener: u, path: path}, nil
}

// DialSocket connects to a UNIX socket.
func DialSocket(path string) (net.Conn, error) {
	address, done, err := socketAddress(path)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), socketTimeout)
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, "unix", address)
}

// socketListener removes its file when it is closed.
type socketListener struct {
	*net.UnixListener
	path string
}

func (l *socketListener) Close() error {
	err := l.UnixListener.Close()
	if err == nil {
		os.Remove(l.path)
	}
	return err
}

// socketAddress gives a name of path that fits into a socket address: below
// an open folder in /proc if path itself is too long. done ends that name.
func socketAddress(path string) (address string, done func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	address = "/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + filepath.Base(path)
	return address, func() { dir.Close() }, nil
}

func removeDeadSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is there and is no socket; remove it or choose another path", path)
	}
	conn, err := DialSocket(path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s: %w", path, syscall.EADDRINUSE)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
