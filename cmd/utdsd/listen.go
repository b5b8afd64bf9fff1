// listen.go: the listeners, and a clear sentence when one cannot be had.

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/server"
)

// listener is one address of the server.
type listener struct {
	net.Listener
	name   string // URL as it is told
	socket string // path of a local socket
	secure bool
}

func (l listener) serve(s *server.Server) error {
	var err error
	if l.secure {
		err = s.ServeTLS(l.Listener)
	} else {
		err = s.Serve(l.Listener)
	}
	if errors.Is(err, server.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", l.name, err)
}

// listen opens every address of the configuration or none. The store is open
// by now: its lock says that no other utdsd serves this root, so a socket that
// lies beside it is a dead one.
func (d *daemon) listen(log *slog.Logger) (all []listener, err error) {
	defer func() {
		if err != nil {
			closeAll(all)
		}
	}()
	for _, text := range d.conf.Listen {
		u, err := config.ParseURL(text)
		if err != nil {
			return all, err
		}
		l := listener{secure: u.Scheme == config.SchemeLDAPS}
		if u.Scheme == config.SchemeLDAPI {
			if u.Address == "" {
				u.Address = d.paths.Socket
			}
			l.socket = u.Address
			l.Listener, err = site.ListenSocket(u.Address)
		} else {
			l.Listener, err = net.Listen("tcp", u.Address)
		}
		if err != nil {
			return all, refused(u.String(), "-H or the key listen of the configuration", err)
		}
		if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil && u.Scheme != config.SchemeLDAPI {
			host, _, _ := net.SplitHostPort(u.Address)
			u.Address = net.JoinHostPort(host, port) // the real one instead of 0
		}
		l.name = u.String()
		all = append(all, l)
	}
	return d.local(all, log), nil
}

// local adds the socket beside the store if it is not among the addresses: -H
// chooses where clients come in, but utldbmcat needs its way, too. That it
// cannot be made, as on a full disk, keeps no client away.
func (d *daemon) local(all []listener, log *slog.Logger) []listener {
	for _, l := range all {
		if l.socket == d.paths.Socket {
			return all
		}
	}
	l, err := site.ListenSocket(d.paths.Socket)
	if err != nil {
		log.Warn("no local socket: utldbmcat cannot read the store while it is served", "error", err)
		return all
	}
	return append(all, listener{Listener: l, name: "ldapi://", socket: d.paths.Socket})
}

// refused says why an address cannot be had and what to do; option is what chooses
// another one.
func refused(name, option string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: the address is in use; stop the program that has it (ss -ltnp shows it), or choose another one with %s: %w", name, option, err)
	case errors.Is(err, syscall.EACCES):
		// Not wrapped: what to do about a missing right is told here.
		return fmt.Errorf("cannot listen on %s: it is not allowed; run as root or choose a port above 1023 with %s: %v", name, option, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s: this machine has no such address; choose another one with %s: %w", name, option, err)
	}
	return fmt.Errorf("cannot listen on %s: %w", name, err)
}

func closeAll(all []listener) {
	for _, l := range all {
		l.Close()
	}
}
