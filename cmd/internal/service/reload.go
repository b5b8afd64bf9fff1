package service

// reload.go: telling a running utdsd that a file has changed.

import (
	"fmt"
	"io"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// Reload asks the utdsd that is running to read its certificate, the group
// signature and the administrator's password again, and gives its process id; 0
// if none is running, which is no error.
func Reload(paths site.Paths) (pid int, err error) {
	s := Service{Paths: paths, Out: io.Discard}
	if pid, err = s.Running(); err != nil || pid == 0 {
		return 0, err
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return 0, fmt.Errorf("tell utdsd (process %d) that a file has changed: %w", pid, err)
	}
	return pid, nil
}
