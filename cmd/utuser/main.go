// Command utuser lists, registers, edits and deletes users and their tokens. This
// file says what a user is for the command line that the tools share.
package main

import (
	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/objects"
)

const usage = `Usage: utuser [-R DIR] -l [-j] [-t TEXT] [-n TEXT]
       utuser [-R DIR] -L [-j] [-t TEXT] [-n TEXT]
       utuser [-R DIR] -p TOKEN [-j]
       utuser [-R DIR] -a "TOKEN,SERVER,PORT,NAME[,OTHER]"
       utuser [-R DIR] -e "TOKEN[,SERVER[,PORT[,NAME[,OTHER[,ENABLED]]]]]"
       utuser [-R DIR] -d TOKEN
       utuser [-R DIR] -f FILE | -ef FILE | -df FILE
       utuser [-R DIR] -o FILE [-t TEXT] [-n TEXT]

Lists, registers, edits and deletes users and their tokens. The data store must
be running. On a secondary server everything is read there, and changes are sent
to the primary; when that is down nothing can be changed.

A token belongs to one user; with the last token the user is deleted. An empty
server or port is localhost or 7007. A field with a comma stands in quotation
marks. ENABLED is yes or no.

A file has one line for each user. Lines that fail are told with their number,
and each of them has no effect at all; the others are done. Blank lines and lines
that begin with # say nothing.

Examples:
  utuser -l
  utuser -l -n smith
  utuser -L -j -t MicroPayflex
  utuser -a "MicroPayflex.00004f8c65000100,localhost,7007,John Smith,E421"
  utuser -p MicroPayflex.00004f8c65000100
  utuser -e "MicroPayflex.00004f8c65000100,,,John Smith-Jones"
  utuser -e "MicroPayflex.00004f8c65000100,,,,,no"
  utuser -o /tmp/users
  utuser -f /tmp/users`

func main() {
	command.Program{Name: "utuser", Usage: usage, Define: kind().Define}.Main()
}

func kind() objects.Kind[admin.User] {
	token := listing.Column[admin.User]{Title: "Token ID", Width: 30, Cell: func(u admin.User) string { return u.Token }}
	name := listing.Column[admin.User]{Title: "User Name", Width: 30, Cell: func(u admin.User) string { return u.Name }}
	other := listing.Column[admin.User]{Title: "Other Info", Width: 15, Cell: func(u admin.User) string { return u.Other }}
	server := listing.Column[admin.User]{Title: "Server", Width: 20, Cell: func(u admin.User) string { return u.Server }}
	port := listing.Column[admin.User]{Title: "Port", Width: 5, Cell: admin.User.PortText}
	return objects.Kind[admin.User]{
		One: "user", Many: "users", Rows: "tokens", Key: "token", Name: "name of the user",
		Table:     []listing.Column[admin.User]{token, name, other},
		Long:      []listing.Column[admin.User]{token, server, port, name, other},
		Labels:    labels,
		Fields:    admin.User.Fields,
		Find:      (*admin.Client).Users,
		Show:      (*admin.Client).User,
		AddFields: admin.UserFields, EditFields: admin.UserEditFields, DeleteFields: "TOKEN",
		Add:    objects.With(admin.ParseUser, (*admin.Client).AddUser),
		Edit:   objects.With(admin.ParseUserEdit, (*admin.Client).EditUser),
		Delete: objects.Named((*admin.Client).DeleteUser),
	}
}

func labels(u admin.User) []listing.Label {
	state := "yes"
	if u.Disabled {
		state = "no"
	}
	return []listing.Label{{Name: "Token ID", Value: u.Token}, {Name: "Server", Value: u.Server}, {Name: "Port", Value: u.PortText()},
		{Name: "User Name", Value: u.Name}, {Name: "Other Info", Value: u.Other}, {Name: "Enabled", Value: state},
		{Name: "Created", Value: u.Created}, {Name: "Last Seen", Value: u.LastSeen}}
}
