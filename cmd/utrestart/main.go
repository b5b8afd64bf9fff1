// Command utrestart stops and starts the Sun Ray data store of this server.
// This file is its command line; package service does the work.
package main

import (
	"flag"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utrestart [-R DIR] [-c]

Stops the data store of this server and starts it again: as utstop and utstart,
one after the other. One that does not run is started.

Exit status:
  0  the data store runs and answers
  1  it does not, and the reason is told
  2  the command line is wrong

Examples:
  utrestart
  utrestart -R $HOME/ray`

func main() {
	command.Program{Name: "utrestart", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	f.Bool("c", false, "a cold restart, which for the data store is the same")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		s := service.Service{Paths: paths, Out: os.Stdout}
		return s.Restart()
	}
}
