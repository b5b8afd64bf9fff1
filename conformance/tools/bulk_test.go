// bulk_test.go: files of many lines.

package tools

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// farm is the DN of the failover group.
const farm = "utname=" + harness.Group + ",o=v1," + harness.Suffix

// many makes a file of n users; each bad-th line is no user.
func many(t *testing.T, n, bad int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := 1; i <= n; i++ {
		if bad > 0 && i%bad == 0 {
			fmt.Fprintf(w, "MicroPayflex.%08x,localhost\n", i)
			continue
		}
		fmt.Fprintf(w, "MicroPayflex.%08x,localhost,7007,User %d,E%d\n", i, i, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func bind(t *testing.T, u *harness.Utdsd) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(u.Endpoint().URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

// pairs fails the test unless every token has its user and every user a token,
// and gives how many there are.
func pairs(t *testing.T, c *ldap.Conn) int {
	t.Helper()
	list := func(container, filter, attr string) map[string]bool {
		r, err := c.SearchWithPaging(ldap.NewSearchRequest("utname="+container+","+farm, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
			filter, []string{attr}, nil), 1000)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, e := range r.Entries {
			name := e.DN
			if attr != "1.1" {
				name = e.GetAttributeValue(attr)
			}
			found[strings.ToLower(name)] = true
		}
		return found
	}
	owners, users := list("tokens", "(objectClass=utToken)", "utowner"), list("users", "(objectClass=utUser)", "1.1")
	for o := range owners {
		if !users[o] {
			t.Errorf("a token has the user %s, who is not there", o)
		}
	}
	for u := range users {
		if !owners[u] {
			t.Errorf("the user %s has no token", u)
		}
	}
	return len(users)
}

func TestAHundredThousandLines(t *testing.T) {
	const n, bad = 100_000, 10_000
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	file := many(t, n, bad)
	begun := time.Now()
	r := run(t, u.Root, "", "utuser", "-f", file).want(t, 1, "Added 99990 users.\n", "10 of 100000 lines failed (told above), each without any effect")
	t.Logf("%d lines in %v", n, time.Since(begun))
	var want strings.Builder
	for i := bad; i <= n; i += bad {
		fmt.Fprintf(&want, "line %d: 2 fields; want ", i)
		if !strings.Contains(r.err, want.String()) {
			t.Errorf("no %q in\n%s", want.String(), r.err)
		}
		want.Reset()
	}
	if got := pairs(t, bind(t, u)); got != n-n/bad {
		t.Errorf("%d users", got)
	}
	if strings.Contains(r.err, "\r") {
		t.Error("progress where there is no terminal")
	}
}

func TestProgressOfAFileIsShownOnATerminal(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	terminal := harness.NewTerminal(t)
	cmd := command(t, u.Root, "utuser", "-f", many(t, 3000, 1000))
	var out bytes.Buffer
	cmd.Stderr, cmd.Stdout = terminal.Program, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Hangup()
	if err := cmd.Wait(); err == nil || out.String() != "Added 2997 users.\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	screen := terminal.Wait()
	if !regexp.MustCompile(`Added +\d+% \[[=>.]+\] \(\d+, \d+ lines/(s|min)\) \[\d+s:\d+s\]`).MatchString(screen) || !strings.Contains(screen, "line 2000: 2 fields") {
		t.Errorf("terminal\n%q", screen)
	}
}

func TestServerThatIsKilledDuringAFile(t *testing.T) {
	const n = 20_000
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	file := many(t, n, 0)
	cmd := command(t, u.Root, "utuser", "-f", file)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Some of them are there, and most are not.
	c := bind(t, u)
	for there := 0; there < 200; {
		r, err := c.Search(ldap.NewSearchRequest("utname=tokens,"+farm, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"numSubordinates"}, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(r.Entries[0].GetAttributeValue("numSubordinates"), &there); err != nil {
			t.Fatal(err)
		}
	}
	u.Kill(t)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, %s", err, out.String())
	}
	told := errOut.String()
	if !strings.Contains(told, "whether this was changed is not known") || !regexp.MustCompile(`some perhaps with an effect; nothing more was begun from line \d+ on\n$`).MatchString(told) {
		t.Errorf("told:\n%s", told)
	}
	if lines := strings.Count(told, "\n"); lines > 1000 {
		t.Errorf("%d lines of errors", lines)
	}
	u.Restart(t)
	// The same file again: what is there is told, what is half there is completed.
	r := run(t, u.Root, "", "utuser", "-f", file).want(t, 1, "registered already")
	if strings.Contains(r.err, "lost") {
		t.Errorf("told:\n%.1000s", r.err)
	}
	if got := pairs(t, bind(t, u)); got != n {
		t.Errorf("%d users", got)
	}
}

func TestALineTakesEffectAsAWholeOrNotAtAll(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	c := bind(t, u)
	run(t, u.Root, "A1,,,Anna\nB1,,,Bert\n", "utuser", "-f", "-").want(t, 0)
	users, tokens := ",utname=users,"+farm, ",utname=tokens,"+farm
	// Anna gets a second token and loses the first one.
	second := ldap.NewAddRequest("utname=A2"+tokens, nil)
	second.Attribute("objectClass", []string{"utToken"})
	second.Attribute("utowner", []string{"utname=A1" + users})
	if err := c.Add(second); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-d", "A1").want(t, 0)
	run(t, u.Root, "", "utuser", "-p", "A2").want(t, 0, "User Name = Anna")
	// Her name is taken, so a new A1 cannot be; its token must not stay.
	run(t, u.Root, "", "utuser", "-a", "A1,,,Another").want(t, 1, "is there already and has the token A2")
	run(t, u.Root, "", "utuser", "-p", "A1").want(t, 1, "no user has this token")
	// With the second token Anna goes, too.
	run(t, u.Root, "", "utuser", "-d", "A2").want(t, 0)
	if n := pairs(t, c); n != 1 {
		t.Errorf("%d users", n)
	}
	// What was cut off in the middle is completed: a token without its user, and a
	// user without a token.
	if err := c.Del(ldap.NewDelRequest("utname=B1"+users, nil)); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-l").want(t, 0, "\nB1\n")
	run(t, u.Root, "", "utuser", "-a", "B1,,,Berta").want(t, 0)
	if err := c.Del(ldap.NewDelRequest("utname=B1"+tokens, nil)); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-a", "B1,,,Bernd,x").want(t, 0)
	run(t, u.Root, "", "utuser", "-p", "B1").want(t, 0, "User Name = Bernd", "Other Info = x")
	if n := pairs(t, c); n != 1 {
		t.Errorf("%d users", n)
	}
	// A token of nobody can be seen and deleted, and not given a name.
	if err := c.Del(ldap.NewDelRequest("utname=B1"+users, nil)); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-e", "B1,,,X").want(t, 1, "belongs to nobody")
	run(t, u.Root, "", "utuser", "-d", "B1").want(t, 0)
	if n := pairs(t, c); n != 0 {
		t.Errorf("%d users", n)
	}
}
