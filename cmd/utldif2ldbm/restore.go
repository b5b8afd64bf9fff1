// restore.go: from the input to the store that is in its place.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/progress"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
)

// restore is utldif2ldbm after its command line is read.
type restore struct {
	paths   site.Paths
	conf    config.Config
	create  bool
	input   string
	jobs    int
	strict  bool
	partial bool
	salvage bool
	level   int
	out     io.Writer
	errOut  *os.File

	line  *progress.Line
	mu    sync.Mutex // guards errOut
	early early
}

func (r *restore) run(ctx context.Context) (err error) {
	begun := time.Now()
	if command.IsTerminal(r.errOut) {
		r.line = progress.New(r.errOut)
	}
	defer r.line.Clear()
	definitions, err := schema.LoadDir(r.conf.Schema.Dir)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	if !r.create {
		if err := r.mustBeEmpty(definitions); err != nil {
			return err
		}
	}
	in, err := r.openSource()
	if err != nil {
		return r.explain(err)
	}
	defer func() { err = errors.Join(err, in.close()) }()
	res, err := backend.Load(ctx, r.paths.Store, in, backend.LoadOptions{
		Schema: definitions, Suffix: r.conf.Suffix, Indexes: backend.Indexes{Eq: r.conf.Index.Eq, Sub: r.conf.Index.Sub},
		Jobs: r.jobs, Strict: r.strict, Partial: r.partial, Actor: r.conf.Admin.DN, Dialect: in.dialect,
		Report:   func(p backend.LoadProblem) { r.report(in, p) },
		Progress: func(p backend.LoadProgress) { r.progress(in, p) },
	})
	if err != nil {
		r.early.end(r.complain)
		return r.explainLoad(in, err)
	}
	return r.summary(in, res, time.Since(begun))
}

// mustBeEmpty refuses to load over something without -c.
func (r *restore) mustBeEmpty(definitions *schema.Schema) error {
	store, err := backend.Open(r.paths.Store, backend.Options{Schema: definitions, ReadOnly: true})
	switch {
	case errors.Is(err, backend.ErrNotThere):
		return nil
	case err != nil:
		return err
	}
	entries := store.Stats().Entries
	if err := store.Close(); err != nil {
		return err
	}
	if entries > 0 {
		return fmt.Errorf("the store %s has %d entries, and adding to a store is not what this program is for: "+
			"give -c to build it anew in its place (it is kept as %s), or add entries with ldapadd while the server runs",
			r.paths.Store, entries, r.paths.Previous)
	}
	return nil
}

// place tells a problem in the terms of the input.
func (s *source) place(p *backend.LoadProblem) string {
	if s.pages == nil || p.Line == 0 {
		return p.Error()
	}
	id, line := s.pages.entryAt(p.Line)
	if p.DN == "" {
		return fmt.Sprintf("entry %d, line %d of it: %s", id, line, p.Text)
	}
	return fmt.Sprintf("entry %d %q, line %d of it: %s", id, p.DN, line, p.Text)
}

func (r *restore) report(in *source, p backend.LoadProblem) {
	text := in.place(&p)
	if p.Note {
		text = "note: " + text
	}
	if r.early.keep(p, text) {
		return
	}
	r.complain("%s", text)
}

// complain writes one line to standard error.
func (r *restore) complain(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.Clear()
	fmt.Fprintf(r.errOut, "utldif2ldbm: "+format+"\n", args...)
}

// tell is complain for those who asked for it with -d.
func (r *restore) tell(level int, format string, args ...any) {
	if r.level >= level {
		r.complain(format, args...)
	}
}

func (r *restore) progress(in *source, p backend.LoadProgress) {
	if p.Stage == backend.LoadReading && p.Entries > 0 {
		r.early.tell(r.complain)
	}
	done, total := in.read.Load(), in.size
	if p.Stage != backend.LoadReading {
		done, total = 0, 0
	}
	r.line.Show(string(p.Stage), p.Entries, done, total)
}

// summary is the last word.
func (r *restore) summary(in *source, res *backend.LoadResult, took time.Duration) error {
	r.line.Clear()
	fmt.Fprintf(r.out, "%d entries loaded from %s in %s (%.0f entries/s); the next id is %d\n",
		res.Entries, in.name, took.Round(time.Millisecond), float64(res.Entries)/took.Seconds(), res.NextID)
	if res.Previous != "" {
		fmt.Fprintf(r.out, "The store that was there is kept as %q.\n", res.Previous)
	}
	r.tell(1, "position %s", res.Position)
	problems := res.Problems
	if in.pages != nil {
		problems += in.pages.lost
	}
	if problems == 0 {
		return nil
	}
	what := ""
	if res.LeftOut+res.Placeholders > 0 {
		what = fmt.Sprintf(": %s left out, %s made for missing superiors", counted(res.LeftOut, "entry was", "entries were"),
			counted(res.Placeholders, "placeholder was", "placeholders were"))
	}
	return command.Exit(withProblems, "%s with the input (told above)%s; look at that before the server is started, for its secondaries take over what it has: "+
		"mend the input and load it again, or go on with the store as it is", counted(problems, "problem", "problems"), what)
}

// counted is a number of things in words.
func counted(n int, one, more string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
