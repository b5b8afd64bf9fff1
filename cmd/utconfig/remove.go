// remove.go: utconfig -u.

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// removal is what utconfig -u was told.
type removal struct {
	paths site.Paths
	purge bool
	out   io.Writer
}

// kept are the files that stay under another name, and removed those that go.
// Without the first one utdsd does not start, so it is the first to go.
func (r *removal) kept() [][2]string {
	p := r.paths
	return [][2]string{
		{p.Config, p.Config + ".bak"},
		{p.Store, p.Previous},
		{p.Signature, p.Signature + ".bak"},
	}
}

func (r *removal) removed() []string {
	p := r.paths
	return []string{p.Admin, p.Password, p.Role, p.PID, p.Socket, p.Ballast}
}

func (r *removal) run(ask dialog, yes bool) error {
	if !r.anything() {
		r.say("The data store below %s is not set up: there is nothing to remove.", r.paths.Root)
		return nil
	}
	if !yes {
		if err := r.question(ask); err != nil {
			return err
		}
	}
	if err := (&service.Service{Paths: r.paths, Out: r.out}).Stop(); err != nil {
		return err
	}
	r.say("Removing Sun Ray Data Store configuration ...")
	for _, names := range r.kept() {
		err := site.Replace(names[0], names[1])
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return fmt.Errorf("keep %s: %w", names[0], err)
		case !r.purge:
			r.say("%q is kept as %q.", names[0], names[1])
		}
	}
	for _, name := range r.removed() {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the configuration: %w", err)
		}
	}
	if r.purge {
		if err := r.purgeAll(); err != nil {
			return err
		}
	}
	r.say("The configuration of Sun Ray Data Store has been removed.")
	return nil
}

func (r *removal) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// anything tells whether there is anything to remove.
func (r *removal) anything() bool {
	names := []string{r.paths.Admin, r.paths.Password, r.paths.Role}
	for _, pair := range r.kept() {
		names = append(names, pair[0])
		if r.purge {
			names = append(names, pair[1])
		}
	}
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

func (r *removal) question(ask dialog) error {
	fate := "The data is kept as " + r.paths.Previous + "."
	if r.purge {
		fate = "All its data and the backups are removed, too."
	}
	fmt.Fprintf(ask.out, "About to stop the data store of this server and to remove its configuration.\n%s\n\n", fate)
	return ask.goOn(false)
}

// purgeAll removes data, logs and backups. A folder that is a link or a disk of
// its own is emptied and stays.
func (r *removal) purgeAll() error {
	var all []string
	for _, dir := range []string{filepath.Dir(r.paths.Store), r.paths.Log} {
		files, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the data: %w", err)
		}
		for _, f := range files {
			all = append(all, filepath.Join(dir, f.Name()))
		}
	}
	for _, names := range r.kept() {
		all = append(all, names[1])
	}
	for _, name := range all {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("remove the data: %w", err)
		}
	}
	return nil
}
