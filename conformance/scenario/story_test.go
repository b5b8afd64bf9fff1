// story_test.go: the form of a story file.

package scenario

import (
	"fmt"
	"strings"
	"testing"
)

const rule = "----"

// step is a command with its input and what it has to print. before is what
// stands above it in the file: comments and blank lines.
type step struct {
	before  string
	line    int // of the command
	command string
	input   string
	want    string
}

// parse reads a story. after is what follows the last step.
func parse(text string) (steps []step, after string, err error) {
	lines := strings.SplitAfter(text, "\n")
	var before strings.Builder
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' {
			before.WriteString(lines[i])
			i++
			continue
		}
		s := step{before: before.String(), line: i + 1, command: line}
		before.Reset()
		for i++; i < len(lines) && strings.TrimSuffix(lines[i], "\n") != rule; i++ {
			s.input += lines[i]
		}
		if i == len(lines) {
			return nil, "", fmt.Errorf("line %d: no %s below the command", s.line, rule)
		}
		i++
		end := "\n"
		if i < len(lines) && lines[i] == rule+"\n" {
			end = rule + "\n"
			i++
		}
		for ; i < len(lines) && lines[i] != end && lines[i] != ""; i++ {
			s.want += lines[i]
		}
		if end != "\n" {
			if i+1 >= len(lines) || lines[i+1] != end {
				return nil, "", fmt.Errorf("line %d: what it prints has no end", s.line)
			}
			i += 2
		}
		steps = append(steps, s)
	}
	return steps, before.String(), nil
}

// text is the step as it stands in a file, with what was printed.
func (s *step) text(printed string) string {
	if strings.Contains("\n"+printed, "\n\n") || strings.Contains("\n"+printed, "\n"+rule+"\n") {
		printed = rule + "\n" + printed + rule + "\n" + rule + "\n"
	}
	return s.before + s.command + "\n" + s.input + rule + "\n" + printed
}

// words splits a command at blanks, except inside of double quotes.
func words(command string) (list []string) {
	var word strings.Builder
	quoted, any := false, false
	for _, c := range command {
		switch {
		case c == '"':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			if any {
				list = append(list, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(c)
			any = true
		}
	}
	if any {
		list = append(list, word.String())
	}
	return list
}

func TestStoryIsReadAndWrittenBack(t *testing.T) {
	const text = `# A story.

server a b
----
ok

# With input.
modify a
dn: o=utdata
changetype: delete

dn: o=x
----
----
one

two
----
----

last "a b" ""
----
`
	steps, after, err := parse(text)
	if err != nil || len(steps) != 3 {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	again := ""
	for _, s := range steps {
		again += s.text(s.want)
	}
	if again+after != text {
		t.Errorf("written back:\n%s", again+after)
	}
	if s := steps[1]; s.input != "dn: o=utdata\nchangetype: delete\n\ndn: o=x\n" || s.want != "one\n\ntwo\n" || s.line != 8 {
		t.Errorf("%+v", s)
	}
	if w := words(steps[2].command); len(w) != 3 || w[1] != "a b" || w[2] != "" {
		t.Errorf("%q", w)
	}
	for _, broken := range []string{"server a\n", "x\n----\n----\none\n"} {
		if _, _, err := parse(broken); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
}
