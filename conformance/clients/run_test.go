// run_test.go: runs stories against a server with the real tools.

package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// commandWithin bounds one tool; the slowest check waits for one second.
const commandWithin = 20 * time.Second

// tools are the programs a check file may name.
const tools = " ldapsearch ldapadd ldapmodify ldapdelete ldapmodrdn ldapcompare ldapwhoami ldappasswd ldapexop "

// runner drives the tools against one server.
type runner struct {
	server harness.Endpoint
	env    []string
	paths  map[string]string
	schema string // subschemaSubentry of the root DSE
	names  string // a file for ldapsearch -f: one search for each line
}

// newRunner prepares the tools: they see an ldap.conf of their own and
// nothing of the user's.
func newRunner(t *testing.T, server harness.Endpoint) *runner {
	t.Helper()
	r := &runner{server: server, paths: map[string]string{}}
	for _, name := range strings.Fields(tools) {
		r.paths[name] = harness.Program(t, name)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "ldap.conf")
	if err := os.WriteFile(conf, []byte("TLS_CACERT "+server.CAFile+"\nTLS_REQCERT demand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.names = filepath.Join(dir, "names")
	if err := os.WriteFile(r.names, []byte("ann\nbob\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.env = []string{"LC_ALL=C", "HOME=" + dir, "LDAPCONF=" + conf, "PATH=" + os.Getenv("PATH")}
	root := r.run(t, `ldapsearch -b '' -s base '(objectClass=*)' subschemaSubentry`, "", nil)
	found := regexp.MustCompile(`(?m)^subschemaSubentry: (.+)$`).FindStringSubmatch(root.Stdout)
	if found == nil {
		t.Fatalf("root DSE names no subschemaSubentry:\n%s%s", root.Stdout, root.Stderr)
	}
	r.schema = found[1]
	return r
}

// variables are the values of ${NAME} that every story starts with.
func (r *runner) variables(s *story) map[string]string {
	return map[string]string{
		"base": "ou=" + s.Name + "," + harness.Suffix, "suffix": harness.Suffix,
		"admin": harness.AdminDN, "utadmin": r.server.UtadminDN(), "password": harness.Password,
		"group": "utname=" + r.server.Group + ",o=v1," + harness.Suffix,
		"url":   r.server.URL, "secure": r.server.SecureURL, "ca": r.server.CAFile, "schema": r.schema, "names": r.names, "large": strings.Repeat("large value ", 5000) + "end",
	}
}

// story makes the subtree, runs the checks in their order and removes the
// subtree again.
func (r *runner) story(t *testing.T, s *story) {
	vars := r.variables(s)
	base := expand("dn: ${base}\nobjectClass: organizationalUnit\nou: "+s.Name+"\n\n", vars)
	if a := r.run(t, "ldapadd -M @admin", base+expand(s.Data, vars), vars); a.Code != 0 {
		t.Fatalf("add the data of %s: %d\n%s%s", s.Name, a.Code, a.Stdout, a.Stderr)
	}
	for _, c := range s.Checks {
		if c.Only != "" && c.Only != r.server.Kind {
			continue
		}
		t.Run(c.Name, func(t *testing.T) { r.check(t, c, vars) })
	}
	if a := r.run(t, "ldapdelete -M -r @admin ${base}", "", vars); a.Code != 0 {
		t.Errorf("delete the subtree of %s: %d\n%s%s", s.Name, a.Code, a.Stdout, a.Stderr)
	}
}

// check runs the commands of one check up to the first that disappoints.
func (r *runner) check(t *testing.T, c *check, vars map[string]string) {
	for _, step := range c.Steps {
		a := r.run(t, step.Command, expand(step.Stdin, vars), vars)
		expect, differs := step.Differs[r.server.Kind]
		if !differs {
			expect = step.Expect
		} else if step.Expect.verify(a, vars) == "" {
			t.Fatalf("line %d: %s answers what everybody should: the difference is no more", step.Line, r.server.Kind)
		}
		if diff := expect.verify(a, vars); diff != "" {
			t.Fatalf("line %d: %s\n%s\nexit status %d\n%s%s", step.Line, diff, expand(step.Command, vars), a.Code, a.Stdout, a.Stderr)
		}
		for _, s := range expect.Saves {
			if err := s.keep(a, vars); err != nil {
				t.Fatalf("line %d: %v\n%s%s", step.Line, err, a.Stdout, a.Stderr)
			}
		}
	}
}

// keep makes a part of the answer a variable.
func (s saved) keep(a answer, vars map[string]string) error {
	found := regexp.MustCompile("(?m)" + expandRegexp(s.Regexp, vars)).FindStringSubmatch(a.Stdout)
	if len(found) < 2 {
		return fmt.Errorf("nothing to save as %s: no %s", s.Name, s.Regexp)
	}
	vars[s.Name] = found[1]
	return nil
}

// run runs one command line of a check file.
func (r *runner) run(t *testing.T, command, stdin string, vars map[string]string) answer {
	t.Helper()
	words, err := splitWords(command)
	if err != nil || len(words) == 0 || r.paths[words[0]] == "" {
		t.Fatalf("cannot run %q: %v", command, err)
	}
	var args []string
	for _, w := range words[1:] {
		switch w {
		case "@admin":
			args = append(args, "-D", harness.AdminDN, "-w", harness.Password)
		case "@utadmin":
			args = append(args, "-D", r.server.UtadminDN(), "-w", harness.Password)
		default:
			args = append(args, expand(w, vars))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.paths[words[0]], append(r.defaults(words[0], args, vars), args...)...)
	cmd.Env = r.env
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	a := answer{}
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		a.Code = exit.ExitCode()
	} else if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s: no end within %s\n%s%s", command, commandWithin, stdout.String(), stderr.String())
	}
	a.Stdout, a.Stderr = stdout.String(), stderr.String()
	return a
}

// defaults are the arguments that a check file need not write.
func (r *runner) defaults(tool string, args []string, vars map[string]string) []string {
	given := map[string]bool{}
	for _, a := range args {
		given[a] = true
	}
	add := []string{"-x"}
	if !given["-H"] {
		add = append(add, "-H", r.server.URL)
	}
	if tool != "ldapexop" && tool != "ldapwhoami" && tool != "ldappasswd" {
		add = append(add, "-o", "ldif_wrap=no")
	}
	if tool == "ldapsearch" {
		add = append(add, "-LLL")
		if !given["-b"] {
			add = append(add, "-b", vars["base"])
		}
	}
	return add
}
