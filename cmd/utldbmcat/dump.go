// dump.go: from the store to the output.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/progress"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// dump is utldbmcat after its command line is read.
type dump struct {
	paths             site.Paths
	store             string
	file              string // "" is standard output
	noIDs, noComments bool
	out, errOut       *os.File

	line *progress.Line
}

func (d *dump) run(ctx context.Context) error {
	if command.IsTerminal(d.errOut) && (d.file != "" || !command.IsTerminal(d.out)) {
		d.line = progress.New(d.errOut)
	}
	err := d.dump(ctx)
	d.line.Clear()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return errors.New("the dump is cut off: nobody reads the output any more (broken pipe)")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the dump is cut off: the disk is full: %w", err)
	case errors.Is(err, context.Canceled):
		return errors.New("the dump is cut off: ended by a signal")
	}
	return err
}

// dump opens the store, at rest or served, and writes.
func (d *dump) dump(ctx context.Context) (err error) {
	state, err := backend.OpenState(d.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	o := d.options()
	o.Jobs = runtime.NumCPU()
	return d.output(func(w io.Writer) error {
		_, err := state.WriteLDIF(ctx, w, o)
		return err
	})
}

func (d *dump) options() backend.DumpOptions {
	return backend.DumpOptions{NoIDs: d.noIDs, NoComments: d.noComments, Progress: func(entries, total uint64) {
		d.line.Show("dumping", entries, int64(entries), int64(total))
	}}
}
