// explain.go: what an error means for the store, and what to do about it.

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
)

// explainLoad completes an error of the load.
func (r *restore) explainLoad(in *source, err error) error {
	var p *backend.LoadProblem
	switch {
	case errors.As(err, &p):
		return fmt.Errorf("%s, %s; %s (without -strict the load goes on past such a problem)", in.name, in.place(p), r.unchanged())
	case errors.Is(err, backend.ErrEmptyInput) && r.early.all() > 0:
		return fmt.Errorf("%s: %s; %s: is it the dump of another server? the key suffix of the configuration names what this one holds", in.name,
			outside(r.early.all(), r.conf.Suffix), r.unchanged())
	case errors.Is(err, backend.ErrEmptyInput):
		return fmt.Errorf("%s: %w; %s: %s", in.name, err, r.unchanged(), wanted)
	case errors.Is(err, backend.ErrCutOff):
		return fmt.Errorf("%s: %w; %s: copy it again or make a new dump, or load what there is of it with -partial", in.name, err, r.unchanged())
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ended by a signal; %s", r.unchanged())
	case errors.Is(err, backend.ErrNotDurable):
		return fmt.Errorf("%w: look at the disk, and load again", err)
	}
	return r.explain(err)
}

// explain completes an error after which nothing was changed.
func (r *restore) explain(err error) error {
	var packed *unpackError
	switch {
	case errors.As(err, &packed):
		return fmt.Errorf("%w; %s: copy it again, or unpack what can be unpacked (gzip -dc) and load that", err, r.unchanged())
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk is full: %w; %s: make room in the folder of the store, where a load needs up to %d times the size of the dump (unpacked), and load again",
			err, r.unchanged(), roomForLoad)
	case errors.Is(err, fs.ErrPermission):
		err = permission(err)
	}
	return fmt.Errorf("%w; %s", err, r.unchanged())
}

// roomForLoad is how much larger the new store and the sorted runs that it is made
// of are together: four times a dump of ours, 6.5 times one without operational
// attributes.
const roomForLoad = 7

// permission completes an error about missing rights.
func permission(err error) error {
	return fmt.Errorf("%w: %s", err, command.AsRoot)
}

// unchanged tells what is there after a load that has failed.
func (r *restore) unchanged() string {
	if _, err := os.Lstat(r.paths.Store); errors.Is(err, fs.ErrNotExist) {
		return "no store was made"
	}
	return "the old store is as it was"
}
