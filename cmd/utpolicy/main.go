// Command utpolicy shows and sets the policy of a failover group: who gets a
// session. This file is its command line; flags.go reads what a policy says.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
)

const usage = `Usage: utpolicy [-R DIR] [-P NAME] [-j]
       utpolicy [-R DIR] -l [-j]
       utpolicy [-R DIR] [-P NAME] -a [-g] [-m] [-M] [-p] [-r TYPE] [-s TYPE] [-z TYPE] [-k TYPE] [-u TYPE] [-T SESSION]
       utpolicy [-R DIR] -d -P NAME

Shows the policy of the failover group, or sets it with -a: what is given then is
the whole policy, and what is not given is off. The data store must be running. On
a secondary server a change is sent to the primary; when that is down nothing can
be changed.

TYPE is card, pseudo (a desktop without a card) or both. A type of token gets
access either by being registered (-r) or without more ado (-z).

The policy in effect is called default. Others may be kept under names of their
own.

Examples:
  utpolicy
  utpolicy -a -g -z both
  utpolicy -a -M -r both -s both -k card -T default
  utpolicy -P exam -a -r card`

func main() {
	command.Program{Name: "utpolicy", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	apply := f.Bool("a", false, "set the policy")
	list := f.Bool("l", false, "list all policies")
	remove := f.Bool("d", false, "delete the policy that -P names")
	asJSON := f.Bool("j", false, "show JSON")
	name := f.String("P", "", "the policy of this `NAME` instead of the one in effect")
	session := f.String("T", "", "with -k: the kiosk `SESSION`")
	settings := defineSettings(f)
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if err := command.NotEmpty(f, "P", "T", "r", "s", "z", "k", "u"); err != nil {
			return err
		}
		p := admin.Policy{Name: *name, Session: *session}
		if p.Name == "" {
			p.Name = admin.DefaultPolicy
		}
		var err error
		if p.Flags, err = settings.flags(); err != nil {
			return err
		}
		given := len(p.Flags) > 0 || p.Session != ""
		switch {
		case *apply && !given:
			return command.Misuse("-a needs what the policy is to be")
		case !*apply && given:
			return command.Misuse("to set the policy give -a, too")
		case p.Session != "" && !settings.kiosk():
			return command.Misuse("-T goes with -k, which says what tokens get the kiosk session")
		case *apply && (*list || *remove || *asJSON), *list && (*remove || *name != ""), *remove && *asJSON:
			return command.Misuse("these options do not belong together")
		case *remove && *name == "":
			return command.Misuse("-d needs -P NAME")
		}
		return admin.Use(*root, func(c *admin.Client) error {
			switch {
			case *apply:
				return set(c, p)
			case *remove:
				return drop(c, p.Name)
			case *list:
				return showAll(c, *asJSON)
			}
			return show(c, p.Name, *asJSON)
		})
	}
}

func set(c *admin.Client, p admin.Policy) error {
	if err := c.SetPolicy(p); err != nil {
		return err
	}
	fmt.Printf("The policy %s is now: %s\n", p.Name, text(p))
	return nil
}

func drop(c *admin.Client, name string) error {
	if err := c.DeletePolicy(name); err != nil {
		return err
	}
	fmt.Printf("Deleted the policy %s.\n", name)
	return nil
}

// text is a policy as the options that set it.
func text(p admin.Policy) string {
	options := append([]string{"-a"}, p.Flags...)
	if p.Session != "" {
		options = append(options, "-T", p.Session)
	}
	return strings.Join(options, " ")
}

func show(c *admin.Client, name string, asJSON bool) error {
	p, err := c.Policy(name)
	if errors.Is(err, admin.ErrNoPolicy) && name == admin.DefaultPolicy {
		p, err = admin.Policy{Name: name, Flags: []string{}}, nil // none was set yet
	}
	switch {
	case err != nil:
		return err
	case asJSON:
		return listing.JSON(os.Stdout, p)
	case name == admin.DefaultPolicy:
		_, err = fmt.Printf("Current Policy:\n%s\n", text(p))
	default:
		_, err = fmt.Printf("Policy %s:\n%s\n", name, text(p))
	}
	return err
}

func showAll(c *admin.Client, asJSON bool) error {
	list, err := c.Policies()
	if err != nil {
		return err
	}
	if asJSON {
		return listing.JSON(os.Stdout, list)
	}
	columns := []listing.Column[admin.Policy]{{Title: "Policy", Width: 20, Cell: func(p admin.Policy) string { return p.Name }},
		{Title: "Options", Width: 50, Cell: text}}
	return listing.Table(os.Stdout, columns, list, "policies")
}
