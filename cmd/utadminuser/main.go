// Command utadminuser lists, adds and deletes the users who may use the
// administration GUI. This file says what they are for the command line that the
// tools share.
package main

import (
	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/listing"
	"github.com/sunray-ds/utdsd/cmd/internal/objects"
)

const usage = `Usage: utadminuser [-R DIR] -l [-j] [-t TEXT]
       utadminuser [-R DIR] -a USER
       utadminuser [-R DIR] -d USER
       utadminuser [-R DIR] -f FILE | -df FILE
       utadminuser [-R DIR] -o FILE [-t TEXT]

Lists, adds and deletes the users of the operating system who may use the
administration GUI. The data store must be running. On a secondary server
everything is read there, and changes are sent to the primary; when that is down
nothing can be changed.

A file has one user on each line. Lines that fail are told with their number; the
others are done. Blank lines and lines that begin with # say nothing.

Examples:
  utadminuser -l
  utadminuser -a jsmith
  utadminuser -d jsmith`

func main() {
	command.Program{Name: "utadminuser", Usage: usage, Define: kind().Define}.Main()
}

func kind() objects.Kind[admin.AdminUser] {
	return objects.Kind[admin.AdminUser]{
		One: "administrator", Many: "administrators", Rows: "administrators", Key: "name",
		Table:     []listing.Column[admin.AdminUser]{{Title: "User", Width: 30, Cell: func(u admin.AdminUser) string { return u.Name }}},
		Fields:    func(u admin.AdminUser) []string { return []string{u.Name} },
		Find:      (*admin.Client).AdminUsers,
		AddFields: admin.AdminUserFields, DeleteFields: "USER",
		Add:    objects.With(admin.ParseAdminUser, (*admin.Client).AddAdminUser),
		Delete: objects.Named((*admin.Client).DeleteAdminUser),
	}
}
