// progress_test.go: what is seen while utreplica -s waits.

package scenario

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestProgressOfANewSecondaryIsShownOnATerminal(t *testing.T) {
	const entries = 3000
	g := group.New(t, group.NewNetwork(t))
	a, b := g.Add(t, "a", harness.Options{}), g.Add(t, "b", harness.Options{})
	a.Restart(t)
	b.Restart(t)
	c, err := a.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for n := range entries {
		q := ldap.NewAddRequest(fmt.Sprintf("utname=desktop-%d,%s", n, desktops), nil)
		q.Attribute("objectClass", []string{"utDesktop"})
		q.Attribute("description", []string{strings.Repeat("x", 1000)})
		if err := c.Add(q); err != nil {
			t.Fatal(err)
		}
	}
	a.Must(t, "utreplica", "-p", b.Address())
	b.Host.Slow(t, "8mbit") // some seconds

	terminal := harness.NewTerminal(t)
	cmd := b.Command(t.Context(), t, "utreplica", "-s", a.Address())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, terminal.Program
	if err := b.Host.Start(cmd); err != nil {
		t.Fatal(err)
	}
	terminal.Hangup()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	bar := regexp.MustCompile(`receiving the data of ` + regexp.QuoteMeta(a.Address()) + ` +\d+% \[[=>.]+\] \(\d+, \d+ entries/(s|min)\)`)
	if screen := terminal.Wait(); !bar.MatchString(screen) {
		t.Errorf("terminal\n%q", screen)
	}
	if want := fmt.Sprintf("It is level with %s: %d entries.\n", a.Address(), 14+entries); !strings.HasSuffix(out.String(), want) {
		t.Errorf("output\n%s", out.String())
	}
}
