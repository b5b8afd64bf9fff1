// Command utpw changes the administration password of a server. This file is its
// command line; change.go does the work.
package main

import (
	"bytes"
	"flag"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utpw [-R DIR] [-w FILE]

Changes the administration password everywhere it is kept: in the UT Admin entry
of the data store, in utadmin.pw, from which the tools of this server take it, and
for the administrator cn=admin,o=utdata in utdsd.toml if that has the same one.
The data store must be running. It is for root.

The new password is asked for twice and not shown. On a secondary server the entry
is changed on the primary; when that is down nothing can be changed. Then run utpw
with the same password on the other servers of the group: there it changes what is
not in the data store. It may be run again at any time.

Examples:
  utpw
  utpw -w password.txt`

func main() {
	command.Program{Name: "utpw", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	file := f.String("w", "", "read the new password from the first line of `FILE`, - for standard input")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		c := change{paths: paths, out: os.Stdout, ask: command.Terminal()}
		if err := c.prepare(); err != nil {
			return err
		}
		if *file != "" {
			c.next, err = site.ReadSecretFile(*file, site.APassword)
		} else if c.next, err = c.ask.New("new administration password"); err == nil {
			c.next, err = site.ReadSecret(bytes.NewReader(c.next), site.APassword)
		}
		if err != nil {
			return err
		}
		return c.run()
	}
}
