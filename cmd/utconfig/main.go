// Command utconfig sets up a Sun Ray server's data store. This file is its
// command line; setup.go does the work.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utconfig -y -w FILE [-R DIR] [-port N] [-group NAME] [-g FILE] [-force]

Sets up the data store of this server: the configuration of utdsd, the
passwords of the administrator cn=admin,o=utdata and of the UT Admin entry (the
same one), the group signature, and a store with the entries that the Sun Ray
tools expect. All servers of a failover group need the same password, the same
group signature (copy it with -g) and the same group name.

Examples:
  utconfig -y -w password.txt
  utconfig -y -w - -group ray1 -g /tmp/gmSignature < password.txt
  utconfig -R $HOME/ray -y -w password.txt -port 7112`

func main() {
	command.Program{Name: "utconfig", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	yes := f.Bool("y", false, "ask nothing; needs -w")
	passwordFile := f.String("w", "", "read the administration password from the first line of `FILE`, - for standard input")
	port := f.Int("port", site.DefaultPort, "TCP `port` of the data store")
	group := f.String("group", "", "`NAME` of the failover group (default: the host name)")
	signature := f.String("g", "", "install the group signature in `FILE` instead of keeping or making one")
	force := f.Bool("force", false, "replace a store that is there; it is kept beside the new one")
	version := f.Bool("version", false, "print the version")
	return func(args []string) error {
		if *version {
			fmt.Println("utconfig", command.Version())
			return nil
		}
		if err := command.NoArguments(args); err != nil {
			return err
		}
		switch {
		case !*yes:
			return command.Misuse("without -y there would be questions, and this program has none: give -y and what it needs as options")
		case *passwordFile == "":
			return command.Misuse("-w FILE is needed: the file with the administration password")
		case *port < 1 || *port > 65535:
			return command.Misuse("%d is not a port (1 to 65535)", *port)
		}
		if *group == "" {
			name, err := os.Hostname()
			if err != nil {
				return fmt.Errorf("find the host name: %w; give -group", err)
			}
			*group, _, _ = strings.Cut(name, ".")
		}
		if err := site.CheckGroup(*group); err != nil {
			return command.Misuse("%s", err)
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		password, err := site.ReadPasswordFile(*passwordFile)
		if err != nil {
			return err
		}
		s := setup{
			paths: paths, tree: site.Tree{Group: *group}, password: password,
			port: *port, signature: *signature, force: *force, out: os.Stdout,
		}
		return s.run()
	}
}
