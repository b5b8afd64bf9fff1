// Command utldif2ldbm builds the Sun Ray data store from an LDIF file, or from
// an id2entry.dbb of the original data store. This file is its command line;
// restore.go does the work and input.go opens what it reads.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utldif2ldbm -c -i FILE [-j JOBS] [-f CONF] [-R DIR] [-strict | -partial]
                    [-salvage] [-d LEVEL]

Builds the data store anew from FILE: a dump made by utldbmcat or slapcat, the
same compressed by gzip, "-" for standard input, or an id2entry.dbb of the
original data store (a Berkeley DB file), which is known by its first bytes.

The server must not be running. The store is built beside the one that
is there and takes its place only when it is complete, checked and on disk; until
then, and whatever happens, the old one stays as it was. Afterwards it is kept
as id2entry.dbb.previous.

Entries may come in any order. Entry ids and operational attributes are kept, and
so are attributes and object classes that the schema does not know. What cannot be
read or stored is told with its line, left out, and counted at the end; of an input
without any entry for the store only the first problems are told. A dump of
utldbmcat that is cut off is not loaded, unless -partial asks for what there is of it.

Exit status:
  0  the store was built, nothing was left out or altered
  1  failed, the old store is as it was
  2  the command line is wrong
  3  the store was built, but there were problems with the input

Examples:
  utldif2ldbm -c -j 10 -i /tmp/store
  ssh ray2 /opt/SUNWut/srds/lib/utldbmcat /var/opt/SUNWut/srds/dbm.ut/id2entry.dbb | utldif2ldbm -c -i -
  utldif2ldbm -c -salvage -i /mnt/old/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb
  utldif2ldbm -R $HOME/ray -c -strict -i store.ldif.gz`

// withProblems is the exit code when the store was built, but not from all of
// the input.
const withProblems = 3

// memoryLimit makes the collector work harder when the memory in use comes near
// to it. It is no bound: a single large entry may take more.
const memoryLimit = 320 << 20

func main() {
	debug.SetMemoryLimit(memoryLimit)
	command.Program{Name: "utldif2ldbm", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	create := f.Bool("c", false, "create the store, in the place of the one that is there")
	input := f.String("i", "", "read `FILE`, - for standard input")
	jobs := f.Int("j", runtime.NumCPU(), "work with this many `JOBS` at once")
	conf := f.String("f", "", "configuration `CONF` of the server (default etc/opt/SUNWut/srds/utdsd.toml below the root)")
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	partial := f.Bool("partial", false, "load a dump that is cut off as far as it goes")
	strict := f.Bool("strict", false, "end at the first problem and leave the old store as it is")
	salvage := f.Bool("salvage", false, "look for entries on all pages of a damaged id2entry.dbb")
	level := f.Int("d", 0, "from `LEVEL` 1 on, tell more of what is done")
	version := f.Bool("version", false, "print the version")
	return func(args []string) error {
		if *version {
			fmt.Println("utldif2ldbm", command.Version())
			return nil
		}
		if err := command.NoArguments(args); err != nil {
			return err
		}
		switch {
		case *input == "":
			return command.Misuse("-i FILE is needed: the dump to load, - for standard input")
		case *jobs < 1 || *jobs > maxJobs:
			return command.Misuse("-j %d: 1 to %d jobs can be had", *jobs, maxJobs)
		case *strict && *partial:
			return command.Misuse("-strict ends at the first problem, of which a dump that is cut off is one: choose -strict or -partial")
		case *strict && *salvage:
			return command.Misuse("-strict ends at the first problem and -salvage expects many: choose one of them")
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		settings, err := settingsOf(paths, *conf)
		if errors.Is(err, fs.ErrPermission) {
			err = permission(err)
		}
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		defer stop()
		// A second signal finds the default action again: the process ends.
		context.AfterFunc(ctx, stop)
		r := restore{paths: paths, conf: settings, create: *create, input: *input, jobs: *jobs,
			strict: *strict, partial: *partial, salvage: *salvage, level: *level, out: os.Stdout, errOut: os.Stderr}
		return r.run(ctx)
	}
}

// maxJobs is far beyond what helps; each job takes some memory.
const maxJobs = 256

// settingsOf reads the configuration. Without one, when a server is set up
// from a dump, the defaults do.
func settingsOf(paths site.Paths, file string) (config.Config, error) {
	if file != "" {
		return config.Load(file)
	}
	if _, err := os.Stat(paths.Config); os.IsNotExist(err) {
		c := config.Default()
		c.Schema.Dir = paths.SchemaDir
		return c, nil
	}
	return config.Load(paths.Config)
}
