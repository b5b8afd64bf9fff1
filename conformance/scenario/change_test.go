// change_test.go: the commands of a story that search and change, with
// OpenLDAP's tools.

package scenario

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// tool runs a program of OpenLDAP against a server.
func (s *story) tool(m *group.Member, input, name string, args ...string) group.Ran {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), group.ProgramIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Program(s.t, name), append([]string{"-x", "-H", m.Endpoint().URL}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	return m.Finish(ctx, s.t, cmd)
}

// administrator are the options that bind as the administrator.
func administrator() []string { return []string{"-D", harness.AdminDN, "-w", harness.Password} }

func (s *story) search(at string, args []string, _ string) string {
	options := []string{"-LLL", "-o", "ldif-wrap=no", "-b", harness.Suffix}
	rest := args[1:]
	if len(rest) > 0 && rest[0] == "admin" {
		options, rest = append(options, administrator()...), rest[1:]
	}
	r := s.tool(s.member(at, args[0]), "", "ldapsearch", append(options, rest...)...)
	return strings.TrimRight(printed(r), "\n") + "\n"
}

func (s *story) modify(at string, args []string, input string) string {
	return printed(s.tool(s.member(at, args[0]), input, "ldapmodify", append(administrator(), args[1:]...)...))
}

// password asks for a new password of an entry, as the administrator.
func (s *story) password(at string, args []string, _ string) string {
	if len(args) != 2 {
		s.t.Fatalf("%s: NAME DN are needed", at)
	}
	return printed(s.tool(s.member(at, args[0]), "", "ldappasswd", append(administrator(), "-s", "another-password", args[1])...))
}

// apply makes the changes of a file in the folder of one server's store on
// another server.
func (s *story) apply(at string, args []string, _ string) string {
	if len(args) != 3 {
		s.t.Fatalf("%s: NAME NAME PATTERN are needed", at)
	}
	return printed(s.tool(s.member(at, args[0]), s.show(at, args[1:], ""), "ldapmodify", administrator()...))
}

// desktops is where write works.
const desktops = "utname=desktops,utname=" + harness.Group + ",o=v1," + harness.Suffix

// write makes changes of all kinds, to entries of its own each time.
func (s *story) write(at string, args []string, _ string) string {
	s.t.Helper()
	n := 0
	if len(args) == 2 {
		n, _ = strconv.Atoi(args[1])
	}
	if n < 1 {
		s.t.Fatalf("%s: NAME N are needed", at)
	}
	s.written++
	var b strings.Builder
	for k := range n {
		b.WriteString(change(s.written, k+1))
	}
	r := s.tool(s.member(at, args[0]), b.String(), "ldapmodify", administrator()...)
	if r.Code != 0 {
		return printed(group.Ran{Code: r.Code, Err: r.Err})
	}
	return fmt.Sprintf("%d changes\n", n)
}

// change is change k of a write as LDIF: of six, three add an entry, one modifies
// the newest, one renames it and one deletes the one before.
func change(write, k int) string {
	name := func(k int) string { return fmt.Sprintf("desktop-%d-%d", write, k) }
	dn := func(k int) string { return fmt.Sprintf("dn: utname=%s,%s\n", name(k), desktops) }
	switch k % 6 {
	case 4:
		return dn(k-1) + fmt.Sprintf("changetype: modify\nreplace: utlocation\nutlocation: change %d\n\n", k)
	case 5:
		return dn(k-2) + fmt.Sprintf("changetype: modrdn\nnewrdn: utname=%s\ndeleteoldrdn: 1\n\n", name(k))
	case 0:
		return dn(k-4) + "changetype: delete\n\n"
	}
	return dn(k) + fmt.Sprintf("changetype: add\nobjectClass: utDesktop\nutname: %s\nutlocation: change %d\n\n", name(k), k)
}
