// Command utsample fills a running data store with sample data, for a look at
// the product without a site's own data. This file is its command line; the
// other files are the data.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const usage = `Usage: utsample [-R DIR]
       utsample -ldif [-group NAME]

Adds sample data to the data store, which must be running: 200 users with
tokens, 60 desktops, policies, kiosk sessions, card types, readers, a multihead
group, servers. The data is the same each time; what is there already is left
as it is. With -ldif it is written to standard output instead.

Examples:
  utsample -R demo
  utsample -ldif -group ray1 > sample.ldif`

func main() {
	command.Program{Name: "utsample", Usage: usage, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	asLDIF := f.Bool("ldif", false, "write LDIF to standard output, add nothing")
	group := f.String("group", "demo", "`NAME` of the failover group, with -ldif")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if *asLDIF {
			if err := site.CheckGroup(*group); err != nil {
				return command.Misuse("%s", err)
			}
			return writeLDIF(os.Stdout, sample(site.Tree{Group: *group}.Base()))
		}
		return admin.Use(*root, load)
	}
}

// load adds what is missing.
func load(c *admin.Client) error {
	added, there := 0, 0
	for _, e := range sample(c.Subtree()) {
		request := ldap.NewAddRequest(e.dn, nil)
		for _, a := range e.attrs {
			values := make([]string, len(a.Values))
			for i, v := range a.Values {
				values[i] = string(v)
			}
			request.Attribute(a.Attr, values)
		}
		err := c.Add(request)
		switch {
		case err == nil:
			added++
		case ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists):
			there++
		default:
			return fmt.Errorf("add %s (%d were added before it): %w", e.dn, added, err)
		}
	}
	fmt.Printf("Added %d sample entries, %d were there already.\n", added, there)
	return nil
}

func writeLDIF(out io.Writer, entries []entry) error {
	w := ldif.NewWriter(out)
	for _, e := range entries {
		if err := w.WriteEntry(0, e.dn, e.attrs); err != nil {
			return err
		}
	}
	return w.Flush()
}

// entry is one entry of the sample.
type entry struct {
	dn    string
	attrs []schema.RawAttribute
}
