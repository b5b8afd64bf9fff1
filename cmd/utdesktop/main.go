// Command utdesktop lists, adds, edits and deletes desktop units. This file says
// what a desktop is for the command line that the tools share.
package main

import (
	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/objects"
)

const usage = `Usage: utdesktop [-R DIR] -l [-j] [-t TEXT] [-n TEXT]
       utdesktop [-R DIR] -L [-j] [-t TEXT] [-n TEXT]
       utdesktop [-R DIR] -p ID [-j]
       utdesktop [-R DIR] -a "ID,LOCATION[,OTHER]"
       utdesktop [-R DIR] -e "ID[,LOCATION[,OTHER]]"
       utdesktop [-R DIR] -d ID
       utdesktop [-R DIR] -f FILE | -ef FILE | -df FILE
       utdesktop [-R DIR] -o FILE [-t TEXT] [-n TEXT]

Lists, adds, edits and deletes desktop units. The data store must be running. On
a secondary server everything is read there, and changes are sent to the primary;
when that is down nothing can be changed.

The id is the hardware address, 12 hexadecimal digits, with or without colons; of
a software client it has 32. Of -l and -L the first column is the id and the
second one the location. A field with a comma stands in quotation marks.

A file has one line for each desktop. Lines that fail are told with their number,
and each of them has no effect at all; the others are done. Blank lines and lines
that begin with # say nothing.

Examples:
  utdesktop -l
  utdesktop -L -n library
  utdesktop -a "080020861234,SFO12-2103,Front desk"
  utdesktop -e "08:00:20:86:12:34,SFO12-2104"
  utdesktop -o /tmp/desktops`

func main() {
	command.Program{Name: "utdesktop", Usage: usage, Define: kind().Define}.Main()
}

func kind() objects.Kind[admin.Desktop] {
	id := listing.Column[admin.Desktop]{Title: "Desktop ID", Width: 12, Cell: func(d admin.Desktop) string { return d.ID }}
	location := listing.Column[admin.Desktop]{Title: "Location", Width: 30, Cell: func(d admin.Desktop) string { return d.Location }}
	other := listing.Column[admin.Desktop]{Title: "Other Info", Width: 15, Cell: func(d admin.Desktop) string { return d.Other }}
	model := listing.Column[admin.Desktop]{Title: "Model", Width: 16, Cell: func(d admin.Desktop) string { return d.Model }}
	server := listing.Column[admin.Desktop]{Title: "Server", Width: 20, Cell: func(d admin.Desktop) string { return d.Server }}
	seen := listing.Column[admin.Desktop]{Title: "Last Seen", Width: 15, Cell: func(d admin.Desktop) string { return d.LastSeen }}
	return objects.Kind[admin.Desktop]{
		One: "desktop", Many: "desktops", Rows: "desktops", Key: "id", Name: "location",
		Table:     []listing.Column[admin.Desktop]{id, location, other},
		Long:      []listing.Column[admin.Desktop]{id, location, other, model, server, seen},
		Labels:    labels,
		Fields:    admin.Desktop.Fields,
		Find:      (*admin.Client).Desktops,
		Show:      show,
		AddFields: admin.DesktopFields, EditFields: admin.DesktopEditFields, DeleteFields: "ID",
		Add:    objects.With(admin.ParseDesktop, (*admin.Client).AddDesktop),
		Edit:   objects.With(admin.ParseDesktopEdit, (*admin.Client).EditDesktop),
		Delete: objects.Named(remove),
	}
}

func show(c *admin.Client, text string) (admin.Desktop, error) {
	id, err := admin.ParseDesktopID(text)
	if err != nil {
		return admin.Desktop{}, err
	}
	return c.Desktop(id)
}

func remove(c *admin.Client, text string) error {
	id, err := admin.ParseDesktopID(text)
	if err != nil {
		return err
	}
	return c.DeleteDesktop(id)
}

func labels(d admin.Desktop) []listing.Label {
	return []listing.Label{{Name: "Desktop ID", Value: d.ID}, {Name: "Location", Value: d.Location}, {Name: "Other Info", Value: d.Other},
		{Name: "Model", Value: d.Model}, {Name: "Server", Value: d.Server}, {Name: "Last Seen", Value: d.LastSeen}}
}
