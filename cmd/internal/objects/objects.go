// Package objects is the command line that utuser, utdesktop and utadminuser
// share: listing, showing, adding, editing and deleting objects of one kind, one
// at a time or from a file of lines.
//
// What an object is and how it is stored is not known here (cmd/internal/admin).
package objects

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/lines"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// Action is what a line says, to be done.
type Action func(*admin.Client) error

// Parse reads what a line says.
type Parse func(fields []string) (Action, error)

// Kind is one kind of objects.
type Kind[T any] struct {
	One, Many string // as in "Added 1 user."
	Rows      string // what the lines of the table are, as in "2 tokens total."
	Key, Name string // what -t and -n look in, as in "token"; no Name, no -n

	Table, Long []listing.Column[T] // of -l and -L; no Long, no -L
	Labels      func(T) []listing.Label
	Fields      func(T) []string // the line that Add takes

	Find func(*admin.Client, admin.Match) ([]T, error)
	Show func(c *admin.Client, key string) (T, error) // nil: no -p

	AddFields, EditFields, DeleteFields string // as in "TOKEN,SERVER,PORT,NAME[,OTHER]"
	Add, Edit, Delete                   Parse  // nil: not to be had
}

// request is the command line.
type request struct {
	root                    string
	list, long, json        bool
	show, dump              string
	add, edit, delete       string
	addAll, editAll, delAll string
	match                   admin.Match
}

// tool is a request at work.
type tool[T any] struct {
	Kind[T]
	request
	out    io.Writer
	errOut *os.File
}

// Define declares the options of the kind; it is a command.Program's.
func (k Kind[T]) Define(f *flag.FlagSet) func([]string) error {
	t := tool[T]{Kind: k, out: os.Stdout, errOut: os.Stderr}
	f.StringVar(&t.root, "R", "", "put `DIR` in front of every path (default $UTROOT)")
	f.BoolVar(&t.list, "l", false, "list the "+k.Many)
	if k.Long != nil {
		f.BoolVar(&t.long, "L", false, "list the "+k.Many+" with all that is known of them")
	}
	f.BoolVar(&t.json, "j", false, "with -l, -L and -p: JSON")
	f.StringVar(&t.match.Key, "t", "", "with -l, -L and -o: only those with `TEXT` in the "+k.Key)
	if k.Name != "" {
		f.StringVar(&t.match.Name, "n", "", "with -l, -L and -o: only those with `TEXT` in the "+k.Name)
	}
	if k.Show != nil {
		f.StringVar(&t.show, "p", "", "show all that is known of one, named by `"+k.DeleteFields+"`")
	}
	f.StringVar(&t.add, "a", "", "add one: `"+k.AddFields+"`")
	f.StringVar(&t.addAll, "f", "", "add one for each line of `FILE`, - for standard input")
	f.StringVar(&t.addAll, "af", "", "the same as -f `FILE`")
	if k.Edit != nil {
		f.StringVar(&t.edit, "e", "", "edit one: `"+k.EditFields+"`; an empty field stays as it is, a minus takes it away")
		f.StringVar(&t.editAll, "ef", "", "edit one for each line of `FILE`")
	}
	f.StringVar(&t.delete, "d", "", "delete `"+k.DeleteFields+"`")
	f.StringVar(&t.delAll, "df", "", "delete one for each line of `FILE`")
	f.StringVar(&t.dump, "o", "", "write them to `FILE` as -f reads them, - for standard output")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if err := command.NotEmpty(f, "p", "a", "f", "af", "e", "ef", "d", "df", "o"); err != nil {
			return err
		}
		work, err := t.work()
		if err != nil {
			return err
		}
		return admin.Use(t.root, work)
	}
}

// work finds the one thing that was asked for.
func (t *tool[T]) work() (work Action, err error) {
	type choice struct {
		option string
		given  bool
		make   func() (Action, error)
	}
	plain := func(a Action) func() (Action, error) { return func() (Action, error) { return a, nil } }
	choices := []choice{
		{"-l", t.list, plain(func(c *admin.Client) error { return t.table(c, t.Table) })},
		{"-L", t.long, plain(func(c *admin.Client) error { return t.table(c, t.Long) })},
		{"-p", t.show != "", plain(t.showOne)},
		{"-o", t.dump != "", plain(t.dumpAll)},
		{"-a", t.add != "", func() (Action, error) { return t.one("-a", t.add, t.Add, "Added") }},
		{"-e", t.edit != "", func() (Action, error) { return t.one("-e", t.edit, t.Edit, "Changed") }},
		{"-d", t.delete != "", func() (Action, error) { return t.one("-d", t.delete, t.Delete, "Deleted") }},
		{"-f", t.addAll != "", plain(func(c *admin.Client) error { return t.file(c, t.addAll, t.Add, "Added") })},
		{"-ef", t.editAll != "", plain(func(c *admin.Client) error { return t.file(c, t.editAll, t.Edit, "Changed") })},
		{"-df", t.delAll != "", plain(func(c *admin.Client) error { return t.file(c, t.delAll, t.Delete, "Deleted") })},
	}
	var chosen []choice
	for _, c := range choices {
		if c.given {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) != 1 {
		return nil, command.Misuse("exactly one of %s is needed", t.options())
	}
	switch asks := chosen[0].option; {
	case t.json && asks != "-l" && asks != "-L" && asks != "-p":
		return nil, command.Misuse("-j belongs to what is shown, not to %s", asks)
	case t.match != (admin.Match{}) && asks != "-l" && asks != "-L" && asks != "-o":
		return nil, command.Misuse("-t and -n choose what is listed; they do not belong to %s", asks)
	}
	return chosen[0].make()
}

// options names what a kind can do.
func (k Kind[T]) options() string {
	list := []string{"-l"}
	if k.Long != nil {
		list = append(list, "-L")
	}
	if k.Show != nil {
		list = append(list, "-p")
	}
	list = append(list, "-a", "-d")
	if k.Edit != nil {
		list = append(list, "-e", "-ef")
	}
	list = append(list, "-f", "-df", "-o")
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (t *tool[T]) table(c *admin.Client, columns []listing.Column[T]) error {
	rows, err := t.Find(c, t.match)
	if err != nil {
		return err
	}
	if t.json {
		return listing.JSON(t.out, rows)
	}
	return listing.Table(t.out, columns, rows, t.Rows)
}

func (t *tool[T]) showOne(c *admin.Client) error {
	object, err := t.Show(c, t.show)
	if err != nil {
		return err
	}
	if t.json {
		return listing.JSON(t.out, object)
	}
	return listing.Labels(t.out, t.Labels(object))
}

// dumpAll writes names of people, so the file is for its owner alone.
func (t *tool[T]) dumpAll(c *admin.Client) error {
	list, err := t.Find(c, t.match)
	if err != nil {
		return err
	}
	all := make([][]string, len(list))
	for i, object := range list {
		all[i] = t.Fields(object)
	}
	var b strings.Builder
	if err := lines.Format(&b, all); err != nil {
		return err
	}
	if t.dump == "-" {
		_, err := io.WriteString(t.out, b.String())
		return err
	}
	return site.WriteFile(t.dump, []byte(b.String()), site.ModeSecret)
}

// one does what one line of the command line says.
func (t *tool[T]) one(option, line string, parse Parse, done string) (Action, error) {
	fields, err := lines.Parse(line)
	var action Action
	if err == nil {
		action, err = parse(fields)
	}
	if err != nil {
		return nil, command.Misuse("%s: %s", option, err)
	}
	return func(c *admin.Client) error {
		if err := action(c); err != nil {
			return err
		}
		t.say(done, 1)
		return nil
	}, nil
}

// say tells how many were done, as in "Added 1 user."
func (t *tool[T]) say(done string, n int) {
	noun := t.Many
	if n == 1 {
		noun = t.One
	}
	fmt.Fprintf(t.out, "%s %d %s.\n", done, n, noun)
}
