// Command utkiosk shows, imports, exports and deletes kiosk sessions.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utkiosk [-R DIR] -l [-j]
       utkiosk [-R DIR] -i SESSION -f FILE
       utkiosk [-R DIR] -e SESSION [-o FILE | -j]
       utkiosk [-R DIR] -d SESSION

Lists, imports, exports and deletes kiosk sessions. The data store must be
running. On a secondary server everything is read there, and changes are sent to
the primary; when that is down nothing can be changed.

The configuration of a session is a text of its own, which comes back with its
lines as they were imported; each ends with LF and not CR LF, the last one, too,
and there are no empty ones behind it. A line KIOSK_SESSION=TYPE in it names the
type of the session; without one that is the name of the session.

Examples:
  utkiosk -l
  utkiosk -i default -f /tmp/default.conf
  utkiosk -e default > /tmp/default.conf`

func main() {
	command.Program{Name: "utkiosk", Usage: usage, Define: define}.Main()
}

// request is the command line.
type request struct {
	root, get, put, remove, in, out string
	list, json                      bool
}

func define(f *flag.FlagSet) func([]string) error {
	var r request
	f.StringVar(&r.root, "R", "", "put `DIR` in front of every path (default $UTROOT)")
	f.BoolVar(&r.list, "l", false, "list the sessions")
	f.BoolVar(&r.json, "j", false, "with -l and -e: JSON")
	f.StringVar(&r.put, "i", "", "import the configuration of `SESSION`, in the place of the one that is there")
	f.StringVar(&r.in, "f", "", "with -i: read it from `FILE`, - for standard input")
	f.StringVar(&r.get, "e", "", "export the configuration of `SESSION`")
	f.StringVar(&r.out, "o", "", "with -e: write it to `FILE` instead of standard output")
	f.StringVar(&r.remove, "d", "", "delete `SESSION`")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if err := command.NotEmpty(f, "i", "f", "e", "o", "d"); err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
		return admin.Use(r.root, func(c *admin.Client) error {
			switch {
			case r.list:
				return r.showAll(c)
			case r.put != "":
				return r.importOne(c)
			case r.get != "":
				return r.export(c)
			}
			return r.delete(c)
		})
	}
}

// check finds contradictions in the command line.
func (r *request) check() error {
	actions := 0
	for _, asked := range []bool{r.list, r.put != "", r.get != "", r.remove != ""} {
		if asked {
			actions++
		}
	}
	switch {
	case actions != 1:
		return command.Misuse("exactly one of -l, -i, -e and -d is needed")
	case (r.put == "") != (r.in == ""):
		return command.Misuse("-i SESSION and -f FILE belong together")
	case r.out != "" && (r.get == "" || r.json):
		return command.Misuse("-o FILE belongs to -e alone")
	case r.json && !r.list && r.get == "":
		return command.Misuse("-j belongs to -l and -e")
	}
	return nil
}

func (r *request) showAll(c *admin.Client) error {
	list, err := c.Kiosks()
	if err != nil {
		return err
	}
	if r.json {
		return listing.JSON(os.Stdout, list)
	}
	return listing.Table(os.Stdout, []listing.Column[admin.Kiosk]{
		{Title: "Session", Width: 20, Cell: func(k admin.Kiosk) string { return k.Name }},
		{Title: "Type", Width: 20, Cell: func(k admin.Kiosk) string { return k.Type }},
		{Title: "Title", Width: 30, Cell: func(k admin.Kiosk) string { return k.Title }},
	}, list, "sessions")
}

func (r *request) importOne(c *admin.Client) error {
	var text []byte
	var err error
	if r.in == "-" {
		text, err = io.ReadAll(os.Stdin)
	} else {
		text, err = os.ReadFile(r.in)
	}
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	k, err := admin.ParseKiosk(r.put, string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", r.in, err)
	}
	if err := c.SetKiosk(k); err != nil {
		return err
	}
	fmt.Printf("Imported the kiosk session %s.\n", k.Name)
	return nil
}

func (r *request) export(c *admin.Client) error {
	k, err := c.Kiosk(r.get)
	switch {
	case err != nil:
		return err
	case r.json:
		return listing.JSON(os.Stdout, k)
	case r.out != "":
		return site.WriteFile(r.out, []byte(k.Config+"\n"), site.ModePublic)
	}
	_, err = fmt.Println(k.Config)
	return err
}

func (r *request) delete(c *admin.Client) error {
	if err := c.DeleteKiosk(r.remove); err != nil {
		return err
	}
	fmt.Printf("Deleted the kiosk session %s.\n", r.remove)
	return nil
}
