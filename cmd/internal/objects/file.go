package objects

// file.go: a file of lines.

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/lines"
	"github.com/sunray-ds/utdsd/cmd/internal/progress"
)

// lanes is how many lines are at work at once. The server makes changes that come
// together durable together.
const lanes = 200

// file does what each line of a file says. A line that fails is told with its
// number and keeps no other one from being done.
func (t *tool[T]) file(c *admin.Client, path string, parse Parse, done string) error {
	in, size, err := open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := c.Several(); err != nil {
		return err
	}
	var bar *progress.Line
	if command.IsTerminal(t.errOut) {
		bar = progress.NewOf(t.errOut, "lines")
	}
	effect := "each without any effect"
	run := lines.Run{
		Lanes: lanes,
		Key:   func(fields []string) string { return fields[0] },
		Do: func(fields []string) error {
			action, err := parse(fields)
			if err == nil {
				err = action(c)
			}
			if errors.Is(err, admin.ErrUnreachable) || errors.Is(err, admin.ErrLost) {
				err = fmt.Errorf("%w: %w", lines.ErrStop, err)
			}
			return err
		},
		Report: func(line int, err error) {
			if errors.Is(err, admin.ErrLost) {
				effect = "some perhaps with an effect"
			}
			bar.Clear()
			fmt.Fprintf(t.errOut, "line %d: %s\n", line, command.Shorten(err.Error()))
		},
		Progress: func(n uint64, bytes int64) { bar.Show(done, n, bytes, size) },
	}
	result, err := run.File(in)
	bar.Clear()
	t.say(done, result.Done)
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case result.NotBegun > 0:
		return fmt.Errorf("%d lines failed (told above), %s; nothing more was begun from line %d on", result.Failed, effect, result.NotBegun)
	case result.Failed > 0:
		return fmt.Errorf("%d of %d lines failed (told above), %s", result.Failed, result.Failed+result.Done, effect)
	}
	return nil
}

// open opens a file, - for standard input. size is 0 if it is not known.
func open(path string) (in io.ReadCloser, size int64, err error) {
	f := os.Stdin
	if path != "-" {
		if f, err = os.Open(path); err != nil {
			return nil, 0, err
		}
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}
