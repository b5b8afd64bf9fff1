// script_test.go: the scripts, paragraph by paragraph, and that README has the
// same commands.

package procedures

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is a paragraph of a script.
type step struct {
	host  string
	lines []string
}

// command is the last line of a step, what is before it being about the shell.
func (s step) command() string { return s.lines[len(s.lines)-1] }

// text is all that is typed.
func (s step) text() string { return strings.Join(s.lines, "\n") }

// name is HOST PROGRAM [OPTION].
func (s step) name() string {
	words := strings.Fields(s.command())
	name := s.host + " " + words[0][strings.LastIndex(words[0], "/")+1:]
	if len(words) > 1 && strings.HasPrefix(words[1], "-") {
		name += " " + words[1]
	}
	return name
}

var place = regexp.MustCompile(`^# (?:[0-9]\. )?on ([a-z0-9]+)\b`)

// readScript takes a script apart.
func readScript(t *testing.T, name string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		var s step
		for _, line := range strings.Split(paragraph, "\n") {
			if at := place.FindStringSubmatch(line); at != nil {
				s.host = at[1]
			}
			if !strings.HasPrefix(line, "#") {
				s.lines = append(s.lines, line)
			}
		}
		if len(s.lines) == 0 {
			continue // tells what no command does
		}
		if s.host == "" {
			t.Fatalf("%s: where is this to be typed?\n%s", name, paragraph)
		}
		steps = append(steps, s)
	}
	return steps
}

// remark is what stands behind a command in README.
var remark = regexp.MustCompile(`\s+# .*$`)

func TestReadmeHasTheCommandsOfTheScripts(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, ok := strings.Cut(string(text), "\n## The three recovery procedures\n")
	if !ok {
		t.Fatal("README has no chapter about recovery")
	}
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	told := strings.Split(chapter, "\n**")[1:]
	scripts := []string{"rebuild.sh", "promote.sh", "return.sh"}
	if len(told) != len(scripts) {
		t.Fatalf("README tells %d procedures, there are %d", len(told), len(scripts))
	}
	for i, name := range scripts {
		var have, want []string
		for n, block := range strings.Split(told[i], "```") {
			if n%2 == 0 {
				continue
			}
			for _, line := range strings.Split(strings.TrimSpace(strings.TrimPrefix(block, "sh\n")), "\n") {
				have = append(have, remark.ReplaceAllString(line, ""))
			}
		}
		for _, s := range readScript(t, name) {
			want = append(want, s.lines...)
		}
		if !slices.Equal(have, want) {
			t.Errorf("README tells\n\t%s\nand %s has\n\t%s", strings.Join(have, "\n\t"), name, strings.Join(want, "\n\t"))
		}
	}
}
