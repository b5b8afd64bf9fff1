// Command utstart starts the Sun Ray data store of this server. This file is
// its command line; package service does the work.
package main

import (
	"flag"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utstart [-R DIR] [-c]

Starts the data store of this server and waits until it answers. One that runs
is left as it is; with -c (a cold start) it is stopped first. Where systemd
starts utdsd with the machine it is asked to do it, else utdsd is started by
this program, and what it says is in var/opt/SUNWut/srds/log/utdsd.log.

Exit status:
  0  the data store runs and answers
  1  it does not, and the reason is told
  2  the command line is wrong

Examples:
  utstart
  utstart -c
  utstart -R $HOME/ray`

func main() {
	command.Program{Name: "utstart", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	cold := f.Bool("c", false, "start anew what runs already")
	prepare := f.Bool("prepare", false, "only make the folders and give the account of utdsd its files, as systemd has it done in front of each start")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if *cold && *prepare {
			return command.Misuse("-prepare starts nothing, so -c does not go with it")
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		s := service.Service{Paths: paths, Out: os.Stdout}
		if *prepare {
			return s.Prepare()
		}
		return s.Start(*cold)
	}
}
