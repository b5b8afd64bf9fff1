// command_test.go: the commands of a story that start, stop and run programs.

package scenario

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const done = "ok\n"

// commands by their names; they give what is printed.
var commands = map[string]func(s *story, at string, args []string, input string) string{
	"server":    (*story).server,
	"config":    (*story).config,
	"start":     each(func(s *story, m *group.Member) { m.Restart(s.t) }),
	"stop":      each(func(s *story, m *group.Member) { m.Stop(s.t) }),
	"kill":      each(func(s *story, m *group.Member) { m.Kill(s.t) }),
	"lose":      each(func(s *story, m *group.Member) { m.Reinstall(s.t) }),
	"utreplica": program("utreplica"),
	"utuser":    program("utuser"),
	"search":    (*story).search,
	"modify":    (*story).modify,
	"password":  (*story).password,
	"write":     (*story).write,
	"apply":     (*story).apply,
	"wait":      (*story).wait,
	"metric":    (*story).metric,
	"log":       (*story).logged,
	"reader":    (*story).reader,
	"same":      (*story).same,
	"dump":      (*story).dump,
	"load":      (*story).load,
	"files":     (*story).files,
	"show":      (*story).show,
	"check":     (*story).check,
}

// do runs the command of a step.
func (s *story) do(file string, st *step) string {
	s.t.Helper()
	w := words(st.command)
	at := fmt.Sprintf("%s:%d: %s", file, st.line, st.command)
	f := commands[w[0]]
	if f == nil || len(w) < 2 {
		s.t.Fatalf("%s: no such command; there are %q, all with a name of a server", at, slices.Sorted(maps.Keys(commands)))
	}
	return f(s, at, w[1:], st.input)
}

// member is the server of a name.
func (s *story) member(at, name string) *group.Member {
	s.t.Helper()
	m := s.members[name]
	if m == nil {
		s.t.Fatalf("%s: no server %s", at, name)
	}
	return m
}

// arguments gives arguments of a program: names of servers become host:port.
func (s *story) arguments(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if m := s.members[a]; m != nil {
			out[i] = m.Address()
		}
	}
	return out
}

// print is what a program printed, and its exit status unless that is 0.
func printed(r group.Ran) string {
	text := r.Out + r.Err
	if r.Code != 0 {
		text += fmt.Sprintf("exit status %d\n", r.Code)
	}
	if text == "" {
		return done
	}
	return text
}

// each is a command for some servers, one after the other.
func each(f func(*story, *group.Member)) func(*story, string, []string, string) string {
	return func(s *story, at string, args []string, _ string) string {
		for _, name := range args {
			f(s, s.member(at, name))
		}
		return done
	}
}

// program is a command that runs a program of that name.
func program(name string) func(*story, string, []string, string) string {
	return func(s *story, at string, args []string, input string) string {
		text := printed(s.member(at, args[0]).Run(s.t, input, name, s.arguments(args[1:])...))
		if name == "utreplica" { // the width of its columns depends on what is masked
			text = columns.ReplaceAllString(text, "  ")
		}
		return text
	}
}

var columns = regexp.MustCompile(` {2,}`)

func (s *story) server(at string, args []string, _ string) string {
	var o harness.Options
	if args[0] == "-foreign" {
		if s.foreign == "" {
			s.foreign = group.Signature(s.t)
		}
		o.Signature, args = s.foreign, args[1:]
	}
	for _, name := range args {
		if s.members[name] != nil {
			s.t.Fatalf("%s: there is a server %s", at, name)
		}
		s.members[name] = s.group.Add(s.t, name, o)
	}
	return done
}

func (s *story) config(at string, args []string, _ string) string {
	if len(args) != 4 {
		s.t.Fatalf("%s: NAME TABLE KEY VALUE are needed", at)
	}
	set := harness.Setting{Table: args[1], Key: args[2], Value: args[3]}
	if n, err := strconv.Atoi(args[3]); err == nil {
		set.Value = n
	}
	s.member(at, args[0]).Configure(s.t, set)
	return done
}

func (s *story) check(at string, args []string, _ string) string {
	text := ""
	for _, name := range args {
		text += s.member(at, name).Check(s.t)
	}
	return text + map[bool]string{true: done}[text == ""]
}

// dump and load have their file behind < or >.
func (s *story) dump(at string, args []string, _ string) string {
	m := s.member(at, args[0])
	if len(args) != 3 || args[1] != ">" {
		s.t.Fatalf("%s: NAME > FILE is needed", at)
	}
	r := m.Run(s.t, "", "utldbmcat", m.StoreFile())
	if err := os.WriteFile(filepath.Join(s.dir, args[2]), []byte(r.Out), 0o600); err != nil {
		s.t.Fatal(err)
	}
	r.Out = ""
	return printed(r)
}

func (s *story) load(at string, args []string, input string) string {
	if len(args) != 3 || args[1] != "<" {
		s.t.Fatalf("%s: NAME < FILE is needed", at)
	}
	if args[2] != "-" {
		args[2] = filepath.Join(s.dir, args[2])
	}
	return printed(s.member(at, args[0]).Run(s.t, input, "utldif2ldbm", "-c", "-j", "2", "-i", args[2]))
}

func (s *story) files(at string, args []string, _ string) string {
	list, err := os.ReadDir(s.member(at, args[0]).StoreFolder())
	if err != nil {
		s.t.Fatal(err)
	}
	text := ""
	for _, f := range list {
		text += f.Name() + "\n"
	}
	return text
}

func (s *story) show(at string, args []string, _ string) string {
	if len(args) != 2 {
		s.t.Fatalf("%s: NAME PATTERN are needed", at)
	}
	found, err := filepath.Glob(filepath.Join(s.member(at, args[0]).StoreFolder(), args[1]))
	if err != nil || len(found) == 0 {
		return fmt.Sprintf("no file %s\n", args[1])
	}
	text := ""
	for _, f := range found {
		content, err := os.ReadFile(f)
		if err != nil {
			s.t.Fatal(err)
		}
		text += strings.TrimRight(string(content), "\n") + "\n"
	}
	return text
}
