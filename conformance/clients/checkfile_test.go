// checkfile_test.go: reads check files; the format is described in doc.go.

package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// story is one check file.
type story struct {
	Name   string // file name without .txt, also the ou of its subtree
	Data   string // LDIF
	Checks []*check
}

// check is one named situation.
type check struct {
	Name  string
	Line  int
	Only  harness.Kind // empty: for every server
	Why   string       // of Only
	Steps []*step
}

// step is one command and what is expected of it.
type step struct {
	Line    int
	Command string
	Stdin   string
	Expect  *expectation                  // for every server but those in Differs
	Differs map[harness.Kind]*expectation // deliberate differences
}

// expectation is what a command must have answered.
type expectation struct {
	Why     string // explains a deliberate difference
	Code    int
	HasCode bool
	Lines   []pattern
	Empty   bool
	Ordered bool
	Some    []string // regular expressions
	None    []string
	Saves   []saved
}

// pattern is one expected line of output.
type pattern struct {
	Text   string
	Regexp bool
}

// saved names a part of the output for later steps.
type saved struct{ Name, Regexp string }

// serverNames maps the words of check files to servers.
func serverNamed(word string) (harness.Kind, bool) {
	switch word {
	case "ours":
		return harness.Ours, true
	case "slapd":
		return harness.Reference, true
	}
	return "", false
}

// readStories reads every check file of dir.
func readStories(dir string) ([]*story, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var stories []*story
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		s, err := parseStory(strings.TrimSuffix(filepath.Base(path), ".txt"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		stories = append(stories, s)
	}
	return stories, nil
}

// storyParser is the state between two lines of a check file.
type storyParser struct {
	story  *story
	check  *check
	step   *step
	expect *expectation
	inData bool
	data   strings.Builder
}

// parseStory reads the text of one check file; errors begin with the line.
func parseStory(name, text string) (*story, error) {
	p := &storyParser{story: &story{Name: name}}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(i+1, line); err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
	}
	p.story.Data = p.data.String()
	if p.inData {
		return nil, fmt.Errorf("0: data without end")
	}
	for _, c := range p.story.Checks {
		if err := c.complete(); err != nil {
			return nil, fmt.Errorf("%d: %w", c.Line, err)
		}
	}
	return p.story, nil
}

// complete tells what a check lacks.
func (c *check) complete() error {
	if len(c.Steps) == 0 {
		return fmt.Errorf("check %q has no command", c.Name)
	}
	for _, s := range c.Steps {
		for _, e := range append([]*expectation{s.Expect}, values(s.Differs)...) {
			if !e.HasCode {
				return fmt.Errorf("a command of check %q has no exit status (=)", c.Name)
			}
		}
	}
	return nil
}

func values(m map[harness.Kind]*expectation) []*expectation {
	var all []*expectation
	for _, e := range m {
		all = append(all, e)
	}
	return all
}

// line takes one line of the file.
func (p *storyParser) line(number int, line string) error {
	switch {
	case p.inData && line == "end":
		p.inData = false
	case p.inData:
		p.data.WriteString(line + "\n")
	case line == "data":
		p.inData = true
	case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
	default:
		word, rest, _ := strings.Cut(line, " ")
		return p.directive(number, word, rest)
	}
	return nil
}

// directive takes a line that begins with word.
func (p *storyParser) directive(number int, word, rest string) error {
	switch {
	case word == "check":
		p.check = &check{Name: rest, Line: number}
		p.step, p.expect = nil, nil
		p.story.Checks = append(p.story.Checks, p.check)
		return nil
	case p.check == nil:
		return fmt.Errorf("%q before the first check", word)
	case word == "only":
		name, why, _ := strings.Cut(rest, ": ")
		kind, ok := serverNamed(name)
		if !ok || why == "" {
			return fmt.Errorf("want: only SERVER: WHY")
		}
		p.check.Only, p.check.Why = kind, why
		return nil
	case word == "$":
		p.expect = &expectation{}
		p.step = &step{Line: number, Command: rest, Expect: p.expect, Differs: map[harness.Kind]*expectation{}}
		p.check.Steps = append(p.check.Steps, p.step)
		return nil
	case p.step == nil:
		return fmt.Errorf("%q before a command", word)
	case word == "<":
		p.step.Stdin += rest + "\n"
		return nil
	case strings.HasPrefix(word, "["):
		kind, ok := serverNamed(strings.Trim(word, "[]"))
		if !ok || rest == "" {
			return fmt.Errorf("want: [SERVER] WHY")
		}
		p.expect = &expectation{Why: rest}
		p.step.Differs[kind] = p.expect
		return nil
	}
	return p.expect.directive(word, rest)
}

// directive takes one line of an expectation.
func (e *expectation) directive(word, rest string) error {
	var err error
	switch word {
	case "=":
		e.Code, err = strconv.Atoi(rest)
		e.HasCode = true
	case ">":
		e.Lines = append(e.Lines, pattern{Text: rest})
	case "~":
		e.Lines = append(e.Lines, pattern{Text: rest, Regexp: true})
		_, err = regexp.Compile(rest)
	case "empty":
		e.Empty = true
	case "ordered":
		e.Ordered = true
	case "?":
		e.Some = append(e.Some, rest)
	case "!":
		e.None = append(e.None, rest)
	case "save":
		name, re, _ := strings.Cut(rest, " ")
		e.Saves = append(e.Saves, saved{name, re})
	default:
		err = fmt.Errorf("unknown directive %q", word)
	}
	return err
}

// splitWords splits a command as a shell does with single and double quotes;
// a backslash is an ordinary character, for the sake of DNs and filters.
func splitWords(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	open := false
	for _, c := range command {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == ' ':
			if open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("quote %c is not closed", quote)
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
