// setup.go: the steps of a configuration, in an order that leaves a server that
// works, or the one that was there, wherever it is interrupted.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
)

// setup is what utconfig was told.
type setup struct {
	paths     site.Paths
	tree      site.Tree
	password  []byte // clear
	port      int
	signature string // file of a group signature, "" is none
	force     bool
	out       io.Writer
}

func (s *setup) run() error {
	if err := s.mayReplace(); err != nil {
		return err
	}
	if s.signature != "" { // before anything is changed
		if _, err := site.ReadSignature(s.signature); err != nil {
			return err
		}
	}
	if err := s.paths.MakeFolders(); err != nil {
		return err
	}
	s.say("Updating Sun Ray Data Store schema ...")
	definitions, err := schema.LoadDir(s.paths.SchemaDir)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	s.say("Creating Sun Ray Data Store ...")
	fresh := s.paths.Store + ".utconfig"
	if err := s.createStore(fresh, definitions); err != nil {
		os.Remove(fresh)
		return err
	}
	s.say("Updating Sun Ray Data Store ACL's ...")
	if err := s.writeFiles(); err != nil {
		os.Remove(fresh)
		return err
	}
	return s.install(fresh)
}

func (s *setup) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// mayReplace refuses to touch a store that is there, unless forced, and one
// that is being served, always.
func (s *setup) mayReplace() error {
	_, err := os.Stat(s.paths.Store)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a store: %w", err)
	}
	if !s.force {
		return fmt.Errorf("%s is there already: this server is set up and nothing was changed; -force replaces the store and keeps the old one as %s",
			s.paths.Store, s.paths.Previous)
	}
	definitions, err := schema.LoadDir(s.paths.SchemaDir)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	old, err := backend.Open(s.paths.Store, backend.Options{Schema: definitions, ReadOnly: true})
	switch {
	case err == nil:
		return old.Close()
	case errors.Is(err, backend.ErrLocked):
		return fmt.Errorf("%s is in use and nothing was changed; stop the utdsd that serves it first", s.paths.Store)
	}
	return nil // damaged or foreign: all the more reason to replace it
}

// createStore makes a store with the default tree and looks it over.
func (s *setup) createStore(path string, definitions *schema.Schema) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove what an interrupted run left: %w", err)
	}
	store, err := backend.Open(path, backend.Options{
		Schema: definitions, Create: true, Suffix: site.Suffix,
		Indexes: backend.Indexes{Eq: config.Default().Index.Eq},
	})
	if err != nil {
		return fmt.Errorf("create the store: %w", err)
	}
	s.say("Loading Sun Ray Data Store ...")
	hashed, err := password.Hash(password.DefaultScheme, s.password)
	if err == nil {
		var added int
		added, err = addAll(store, s.tree.Entries(hashed))
		s.say("Added %d new LDAP entries.", added)
	}
	if err == nil {
		var faults []error
		incomplete := store.Check(context.Background(), func(problem string) { faults = append(faults, errors.New(problem)) })
		if err = errors.Join(append(faults, incomplete)...); err != nil {
			err = fmt.Errorf("check the new store: %w", err)
		}
	}
	return errors.Join(err, store.Close())
}

// writeFiles writes everything beside the store.
func (s *setup) writeFiles() error {
	hashed, err := password.Hash(password.DefaultScheme, s.password)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(s.paths.Config)
	switch {
	case err == nil:
		if err := site.WriteFile(s.paths.Config+".bak", old, site.ModeSecret); err != nil {
			return err
		}
		s.say("The configuration that was there is kept as %q.", s.paths.Config+".bak")
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("read the old configuration: %w", err)
	}
	text := config.Written{
		Listen:  []string{"ldap://:" + strconv.Itoa(s.port), "ldapi://"},
		AdminDN: s.tree.RootDN(), AdminPassword: string(hashed), Writers: []string{s.tree.AdminDN()},
	}.Text()
	if err := site.WriteFile(s.paths.Config, []byte(text), site.ModeSecret); err != nil {
		return err
	}
	if err := s.paths.WritePassword(s.password); err != nil {
		return err
	}
	admin := site.Admin{Server: "localhost", Port: s.port, AdminDN: s.tree.AdminDN(), Subtree: s.tree.Base()}
	if err := s.paths.WriteAdmin(admin); err != nil {
		return err
	}
	origin, err := s.paths.EnsureSignature(s.signature)
	if err != nil {
		return err
	}
	if origin == site.SignatureGenerated {
		s.say("Unique %q has been generated.", s.paths.Signature)
	} else {
		s.say("Group signature %q has been %s.", s.paths.Signature, origin)
	}
	return nil
}

// install puts the new store in its place and the old one beside it.
func (s *setup) install(fresh string) error {
	err := site.Replace(s.paths.Store, s.paths.Previous)
	switch {
	case err == nil:
		s.say("The store that was there is kept as %q.", s.paths.Previous)
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("keep the old store: %w", err)
	}
	if err := site.Replace(fresh, s.paths.Store); err != nil {
		return fmt.Errorf("install the store: %w", err)
	}
	return nil
}
