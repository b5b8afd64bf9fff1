// file_test.go: the files of the corpus.

package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A script is one file.
type script struct {
	Name  string
	Cases []scriptCase
}

// A scriptCase is one connection.
type scriptCase struct {
	Title  string
	Target string // "", "secure" or "uncertified"
	Steps  []step
}

// A step is one line of a case.
type step struct {
	Line    int
	Verb    string // send, drip, flood, as, starttls, expect
	Bytes   []byte // send, drip, flood
	Outcome string // expect: the word
	Codes   []int  // expect result
}

// loadCorpus reads all files of a folder, in the order of their names.
func loadCorpus(dir string, vars map[string][]byte) ([]*script, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []*script
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := parseScript(string(text), vars)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", filepath.Base(name), err)
		}
		s.Name = strings.TrimSuffix(filepath.Base(name), ".txt")
		out = append(out, s)
	}
	return out, nil
}

// parseScript reads one file; errors begin with the line number.
func parseScript(text string, vars map[string][]byte) (*script, error) {
	s := &script{}
	own := map[string][]byte{}
	for k, v := range vars {
		own[k] = v
	}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line, at := lines[i], i+1
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		for i+1 < len(lines) && lines[i+1] != "" && (lines[i+1][0] == ' ' || lines[i+1][0] == '\t') {
			i++
			line += "\n" + lines[i]
		}
		if err := s.line(at, line, own); err != nil {
			return nil, fmt.Errorf("%d: %w", at, err)
		}
	}
	for _, c := range s.Cases {
		if len(c.Steps) == 0 || c.Steps[len(c.Steps)-1].Verb != "expect" {
			return nil, fmt.Errorf("1: case %q does not end with expect", c.Title)
		}
	}
	if len(s.Cases) == 0 {
		return nil, fmt.Errorf("1: no case")
	}
	return s, nil
}

// line reads one line with its continuations.
func (s *script) line(at int, text string, vars map[string][]byte) error {
	verb, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "case":
		s.Cases = append(s.Cases, scriptCase{Title: rest})
		return nil
	case "let":
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			return fmt.Errorf("let NAME = BYTES")
		}
		b, err := expand(value, vars)
		vars[strings.TrimSpace(name)] = b
		return err
	}
	if len(s.Cases) == 0 {
		return fmt.Errorf("%s outside of a case", verb)
	}
	c := &s.Cases[len(s.Cases)-1]
	st := step{Line: at, Verb: verb}
	var err error
	switch verb {
	case "to":
		if c.Target = rest; rest != "secure" && rest != "uncertified" {
			return fmt.Errorf("unknown target %q", rest)
		}
		return nil
	case "as":
		if rest != "admin" {
			return fmt.Errorf("unknown identity %q", rest)
		}
	case "starttls":
	case "send", "drip", "flood":
		st.Bytes, err = expand(rest, vars)
	case "expect":
		err = st.outcome(strings.Fields(rest))
	default:
		err = fmt.Errorf("unknown word %q", verb)
	}
	c.Steps = append(c.Steps, st)
	return err
}

func (st *step) outcome(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("expect what?")
	}
	st.Outcome = words[0]
	switch st.Outcome {
	case "result":
		for _, w := range words[1:] {
			code, err := strconv.Atoi(w)
			if err != nil {
				return err
			}
			st.Codes = append(st.Codes, code)
		}
		if len(st.Codes) == 0 {
			return fmt.Errorf("result of which code?")
		}
		return nil
	case "no-match", "any-result", "disconnect", "closed", "open", "alive":
		if len(words) == 1 {
			return nil
		}
	}
	return fmt.Errorf("unknown outcome %q", strings.Join(words, " "))
}
