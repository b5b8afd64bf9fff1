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
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
)

// setup is what is to be done.
type setup struct {
	paths          site.Paths
	tree           site.Tree
	password       []byte // clear
	port           int
	signature      string // file of a group signature, "" is none
	typedSignature string // text of one, "" is none
	keep           bool   // there is a store, and it stays
	replace        bool   // there is a store, and it goes
	start          bool   // start the data store afterwards
	out            io.Writer
}

func (s *setup) run() error {
	if err := s.paths.MakeFolders(); err != nil {
		return err
	}
	if !s.keep {
		if err := s.create(); err != nil {
			return err
		}
	}
	if err := s.ensureSignature(); err != nil {
		return err
	}
	if err := s.verify(); err != nil {
		return err
	}
	if err := s.paths.GiveToService(); err != nil {
		return err
	}
	if s.start {
		s.say("Restarting Sun Ray Data Store ...")
		if err := (&service.Service{Paths: s.paths, Out: s.out}).Start(false); err != nil {
			return fmt.Errorf("everything is written, but the data store does not run: %w", err)
		}
	}
	if s.keep {
		s.say("This server was set up already; its data is as it was.")
		return nil
	}
	s.say("Configuration of Sun Ray Data Store has completed.")
	return nil
}

func (s *setup) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// create makes the configuration and the store. The store takes its place last:
// before that this server is not set up.
func (s *setup) create() error {
	s.say("Updating Sun Ray Data Store schema ...")
	definitions, err := schema.LoadDir(s.paths.SchemaDir)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	s.say("Updating Sun Ray Data Store ACL's ...")
	text, err := s.configuration()
	if err != nil {
		return err
	}
	s.say("Creating Sun Ray Data Store ...")
	fresh := s.paths.Store + ".utconfig"
	if err := s.createStore(fresh, definitions); err != nil {
		os.Remove(fresh)
		return err
	}
	if err := s.writeFiles(text); err != nil {
		os.Remove(fresh)
		return err
	}
	return s.install(fresh)
}

// mayReplace refuses to replace a store that is being served.
func (s *setup) mayReplace() error {
	if !s.replace {
		return nil
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
		return fmt.Errorf("%s is in use and nothing was changed; stop the server with utstop first", s.paths.Store)
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
	if err == nil { // a group must not take this store for one with data
		err = store.MarkFresh()
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

// configuration is the text of utdsd.toml, read once to see that it is right.
func (s *setup) configuration() (string, error) {
	hashed, err := password.Hash(password.DefaultScheme, s.password)
	if err != nil {
		return "", err
	}
	text := config.Written{
		Listen:  []string{"ldap://:" + strconv.Itoa(s.port), "ldapi://"},
		AdminDN: s.tree.RootDN(), AdminPassword: string(hashed), Writers: []string{s.tree.AdminDN()},
	}.Text()
	if _, err := config.Parse(text); err != nil {
		return "", fmt.Errorf("check the new configuration: %w", err)
	}
	return text, nil
}

// writeFiles writes what the programs read beside the store.
func (s *setup) writeFiles(text string) error {
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
	if err := site.WriteFile(s.paths.Config, []byte(text), site.ModeSecret); err != nil {
		return err
	}
	if err := s.paths.WritePassword(s.password); err != nil {
		return err
	}
	return s.paths.WriteAdmin(site.Admin{Server: "localhost", Port: s.port, AdminDN: s.tree.AdminDN(), Subtree: s.tree.Base()})
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

// ensureSignature installs the signature that was given, or sees to it that
// there is one.
func (s *setup) ensureSignature() error {
	origin := site.SignatureInstalled
	var err error
	if s.typedSignature != "" {
		err = s.paths.WriteSignature(s.typedSignature)
	} else {
		origin, err = s.paths.EnsureSignature(s.signature)
	}
	switch {
	case err != nil:
		return err
	case origin == site.SignatureGenerated:
		s.say("Unique %q has been generated.", s.paths.Signature)
	default:
		s.say("Group signature %q has been %s.", s.paths.Signature, origin)
	}
	return nil
}

// verify reads everything back as the programs will.
func (s *setup) verify() error {
	_, err := config.Load(s.paths.Config)
	if err == nil {
		_, err = s.paths.ReadAdmin()
	}
	if err == nil {
		_, err = s.paths.ReadPassword()
	}
	if err == nil {
		_, err = site.ReadSignature(s.paths.Signature)
	}
	if err != nil {
		return fmt.Errorf("read back what was written: %w", err)
	}
	return nil
}
