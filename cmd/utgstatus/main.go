// Command utgstatus shows every member of the failover group as it answers now.
// This file is its command line; member.go makes a row of what a member tells.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/daemon"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utgstatus [-R DIR] [-j]

Shows every member of the failover group: its role, whether it can be reached
and has everything that the primary has, its last change, how many changes and
how much time it is behind, and its version. The data store of this server is
asked and asks the others, so it has to run. A secondary whose primary is gone
asks the other secondaries that it has heard of: how far each of them is tells who
is to take its place. A group in which two primaries take changes is told of below
the table.

States:
  up               answers and stands alone, or is the primary
  level            a secondary that has everything
  behind           a secondary that is catching up
  connecting       a secondary that calls its primary for the first time
  fenced           a primary that takes no writes
  no primary       a secondary that does not reach its primary, and serves what it has
  out of reach     does not answer
  not connected    answers, but not as a member does
  other signature  has another group signature than this server, or than its primary
  other words      why a secondary gets nothing: utreplica -l there tells more

Examples:
  utgstatus
  utgstatus -j`

func main() {
	command.Program{Name: "utgstatus", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	asJSON := f.Bool("j", false, "as JSON")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		members, err := ask(paths)
		if err != nil {
			return err
		}
		if *asJSON {
			return listing.JSON(os.Stdout, members)
		}
		return show(os.Stdout, members)
	}
}

// ask asks the server. One that does not run is told of with the role that it
// will have.
func ask(paths site.Paths) ([]member, error) {
	server, err := daemon.Dial(paths)
	if errors.Is(err, daemon.ErrDown) {
		if _, fault := paths.ReadAdmin(); fault != nil {
			return nil, fault
		}
		role, fault := paths.ReadRole()
		if fault != nil {
			return nil, fault
		}
		return nil, fmt.Errorf("%w; its role is %s, and utstart starts it", err, role)
	}
	if err != nil {
		return nil, err
	}
	defer server.Close()
	all, err := server.GroupStatus()
	if err != nil {
		return nil, err
	}
	return members(all), nil
}

// show writes the table, and below it why a member does not answer, and that a
// group has more than one primary.
func show(w io.Writer, all []member) error {
	columns := []listing.Column[member]{
		{Title: "Member", Width: 30, Cell: func(m member) string {
			if m.Own {
				return m.Member + " *"
			}
			return m.Member
		}},
		{Title: "Role", Width: 10, Cell: func(m member) string { return known(m.Role) }},
		{Title: "State", Width: 19, Cell: func(m member) string { return m.State }},
		{Title: "Change", Width: 10, Cell: func(m member) string { return number(m.Change) }},
		{Title: "Behind", Width: 8, Cell: func(m member) string { return number(m.Behind) }},
		{Title: "Lag", Width: 8, Cell: member.lag},
		{Title: "Version", Width: 12, Cell: func(m member) string { return known(m.Version) }},
	}
	if err := listing.Table(w, columns, all, "members"); err != nil {
		return err
	}
	for _, m := range all {
		if m.Error != "" {
			if _, err := fmt.Fprintf(w, "%s: %s\n", m.Member, m.Error); err != nil {
				return err
			}
		}
	}
	if text := tooMany(all); text != "" {
		_, err := fmt.Fprintln(w, text)
		return err
	}
	return nil
}
