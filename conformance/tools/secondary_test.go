// secondary_test.go: the tools on a server that takes no changes.

package tools

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// pair is a primary with a secondary that is level.
func pair(t *testing.T) (g *group.Group, primary, secondary *group.Member) {
	t.Helper()
	g = group.New(t, nil)
	primary, secondary = g.Add(t, "primary", harness.Options{}), g.Add(t, "secondary", harness.Options{})
	primary.Restart(t)
	secondary.Restart(t)
	primary.Must(t, "utreplica", "-p", secondary.Address())
	secondary.Must(t, "utreplica", "-s", primary.Address())
	return g, primary, secondary
}

func TestChangesOnASecondaryAreMadeOnThePrimary(t *testing.T) {
	g, primary, secondary := pair(t)
	lines := write(t, "lines", "T2,,,Second\nT3,,,Third\nT1,,,Again\n")
	config := write(t, "config", "KIOSK_SESSION=jds\n")
	for _, c := range []struct {
		code  int
		says  string
		tool  string
		args  []string
		shown []string // afterwards, on both
	}{
		{0, "Added 1 user.", "utuser", []string{"-a", "T1,,,First,info"}, []string{"utuser", "-l"}},
		{0, "Changed 1 user.", "utuser", []string{"-e", "T1,,,Edited,-"}, []string{"utuser", "-L"}},
		{1, "line 3: ", "utuser", []string{"-f", lines}, []string{"utuser", "-l"}},
		{1, "registered already", "utuser", []string{"-a", "T2,,,Second"}, []string{"utuser", "-o", "-"}},
		{0, "Deleted 1 user.", "utuser", []string{"-d", "T3"}, []string{"utuser", "-p", "T2"}},
		{0, "Added 1 desktop.", "utdesktop", []string{"-a", "080020861234,Lab"}, []string{"utdesktop", "-l"}},
		{0, "Added 1 administrator.", "utadminuser", []string{"-a", "jdoe"}, []string{"utadminuser", "-l"}},
		{0, "is now: -a -z both", "utpolicy", []string{"-a", "-z", "both"}, []string{"utpolicy"}},
		{0, "Imported", "utkiosk", []string{"-i", "k", "-f", config}, []string{"utkiosk", "-e", "k"}},
	} {
		run(t, secondary.Root, "", c.tool, c.args...).want(t, c.code, c.says)
		g.AwaitLevel(t, primary, secondary)
		there := run(t, primary.Root, "", c.shown[0], c.shown[1:]...).want(t, 0)
		here := run(t, secondary.Root, "", c.shown[0], c.shown[1:]...).want(t, 0)
		if here != there || here.out == "" {
			t.Errorf("%s %q: the secondary shows\n%s, the primary\n%s", c.tool, c.args, here.out, there.out)
		}
	}
	if list := run(t, secondary.Root, "", "utuser", "-l").out; !strings.Contains(list, "Edited") || !strings.HasSuffix(list, "\n2 tokens total.\n") {
		t.Errorf("list\n%s", list)
	}
}

func TestWithoutThePrimaryNothingIsChanged(t *testing.T) {
	_, primary, secondary := pair(t)
	run(t, secondary.Root, "", "utuser", "-a", "T1,,,First").want(t, 0)
	primary.Stop(t)
	before := run(t, secondary.Root, "", "utuser", "-l").want(t, 0, "First").out
	config := write(t, "config", "x=y\n")
	lines := write(t, "lines", strings.Repeat("T9,,,X\n", 5000))
	for _, c := range [][]string{
		{"utuser", "-a", "T2,,,Second"}, {"utuser", "-e", "T1,,,Edited"}, {"utuser", "-d", "T1"}, {"utuser", "-f", lines},
		{"utdesktop", "-a", "080020861234,Lab"}, {"utadminuser", "-a", "jdoe"}, {"utpolicy", "-a", "-z", "both"},
		{"utkiosk", "-i", "k", "-f", config}, {"utpw", "-w", config},
	} {
		r := run(t, secondary.Root, "", c[0], c[1:]...).want(t, 1, "the primary is unreachable and nothing was changed", primary.Address(), "connection refused; utgstatus shows the group")
		if strings.Contains(r.err, "Result Code") {
			t.Errorf("%q: as a library puts it: %s", c, r.err)
		}
		if n := strings.Count(r.err, "\n"); n > 200+1 { // those that were at work at once
			t.Errorf("%q: %d lines of errors", c, n)
		}
	}
	if after := run(t, secondary.Root, "", "utuser", "-l").want(t, 0).out; after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
	if password := read(t, filepath.Join(secondary.Root, passwordFile)); password != harness.Password+"\n" {
		t.Error("utpw has changed the password here alone")
	}
	primary.Restart(t)
	run(t, secondary.Root, "", "utuser", "-a", "T2,,,Second").want(t, 0)
}

func TestServersThatSendChangesAstray(t *testing.T) {
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	for name, c := range map[string]struct {
		servers func() []*standIn // the first one is the tools' own
		says    []string
	}{
		"a circle of two": {func() []*standIn { return circle(t, 2) }, []string{"in a circle", "nothing was changed"}},
		"to itself":       {func() []*standIn { return circle(t, 1) }, []string{"in a circle", "nothing was changed"}},
		"a long way": {func() []*standIn {
			chain := circle(t, 9)
			chain[8].refersTo = "ldap://192.0.2.1:7012/"
			return chain
		}, []string{"5 servers have sent the change on", "nothing was changed"}},
		"no URL":       {func() []*standIn { return refersTo(t, "") }, []string{"nothing was changed", "is no server"}},
		"another kind": {func() []*standIn { return refersTo(t, "http://127.0.0.1/") }, []string{"nothing was changed", "is no server"}},
		"rubbish":      {func() []*standIn { return refersTo(t, "ldap://[::1/%zz") }, []string{"nothing was changed", "is no server"}},
		"no port":      {func() []*standIn { return refersTo(t, "ldap://127.0.0.1/o=utdata") }, []string{"unreachable and nothing was changed", "names no port"}},
		"mute": {func() []*standIn {
			two := circle(t, 2)
			two[1].mute = true
			return two
		}, []string{"the primary is unreachable and nothing was changed"}},
		"another password": {func() []*standIn {
			two := circle(t, 2)
			two[1].locked = true
			return two
		}, []string{"nothing was changed", "does not take the password in", "utadmin.pw"}},
		"cut off": {func() []*standIn {
			two := circle(t, 2)
			two[1].drops = true
			return two
		}, []string{"whether this was changed is not known: the connection to the data store was lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.CopyFS(root, os.DirFS(u.Root)); err != nil {
				t.Fatal(err)
			}
			servers := c.servers()
			for _, s := range servers {
				s.start(t)
			}
			reachBy(t, root, servers[0].port())
			run(t, root, "", "utadminuser", "-a", "jdoe").want(t, 1, c.says...)
			run(t, root, "T1,,,X\nT2,,,Y\n", "utuser", "-f", "-").want(t, 1, c.says...)
		})
	}
}

// circle is servers that each refer to the next one.
func circle(t *testing.T, n int) []*standIn {
	servers := make([]*standIn, n)
	for i := range servers {
		servers[i] = newStandIn(t)
	}
	for i, s := range servers {
		s.refersTo = fmt.Sprintf("%s/cn=x,o=utdata", servers[(i+1)%n].url)
	}
	return servers
}

func refersTo(t *testing.T, url string) []*standIn {
	s := newStandIn(t)
	s.refersTo = url
	return []*standIn{s}
}
