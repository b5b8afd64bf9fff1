// table.go: the forms in which users are shown. Sites read them with awk.

package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
)

// column is a heading and the width that shorter values are filled to; a
// longer value is shown whole.
type column struct {
	title string
	width int
}

// writeTable is the documented table of -l.
func writeTable(w io.Writer, users []admin.User) error {
	return table(w, users, []column{{"Token ID", 30}, {"User Name", 30}, {"Other Info", 15}}, func(u admin.User) []string {
		return []string{u.Token, u.Name, u.Other}
	})
}

// writeLongTable adds server and port. The original's layout is unknown.
func writeLongTable(w io.Writer, users []admin.User) error {
	columns := []column{{"Token ID", 30}, {"Server", 20}, {"Port", 5}, {"User Name", 30}, {"Other Info", 15}}
	return table(w, users, columns, func(u admin.User) []string {
		return []string{u.Token, u.Server, u.PortText(), u.Name, u.Other}
	})
}

func table(w io.Writer, users []admin.User, columns []column, cells func(admin.User) []string) error {
	out := bufio.NewWriter(w)
	line := func(cells []string) {
		var b strings.Builder
		for i, c := range columns {
			fmt.Fprintf(&b, "%-*s ", c.width, cells[i])
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
	}
	titles, rules := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		titles[i], rules[i] = c.title, strings.Repeat("-", c.width)
	}
	line(titles)
	line(rules)
	for _, u := range users {
		line(cells(u))
	}
	fmt.Fprintf(out, "\n%d tokens total.\n", len(users))
	return out.Flush()
}

// writeUser is -p: one "Label = value" a line.
func writeUser(w io.Writer, u admin.User) error {
	_, err := fmt.Fprintf(w, "Token ID = %s\nServer = %s\nPort = %s\nUser Name = %s\nOther Info = %s\n",
		u.Token, u.Server, u.PortText(), u.Name, u.Other)
	return err
}

// writeLines is -o: the form that -a takes, one user a line. A value with a
// comma is written in quotation marks.
func writeLines(w io.Writer, users []admin.User) error {
	out := csv.NewWriter(w)
	for _, u := range users {
		fields := u.Fields()
		if u.Other == "" {
			fields = fields[:4]
		}
		if err := out.Write(fields); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
