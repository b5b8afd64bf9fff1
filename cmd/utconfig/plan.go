// plan.go: what is to be done, from the command line, from the answers and from
// what is there already.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// present is what an earlier run has left.
type present struct {
	store    bool // there is a store
	admin    site.Admin
	password []byte // clear
}

// lookAround finds out what is there. A store whose other files are missing or
// damaged is an error: only -force makes it a server again.
func lookAround(p site.Paths, force bool) (present, error) {
	_, err := os.Stat(p.Store)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return present{}, nil
	case err != nil:
		return present{}, fmt.Errorf("look for a store: %w", err)
	case force:
		return present{store: true}, nil
	}
	if err := isStore(p.Store); err != nil {
		return present{}, fmt.Errorf("%w; %s", err, forceHint(p))
	}
	now := present{store: true}
	_, err = os.Stat(p.Config)
	if err == nil {
		now.admin, err = p.ReadAdmin()
	}
	if err == nil {
		now.password, err = p.ReadPassword()
	}
	if err != nil {
		return present{}, fmt.Errorf("%s is there, but not all that belongs to it: %w; %s", p.Store, err, forceHint(p))
	}
	return now, nil
}

// isStore refuses a file in the place of the store that no server could serve.
func isStore(path string) error {
	state, err := backend.OpenState(path)
	switch {
	case errors.Is(err, backend.ErrLocked):
		return nil // it is being served
	case err != nil:
		return err
	}
	return state.Close()
}

func forceHint(p site.Paths) string {
	return "-force replaces the store and keeps the old one as " + p.Previous
}

// group is the name of the failover group of the store that is there.
func (n present) group() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(n.admin.Subtree, "utname="), ",")
	return name
}

// newSetup makes the plan of what the command line says; what it leaves open
// is as it was, or has its default.
func newSetup(p site.Paths, r *request, now present) (*setup, error) {
	s := &setup{
		paths: p, port: r.port, signature: r.signature, keep: now.store && !r.force, replace: now.store && r.force,
		start: p.Root == "/" && !r.noStart, out: os.Stdout,
	}
	group := r.group
	if s.keep {
		s.port, group, s.password = now.admin.Port, now.group(), now.password
		if err := r.agrees(p, now); err != nil {
			return nil, err
		}
	}
	if group == "" {
		name, err := hostName()
		if err != nil {
			return nil, err
		}
		group = name
	}
	if err := site.CheckGroup(group); err != nil {
		return nil, command.Misuse("%s; give -group", err)
	}
	s.tree = site.Tree{Group: group}
	if r.passwordFile != "" && !s.keep {
		password, err := site.ReadSecretFile(r.passwordFile, site.APassword)
		if err != nil {
			return nil, err
		}
		s.password = password
	}
	if s.signature != "" { // before anything is changed
		if _, err := site.ReadSignature(s.signature); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// agrees refuses a command line that asks for another server than the one that
// is set up.
func (r *request) agrees(p site.Paths, now present) error {
	var other []string
	if r.given["port"] && r.port != now.admin.Port {
		other = append(other, fmt.Sprintf("its port is %d", now.admin.Port))
	}
	if r.given["group"] && r.group != now.group() {
		other = append(other, "its group is "+now.group())
	}
	if r.passwordFile != "" {
		password, err := site.ReadSecretFile(r.passwordFile, site.APassword)
		if err != nil {
			return err
		}
		if !bytes.Equal(password, now.password) {
			other = append(other, "its password is another one (utpw changes it)")
		}
	}
	if other == nil {
		return nil
	}
	return fmt.Errorf("%s is there already, so this server is set up and nothing was changed: %s; %s",
		p.Store, strings.Join(other, ", "), forceHint(p))
}

// configure is utconfig without -u.
func configure(p site.Paths, r *request, ask dialog) error {
	now, err := lookAround(p, r.force)
	if err != nil {
		return err
	}
	s, err := newSetup(p, r, now)
	if err != nil {
		return err
	}
	if err := s.mayReplace(); err != nil {
		return err
	}
	if !r.yes {
		if err := s.question(ask, r.given["group"]); err != nil {
			return err
		}
	}
	return s.run()
}
