// Command utstop stops the Sun Ray data store of this server. This file is its
// command line; package service does the work.
package main

import (
	"flag"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utstop [-R DIR]

Stops the data store of this server and waits until it is gone. Clients get
their answers first; the other servers of the failover group go on. It is no
error that it does not run, unless nothing is set up below DIR.

Exit status:
  0  the data store does not run
  1  it could not be stopped or DIR is not the right one; the reason is told
  2  the command line is wrong

Examples:
  utstop
  utstop -R $HOME/ray`

func main() {
	command.Program{Name: "utstop", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		s := service.Service{Paths: paths, Out: os.Stdout}
		return s.StopNamed()
	}
}
