// Command utreplica says what this server is in its failover group: the
// primary, one of its secondaries, or neither. This file is its command line.
package main

import (
	"flag"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utreplica [-R DIR] -p SECONDARY...
       utreplica [-R DIR] -a SECONDARY... | -d SECONDARY...
       utreplica [-R DIR] -s PRIMARY [-n]
       utreplica [-R DIR] -u
       utreplica [-R DIR] -l [-j]
       utreplica [-R DIR] -i

Makes this server the primary of a failover group (-p) or a secondary of one
(-s), takes it out of its group (-u), and shows how the group is doing (-l, -i).
Members are HOST or HOST:PORT; the port is 7012 if none is given. A server that
runs takes its new role at once and goes on answering; one that does not takes
it when it starts.

On the primary -p comes first, then -s on each secondary. -s waits until the
secondary has everything of the primary; what it had before is replaced and is
kept beside the store as id2entry.dbb.previous. -p on a primary replaces its list
of secondaries, and says which of them are not in it any more. To make a secondary
the primary type -u and -p on it, then -u and -s on the others.

With -i the state is one line: "none", "primary secondaries=N level=N", "primary
fenced" (the group has gone on without it), "secondary STATE behind=CHANGES
lag=TIME", or the role and "down". STATE is level, behind, connecting, out-of-reach,
other-signature, not-connected, or what the last meeting with the primary came to,
which -l explains.

Exit status:
  0  done; with -i: all is well
  1  failed; with -i: the server cannot be asked
  2  the command line is wrong
  3  with -i: a member is behind or out of reach

Examples:
  utreplica -p sec1 sec2
  utreplica -s prim
  utreplica -l`

func main() {
	command.Program{Name: "utreplica", Usage: usage, Define: define}.Main()
}

// request is the command line.
type request struct {
	primary, add, drop, none, list, info bool
	secondary                            string
	noWait, json                         bool
	members                              []string
}

func define(f *flag.FlagSet) func([]string) error {
	var r request
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	f.BoolVar(&r.primary, "p", false, "be the primary of these secondaries")
	f.BoolVar(&r.add, "a", false, "add these secondaries to those of this primary")
	f.BoolVar(&r.drop, "d", false, "drop these secondaries from those of this primary")
	f.StringVar(&r.secondary, "s", "", "be a secondary of this `PRIMARY`")
	f.BoolVar(&r.noWait, "n", false, "with -s: do not wait until this server is level with the primary")
	f.BoolVar(&r.none, "u", false, "be neither")
	f.BoolVar(&r.list, "l", false, "show role, members, positions and lags")
	f.BoolVar(&r.json, "j", false, "with -l: as JSON")
	f.BoolVar(&r.info, "i", false, "show the state in one line")
	return func(args []string) error {
		r.members = args
		if err := command.NotEmpty(f, "s"); err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		g := group{paths: paths, out: os.Stdout, errOut: os.Stderr}
		return g.run(r)
	}
}

// check finds contradictions in the command line.
func (r *request) check() error {
	actions := 0
	for _, asked := range []bool{r.primary, r.add, r.drop, r.none, r.list, r.info, r.secondary != ""} {
		if asked {
			actions++
		}
	}
	takesMembers := r.primary || r.add || r.drop
	switch {
	case actions != 1:
		return command.Misuse("say one of -p, -a, -d, -s, -u, -l and -i")
	case takesMembers && len(r.members) == 0:
		return command.Misuse("name the secondaries")
	case !takesMembers && len(r.members) > 0:
		return command.NoArguments(r.members)
	case r.noWait && r.secondary == "":
		return command.Misuse("-n goes with -s")
	case r.json && !r.list:
		return command.Misuse("-j goes with -l")
	}
	return nil
}
