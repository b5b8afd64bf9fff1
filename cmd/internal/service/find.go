package service

// find.go: which process serves this installation, if any.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// program is the name of the server's program and, as it is short, that of its
// process.
const program = "utdsd"

// find gives the process that serves this installation; nil if there is none. A
// file with the id of another program's process is told of and passed over.
func (s *Service) find() (*process, error) {
	text, err := os.ReadFile(s.Paths.PID)
	switch {
	case errors.Is(err, os.ErrNotExist): // a full disk keeps utdsd from writing it
		return s.findBySocket()
	case err != nil:
		return nil, fmt.Errorf("find utdsd: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 1 {
		fmt.Fprintf(s.Out, "%s holds no process id and is passed over\n", s.Paths.PID)
		return s.findBySocket()
	}
	p, err := newProcess(pid)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		fmt.Fprintf(s.Out, "%s was left behind: process %d has ended\n", s.Paths.PID, pid)
	case p.name != program || !s.hasStore(pid):
		fmt.Fprintf(s.Out, "%s was left behind: process %d is %s, not the utdsd of this server\n", s.Paths.PID, pid, p.name)
	default:
		return p, nil
	}
	return s.findBySocket()
}

// hasStore tells whether the process has the store of this installation open,
// or one that was there before. Without the right to look, its name must do.
func (s *Service) hasStore(pid int) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(dir)
	if err != nil {
		return errors.Is(err, os.ErrPermission)
	}
	ours, err := os.Stat(s.Paths.Store)
	if err != nil {
		ours = nil
	}
	for _, f := range files {
		fd := filepath.Join(dir, f.Name())
		theirs, err := os.Stat(fd)
		if err != nil {
			continue
		}
		if ours != nil && os.SameFile(ours, theirs) {
			return true
		}
		if name, err := os.Readlink(fd); err == nil && name == s.Paths.Store+" (deleted)" {
			return true
		}
	}
	return false
}

// findBySocket asks the kernel who listens on the local socket.
func (s *Service) findBySocket() (*process, error) {
	nc, err := site.DialSocket(s.Paths.Socket)
	if err != nil {
		return nil, nil // nobody does, or nobody whom this user may ask
	}
	defer nc.Close()
	raw, err := nc.(*net.UnixConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var peer *syscall.Ucred
	var fault error
	err = raw.Control(func(fd uintptr) {
		peer, fault = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, fault); err != nil {
		return nil, fmt.Errorf("find utdsd: %w", err)
	}
	p, err := newProcess(int(peer.Pid))
	if p == nil || p.name != program {
		return nil, err
	}
	return p, nil
}
