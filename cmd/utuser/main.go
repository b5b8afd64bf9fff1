// Command utuser lists and registers users and their tokens. This file is its
// command line; table.go has the forms in which users are shown.
package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utuser [-R DIR] -l | -L | -p TOKEN | -a "TOKEN,SERVER,PORT,NAME[,OTHER]" | -o FILE

Lists and registers users and their tokens in the data store, which must be
running.

Examples:
  utuser -l
  utuser -a "MicroPayflex.00004f8c65000100,localhost,7007,John Smith,E421"
  utuser -p MicroPayflex.00004f8c65000100
  utuser -o /tmp/users`

func main() {
	command.Program{Name: "utuser", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	list := f.Bool("l", false, "list all tokens with user name and other information")
	long := f.Bool("L", false, "list all tokens with server and port too")
	add := f.String("a", "", "register `TOKEN,SERVER,PORT,NAME,OTHER`; OTHER may be left out")
	show := f.String("p", "", "show the user of `TOKEN`")
	dump := f.String("o", "", "write all users to `FILE` in the form of -a, - for standard output")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		var work func(*admin.Client) error
		chosen := 0
		for _, o := range []struct {
			given bool
			work  func(*admin.Client) error
		}{
			{*list, func(c *admin.Client) error { return listUsers(c, writeTable) }},
			{*long, func(c *admin.Client) error { return listUsers(c, writeLongTable) }},
			{*add != "", func(c *admin.Client) error { return addUser(c, *add) }},
			{*show != "", func(c *admin.Client) error { return showUser(c, *show) }},
			{*dump != "", func(c *admin.Client) error { return dumpUsers(c, *dump) }},
		} {
			if o.given {
				work = o.work
				chosen++
			}
		}
		if chosen != 1 {
			return command.Misuse("exactly one of -l, -L, -a, -p and -o is needed")
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		client, err := admin.Connect(paths)
		if err != nil {
			return err
		}
		defer client.Close()
		return work(client)
	}
}

func listUsers(c *admin.Client, write func(io.Writer, []admin.User) error) error {
	users, err := c.Users()
	if err != nil {
		return err
	}
	return write(os.Stdout, users)
}

func addUser(c *admin.Client, line string) error {
	r := csv.NewReader(strings.NewReader(line))
	r.LazyQuotes = true // a quotation mark within a name
	fields, err := r.Read()
	if err != nil {
		return command.Misuse("-a: %s", err)
	}
	u, err := admin.ParseUser(fields)
	if err != nil {
		return command.Misuse("-a: %s", err)
	}
	if err := c.AddUser(u); err != nil {
		return err
	}
	fmt.Println("Added 1 user.")
	return nil
}

func showUser(c *admin.Client, token string) error {
	u, err := c.User(token)
	if err != nil {
		return err
	}
	return writeUser(os.Stdout, u)
}

// dumpUsers writes names of people, so the file is for its owner alone.
func dumpUsers(c *admin.Client, path string) error {
	users, err := c.Users()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := writeLines(&b, users); err != nil {
		return err
	}
	if path == "-" {
		_, err := os.Stdout.Write(b.Bytes())
		return err
	}
	return site.WriteFile(path, b.Bytes(), site.ModeSecret)
}
