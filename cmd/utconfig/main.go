// Command utconfig sets up a Sun Ray server's data store, or removes it. This
// file is its command line; questions.go asks, setup.go and remove.go do the
// work.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utconfig [-R DIR] [-w FILE] [-port N] [-group NAME] [-g FILE] [-force] [-n]
       utconfig [-R DIR] -y -w FILE [-port N] [-group NAME] [-g FILE] [-force] [-n]
       utconfig [-R DIR] -u [-y] [-purge]

Sets up the data store of this server: the configuration of utdsd, the
passwords of the administrator cn=admin,o=utdata and of the UT Admin entry (the
same one), the group signature, and a store with the entries that the Sun Ray
tools expect. It asks what it needs, shows a summary and goes on when it is
told to. With -y it asks nothing.

All servers of a failover group need the same password, the same group
signature and the same group name, which is the host name of the first primary.

A store that is there is kept with all its data: only the group signature can
be changed then. -force makes everything anew and keeps the old store beside
the new one.

On a server (without -R) the data store is running afterwards. What fails is
told, and nothing then claims to be done.

With -u the data store is stopped and its configuration removed. The store
itself, the group signature and the configuration file stay, under the names of
their backups; -purge removes those, too.

Exit status:
  0  done
  1  failed, or not gone on with
  2  the command line is wrong

Examples:
  utconfig
  utconfig -y -w password.txt
  utconfig -y -w - -group ray1 -g /tmp/gmSignature < password.txt
  utconfig -R $HOME/ray -y -w password.txt -port 7112
  utconfig -u`

func main() {
	command.Program{Name: "utconfig", Usage: usage, ForRoot: true, Define: define}.Main()
}

// request is the command line.
type request struct {
	root, passwordFile, group, signature string
	port                                 int
	yes, force, noStart, remove, purge   bool
	version                              bool
	given                                map[string]bool // the options that stood on the line
}

func define(f *flag.FlagSet) func([]string) error {
	r := request{given: map[string]bool{}}
	f.StringVar(&r.root, "R", "", "put `DIR` in front of every path (default $UTROOT)")
	f.BoolVar(&r.yes, "y", false, "ask nothing; to set up a server this needs -w")
	f.StringVar(&r.passwordFile, "w", "", "read the administration password from the first line of `FILE`, - for standard input")
	f.IntVar(&r.port, "port", site.DefaultPort, "TCP `port` of the data store")
	f.StringVar(&r.group, "group", "", "`NAME` of the failover group (default: the host name)")
	f.StringVar(&r.signature, "g", "", "install the group signature in `FILE` instead of keeping or making one")
	f.BoolVar(&r.force, "force", false, "replace a store that is there; it is kept beside the new one")
	f.BoolVar(&r.noStart, "n", false, "do not start the data store; below a root of -R it is never started")
	f.BoolVar(&r.remove, "u", false, "remove the configuration")
	f.BoolVar(&r.purge, "purge", false, "with -u: remove the data and the backups, too")
	f.BoolVar(&r.version, "version", false, "print the version")
	return func(args []string) error {
		if r.version {
			fmt.Println("utconfig", command.Version())
			return nil
		}
		f.Visit(func(o *flag.Flag) { r.given[o.Name] = true })
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
		paths, err := site.NewPaths(r.root)
		if err != nil {
			return err
		}
		ask := dialog{in: os.Stdin, out: os.Stdout}
		if r.remove {
			return (&removal{paths: paths, purge: r.purge, out: os.Stdout}).run(ask, r.yes)
		}
		return configure(paths, &r, ask)
	}
}

// check finds contradictions in the command line.
func (r *request) check() error {
	if r.remove {
		for _, name := range []string{"w", "port", "group", "g", "force", "n"} {
			if r.given[name] {
				return command.Misuse("-%s does not go with -u", name)
			}
		}
		return nil
	}
	switch {
	case r.purge:
		return command.Misuse("-purge goes with -u")
	case r.yes && r.passwordFile == "":
		return command.Misuse("-w FILE is needed: the file with the administration password")
	case !r.yes && r.passwordFile == "-":
		return command.Misuse("-w - takes standard input for the password, so that nobody could answer the questions: give -y, too")
	case r.port < 1 || r.port > 65535:
		return command.Misuse("%d is not a port (1 to 65535)", r.port)
	}
	if r.group != "" {
		if err := site.CheckGroup(r.group); err != nil {
			return command.Misuse("%s", err)
		}
	}
	return nil
}

// hostName is the name of this machine without its domain.
func hostName() (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("find the host name: %w; give -group", err)
	}
	name, _, _ = strings.Cut(name, ".")
	return name, nil
}
