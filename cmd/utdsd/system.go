// system.go: what the operating system is asked for and told.

package main

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
)

// raiseFileLimit takes all file descriptors that the hard limit allows: each
// connection needs one.
func raiseFileLimit(log *slog.Logger) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("cannot read the limit of open files", "error", err)
		return
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("cannot raise the limit of open files", "error", err)
	}
}

// notify tells a state (sd_notify(3)) to who started this process, if systemd or
// utstart did. utstart listens no more when the server has started.
func notify(state string, log *slog.Logger) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if errors.Is(err, syscall.ECONNREFUSED) {
		log.Debug("nobody wants to be told the state", "state", state)
		return
	}
	if err != nil {
		log.Warn("cannot reach systemd", "error", err)
		return
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		log.Warn("cannot tell systemd", "state", state, "error", err)
	}
}
