package main

import (
	"io"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
)

var users = []admin.User{
	{Token: "MicroPayflex.00004f8c65000100", Server: "localhost", Port: 7007, Name: "John Smith", Other: "E421"},
	{Token: "pseudo.080020861234", Server: "ray2", Name: "Ärmel, \"Jo\"", Port: 0},
}

func text(t *testing.T, write func(io.Writer, []admin.User) error, users []admin.User) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b, users); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The table stands like this in the administration guide.
func TestListIsTheTableOfTheGuide(t *testing.T) {
	const want = `Token ID                       User Name                      Other Info
------------------------------ ------------------------------ ---------------
MicroPayflex.00004f8c65000100  John Smith                     E421

1 tokens total.
`
	if got := text(t, writeTable, users[:1]); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestLongListHasServerAndPort(t *testing.T) {
	const want = `Token ID                       Server               Port  User Name                      Other Info
------------------------------ -------------------- ----- ------------------------------ ---------------
MicroPayflex.00004f8c65000100  localhost            7007  John Smith                     E421
pseudo.080020861234            ray2                       Ärmel, "Jo"

2 tokens total.
`
	if got := text(t, writeLongTable, users); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestOneUserIsShownAsLabelsAndValues(t *testing.T) {
	const want = "Token ID = MicroPayflex.00004f8c65000100\nServer = localhost\nPort = 7007\nUser Name = John Smith\nOther Info = E421\n"
	if got := text(t, func(w io.Writer, u []admin.User) error { return writeUser(w, u[0]) }, users); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestDumpHasTheFormOfAdding(t *testing.T) {
	const want = "MicroPayflex.00004f8c65000100,localhost,7007,John Smith,E421\npseudo.080020861234,ray2,,\"Ärmel, \"\"Jo\"\"\"\n"
	if got := text(t, writeLines, users); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
