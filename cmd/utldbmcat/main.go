// Command utldbmcat writes the Sun Ray data store as LDIF, also while it is
// served. This file is its command line; dump.go does the work, output.go sees
// to where it goes, and live.go asks a running server.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utldbmcat [-n] [-slapadd] [-salvage] [-o FILE] [-R DIR] [PATH/id2entry.dbb]
       utldbmcat -changes [-from N] [-o FILE] [-R DIR] [PATH/id2entry.dbb]

Writes all entries of the data store as LDIF: each behind its superior, with its
entry id, all attributes as they are stored and lines of at most 76 columns. While
utdsd serves the store, it is asked over its local socket for one state, which
it keeps until the dump is complete; changes go on meanwhile.

The dump holds passwords. With -o the file is for its owner alone and appears
only when it is complete. If standard output is a file that others can read, its
mode is changed to 0600.

With -changes it writes the log of changes instead, oldest first, in the form of
the old tools: time, dn, changetype and the lines of the change.

A damaged store is not dumped: another server of the group can be. With -salvage
what can be read of a store that nobody serves is written, and what cannot is told.

The first lines tell the position and the state hash. The last line of a complete
dump is "# end: N entries, position ...". utldif2ldbm loads the dump.

Exit status:
  0  the dump is complete
  1  it is not, or the store cannot be read
  2  the command line is wrong

Examples:
  utldbmcat /var/opt/SUNWut/srds/dbm.ut/id2entry.dbb > /tmp/store
  utldbmcat -o /var/backup/store.ldif
  utldbmcat -slapadd | slapadd -f slapd.conf
  utldbmcat -changes -from 1200 > /tmp/changes`

func main() {
	command.Program{Name: "utldbmcat", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	noIDs := f.Bool("n", false, "leave the entry ids out")
	plain := f.Bool("slapadd", false, "leave out ids and comments, which slapadd does not know")
	file := f.String("o", "", "write to `FILE`, which appears when the dump is complete")
	changes := f.Bool("changes", false, "write the log of changes instead of the entries")
	salvage := f.Bool("salvage", false, "pass over what cannot be read of a damaged store")
	from := f.Uint64("from", 1, "with -changes: begin with the change of number `N`")
	root := f.String("R", "", "put `DIR` in front of the default path (default $UTROOT)")
	version := f.Bool("version", false, "print the version")
	return func(args []string) error {
		if *version {
			fmt.Println("utldbmcat", command.Version())
			return nil
		}
		if len(args) > 1 {
			return command.Misuse("unexpected argument %q", args[1])
		}
		var given []string
		f.Visit(func(o *flag.Flag) { given = append(given, o.Name) })
		switch {
		case *changes && (*noIDs || *plain):
			return command.Misuse("-n and -slapadd are for entries: the log of changes, which -changes asks for, has no ids")
		case *changes && *salvage:
			return command.Misuse("-salvage is for entries: it does not go with -changes")
		case !*changes && slices.Contains(given, "from"):
			return command.Misuse("-from is for the log of changes: it needs -changes")
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		store := paths.Store
		if len(args) == 1 {
			store = args[0]
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		defer stop()
		// A second signal finds the default action again: the process ends.
		context.AfterFunc(ctx, stop)
		d := dump{paths: paths, store: store, file: *file, noIDs: *noIDs || *plain, noComments: *plain,
			changes: *changes, from: *from, salvage: *salvage, out: os.Stdout, errOut: os.Stderr}
		return d.run(ctx)
	}
}
