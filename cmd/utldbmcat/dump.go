// dump.go: from the store to the output.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

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
	changes           bool   // the log of changes is wanted
	from              uint64 // its first one
	salvage           bool   // what cannot be read is passed over
	out, errOut       *os.File

	line  *progress.Line
	begun bool // something may be written

	faults       int    // that a salvage has told
	saved, total uint64 // entries
}

func (d *dump) run(ctx context.Context) error {
	if command.IsTerminal(d.errOut) && (d.file != "" || !command.IsTerminal(d.out)) {
		d.line = progress.New(d.errOut)
	}
	err := d.dump(ctx)
	d.line.Clear()
	if err == nil {
		return d.incomplete()
	}
	return d.explain(err)
}

// incomplete is the last word on a dump that has passed something over.
func (d *dump) incomplete() error {
	if d.faults == 0 && d.saved == d.total {
		return nil
	}
	return fmt.Errorf("%d of %d entries could be read (told above what could not): look for the others on another server of the group or in an older dump; "+
		"utldif2ldbm -c -partial loads these", d.saved, d.total)
}

// dump opens the store, at rest or served, and writes.
func (d *dump) dump(ctx context.Context) error {
	state, err := backend.OpenState(d.store)
	switch {
	case errors.Is(err, backend.ErrLocked) && d.salvage:
		return fmt.Errorf("%w: -salvage reads a store that nobody serves: stop the server with utstop first", err)
	case errors.Is(err, backend.ErrLocked):
		return d.live(ctx)
	}
	if err != nil {
		return err
	}
	o := d.options()
	o.Jobs = runtime.NumCPU()
	return d.output(ctx, func(w *file) error {
		return errors.Join(d.write(ctx, state, w, o), state.Close())
	})
}

// live dumps a store that is served. The server's clients go first.
func (d *dump) live(ctx context.Context) error {
	if err := setPriority(unix.SCHED_IDLE, 0); err != nil {
		return fmt.Errorf("give way to the server: %w", err)
	}
	// A server that is never idle must not make the dump wait for ever, because
	// the store grows as long as the state is held. Who may not raise a priority
	// again goes on as it is.
	defer time.AfterFunc(patience, func() { _ = setPriority(unix.SCHED_NORMAL, impatientNice) }).Stop()
	return d.output(ctx, func(out *file) error {
		h, err := d.holdState(d.store)
		if err != nil {
			return err
		}
		err = d.held(ctx, h, out)
		return errors.Join(err, h.close())
	})
}

// held writes the state that is held to out. The state must not wait for out: see
// spool.
func (d *dump) held(ctx context.Context, h *hold, out *file) error {
	state, err := backend.OpenHeld(d.store, h.description)
	if err != nil {
		return err
	}
	o := d.options()
	o.Confirm = h.end
	s := newSpool(out, out.f, filepath.Dir(d.store))
	err = d.write(ctx, state, &paced{Writer: s}, o)
	if err = errors.Join(err, state.Close()); err != nil {
		return errors.Join(err, s.close())
	}
	return errors.Join(s.copy(), s.close())
}

// write writes what is wanted.
func (d *dump) write(ctx context.Context, state *backend.State, w io.Writer, o backend.DumpOptions) error {
	d.begun = true
	if d.changes {
		_, err := state.WriteChanges(ctx, w, d.from, o.Confirm)
		return err
	}
	if d.salvage {
		var err error
		d.total = state.Entries()
		d.saved, err = state.Salvage(ctx, w, o, func(fault error) {
			d.faults++
			d.line.Clear()
			fmt.Fprintln(d.errOut, "utldbmcat:", fault)
		})
		return err
	}
	_, err := state.WriteLDIF(ctx, w, o)
	return err
}

func (d *dump) options() backend.DumpOptions {
	return backend.DumpOptions{NoIDs: d.noIDs, NoComments: d.noComments, Progress: func(entries, total uint64) {
		d.line.Show("dumping", entries, int64(entries), int64(total))
	}}
}
