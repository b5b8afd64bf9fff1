// explain.go: what an error means for the dump, and what to do about it.

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
)

// explain completes the errors that somebody can do something about.
func (d *dump) explain(err error) error {
	if err == nil {
		return nil
	}
	if d.begun {
		err = fmt.Errorf("the dump is cut off: %w", err)
	}
	var damage *backend.DamageError
	var out *outputError
	switch {
	case errors.Is(err, syscall.EPIPE):
		return errors.New("the dump is cut off: nobody reads the output any more (broken pipe)")
	case errors.Is(err, context.Canceled):
		return errors.New("the dump is cut off: ended by a signal")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: the disk is full: make room, or name another place with -o, and dump again", err)
	case errors.As(err, &damage):
		return fmt.Errorf("%w (utdsd -check tells what else is damaged; another server of the group can be dumped instead; -salvage writes what can be read)", err)
	case errors.As(err, &out):
		return fmt.Errorf("%w: name another place with -o", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s", err, command.AsRoot)
	}
	return err
}

// outputError tells that the place that -o names cannot be written.
type outputError struct {
	dir string
	err error
}

func (e *outputError) Error() string { return fmt.Sprintf("make the dump in %s: %v", e.dir, e.err) }

func (e *outputError) Unwrap() error { return e.err }
