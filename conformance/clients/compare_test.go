// compare_test.go: compares the output of a tool with what is expected of it.

package clients

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// answer is what a command did.
type answer struct {
	Code   int
	Stdout string
	Stderr string
}

// verify tells how an answer differs from e, or "" when it does not. vars
// are the values of ${NAME}.
func (e *expectation) verify(a answer, vars map[string]string) string {
	if a.Code != e.Code {
		return fmt.Sprintf("exit status %d, expected %d", a.Code, e.Code)
	}
	got := entries(readable(strings.Split(a.Stdout, "\n")))
	switch {
	case e.Empty && len(got) > 0:
		return "output, expected none"
	case len(e.Lines) > 0:
		if diff := e.compareEntries(got, vars); diff != "" {
			return diff
		}
	}
	all := readable(strings.Split(a.Stdout+"\n"+a.Stderr, "\n"))
	for _, re := range e.Some {
		if !anyMatch(expandRegexp(re, vars), all) {
			return "no line has " + re
		}
	}
	for _, re := range e.None {
		if anyMatch(expandRegexp(re, vars), all) {
			return "a line has " + re
		}
	}
	return ""
}

// compareEntries compares the whole output with the expected lines.
func (e *expectation) compareEntries(got [][]string, vars map[string]string) string {
	want := expectedEntries(e.Lines)
	if len(got) != len(want) {
		return fmt.Sprintf("%d entries or texts, expected %d", len(got), len(want))
	}
	used := make([]bool, len(got))
	for i, w := range want {
		found := false
		for j, g := range got {
			if used[j] || (e.Ordered && i != j) || !sameLines(w, g, vars) {
				continue
			}
			used[j], found = true, true
			break
		}
		if !found {
			return fmt.Sprintf("expected and not found:\n  %s", joinPatterns(w, vars))
		}
	}
	return ""
}

// entries splits lines at empty ones, as LDIF does. A comment, in which the
// tools put what is no entry, stands for itself.
func entries(lines []string) [][]string {
	return split(lines, func(l string) string { return l })
}

// expectedEntries splits expected lines in the same way.
func expectedEntries(lines []pattern) [][]pattern {
	return split(lines, func(p pattern) string { return p.Text })
}

func split[L any](lines []L, text func(L) string) [][]L {
	var all [][]L
	var one []L
	flush := func() {
		if one != nil {
			all = append(all, one)
			one = nil
		}
	}
	for _, l := range lines {
		switch {
		case text(l) == "":
			flush()
		case strings.HasPrefix(text(l), "# "):
			flush()
			all = append(all, []L{l})
		default:
			one = append(one, l)
		}
	}
	flush()
	return all
}

// sameLines tells whether every pattern matches a line of its own and no line
// is left over. Exact lines choose first, so that a pattern cannot take them.
func sameLines(want []pattern, got []string, vars map[string]string) bool {
	if len(want) != len(got) {
		return false
	}
	left := append([]string(nil), got...)
	order := append([]pattern(nil), want...)
	sort.SliceStable(order, func(i, j int) bool { return !order[i].Regexp && order[j].Regexp })
	for _, w := range order {
		i := w.index(left, vars)
		if i < 0 {
			return false
		}
		left = append(left[:i], left[i+1:]...)
	}
	return true
}

// index is the place of the first line that the pattern matches, or -1.
func (p pattern) index(lines []string, vars map[string]string) int {
	text := expand(p.Text, vars)
	var re *regexp.Regexp
	if p.Regexp {
		re = regexp.MustCompile("^(?:" + expandRegexp(p.Text, vars) + ")$")
	}
	for i, l := range lines {
		if (re != nil && re.MatchString(l)) || (re == nil && l == text) {
			return i
		}
	}
	return -1
}

func joinPatterns(patterns []pattern, vars map[string]string) string {
	var lines []string
	for _, p := range patterns {
		lines = append(lines, expand(p.Text, vars))
	}
	return strings.Join(lines, "\n  ")
}

func anyMatch(re string, lines []string) bool {
	compiled := regexp.MustCompile(re)
	for _, l := range lines {
		if compiled.MatchString(l) {
			return true
		}
	}
	return false
}

// variable is ${NAME} in a check file.
var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// expand puts the values of variables into text. An unknown one stays, and
// fails the comparison.
func expand(text string, vars map[string]string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		if value, ok := vars[v[2:len(v)-1]]; ok {
			return value
		}
		return v
	})
}

// expandRegexp is expand for regular expressions: values match literally.
func expandRegexp(re string, vars map[string]string) string {
	return variable.ReplaceAllStringFunc(re, func(v string) string {
		return regexp.QuoteMeta(expand(v, vars))
	})
}

// readable decodes base64 values that hold text, as LDIF has to encode what
// is not ASCII or begins with a space.
func readable(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l
		name, value, ok := strings.Cut(l, ":: ")
		if !ok || strings.ContainsAny(name, " :") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(value)
		if err == nil && utf8.Valid(raw) && strings.IndexFunc(string(raw), unprintable) < 0 {
			out[i] = name + ": " + string(raw)
		}
	}
	return out
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
