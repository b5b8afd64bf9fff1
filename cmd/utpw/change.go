// change.go: the places where the password is kept, in an order that lets utpw be
// run again wherever it was interrupted: what tells of the old password comes last.

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/server/password"
)

// change is utpw after its command line is read.
type change struct {
	paths     site.Paths
	conf      config.Config
	now, next []byte // passwords; now is nil if it is not known
	out       io.Writer
	ask       command.Asker
}

// prepare reads what there is and finds out whether anything can be changed.
func (c *change) prepare() (err error) {
	if _, err := c.paths.ReadAdmin(); err != nil {
		return err
	}
	if c.conf, err = config.Load(c.paths.Config); err != nil {
		return err
	}
	c.now, err = c.paths.ReadPassword()
	if errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil // one that is missing or damaged is asked for if need be, and written anew
}

func (c *change) run() error {
	if err := c.entry(); err != nil {
		return err
	}
	rootFault := c.root()
	if err := c.paths.WritePassword(c.next); err != nil {
		return errors.Join(err, rootFault)
	}
	c.say("%s has the new password.", c.paths.Password)
	return rootFault
}

func (c *change) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// entry changes the UT Admin entry, unless it has the new password already, as
// after utpw on another server of the group.
func (c *change) entry() error {
	client, err := admin.ConnectWith(c.paths, c.next)
	if err == nil {
		defer client.Close()
		c.say("%s has this password already.", client.AdminDN())
		return nil
	}
	if !admin.WrongPassword(err) {
		return err
	}
	if client, err = c.connect(); err != nil {
		return err
	}
	defer client.Close()
	hashed, err := password.Hash(c.conf.Password.Scheme, c.next)
	if err != nil {
		return err
	}
	if err := client.SetPassword(hashed); err != nil {
		return err
	}
	c.say("%s has the new password.", client.AdminDN())
	return nil
}

// connect logs in with the password that is kept here, or, if that is not the
// right one, with one that is asked for.
func (c *change) connect() (*admin.Client, error) {
	if c.now != nil {
		client, err := admin.ConnectWith(c.paths, c.now)
		switch {
		case err == nil || !admin.WrongPassword(err):
			return client, err
		case !command.IsTerminal(c.ask.In):
			return nil, fmt.Errorf("neither the new password nor the one in %s is that of the data store, and nothing was changed: "+
				"run utpw on a terminal, where it asks for the current one", c.paths.Password)
		}
		fmt.Fprintf(c.ask.Out, "The password in %s is not the one of the data store.\n", c.paths.Password)
	}
	now, err := c.ask.Ask("current administration password")
	if err != nil {
		return nil, err
	}
	c.now = now
	client, err := admin.ConnectWith(c.paths, now)
	if admin.WrongPassword(err) {
		return nil, errors.New("this is not the current password, and nothing was changed")
	}
	return client, err
}

// root changes the password of the administrator that is no entry, if it was the
// same one.
func (c *change) root() error {
	check := password.NewVerifier()
	stored := []byte(c.conf.Admin.Password)
	switch {
	case check.Verify(stored, c.next):
		return nil
	case c.now == nil || !check.Verify(stored, c.now):
		c.say("%s has a password of its own, which stays as it is.", c.conf.Admin.DN)
		return nil
	}
	hashed, err := password.Hash(c.conf.Password.Scheme, c.next)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.paths.Config)
	if err == nil {
		var changed string
		if changed, err = withRootPassword(string(text), string(hashed)); err == nil {
			err = site.WriteFile(c.paths.Config, []byte(changed), site.ModeSecret)
		}
	}
	if err != nil {
		return fmt.Errorf("%s still has the old password: %w", c.conf.Admin.DN, err)
	}
	if _, err := service.Reload(c.paths); err != nil {
		return fmt.Errorf("%s has the new password as soon as utdsd is restarted (utrestart): %w", c.conf.Admin.DN, err)
	}
	c.say("%s has the new password.", c.conf.Admin.DN)
	return nil
}
