// judge_test.go: the judge judged: what a check file must accept and refuse.

package clients

import (
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// twoEntries is an answer in an order and an encoding of its own.
var twoEntries = answer{Stdout: "dn: cn=b,o=x\ncn: b\n\ndn: cn=a,o=x\nsn:: SsO8cmdlbg==\ncn: a\n\n"}

func TestExpectationMeetsAnswer(t *testing.T) {
	vars := map[string]string{"base": "o=x"}
	for _, c := range []struct {
		name, check string
		answer      answer
		fails       string // part of the reason; empty: the answer is accepted
	}{
		{"order and base64 mean nothing", "= 0\n> dn: cn=a,${base}\n> cn: a\n> sn: Jürgen\n> \n> dn: cn=b,${base}\n> cn: b", twoEntries, ""},
		{"patterns", "= 0\n~ dn: cn=a,${base}\n~ [a-z]+: a\n~ sn: .*\n> \n~ dn: .*\n~ cn: .", twoEntries, ""},
		{"another exit status", "= 32\n> dn: cn=a,o=x", twoEntries, "exit status 0"},
		{"an entry too many", "= 0\n> dn: cn=b,o=x\n> cn: b", twoEntries, "2 entries"},
		{"an entry too few", "= 0\n> dn: cn=a\n> \n> dn: cn=b\n> \n> dn: cn=c", twoEntries, "2 entries"},
		{"a line too few", "= 0\n> dn: cn=a,o=x\n> cn: a\n> \n> dn: cn=b,o=x\n> cn: b", twoEntries, "not found"},
		{"another value", "= 0\n> dn: cn=a,o=x\n> cn: a\n> sn: Jurgen\n> \n> dn: cn=b,o=x\n> cn: b", twoEntries, "not found"},
		{"an order that is asked for", "= 0\nordered\n~ dn: cn=a,o=x\n~ cn.*\n~ sn.*\n> \n~ dn: cn=b,o=x\n~ cn.*", twoEntries, "not found"},
		{"output where none is expected", "= 0\nempty", twoEntries, "expected none"},
		{"a pattern is for the whole line", "= 0\n~ dn: cn=a\n~ cn: a\n~ sn: .*\n> \n~ dn.*\n~ cn: b", twoEntries, "not found"},
		{"a variable is no pattern", "= 0\n? ^x${base}$", answer{Stdout: "xo=x"}, ""},
		{"some line", "= 1\n? No such", answer{Code: 1, Stderr: "ldap: No such object (32)"}, ""},
		{"some line that is not there", "= 0\n? No such", twoEntries, "no line"},
		{"a line that must not be there", "= 0\n! ^cn: b", twoEntries, "a line has"},
		{"comments are apart from entries", "= 0\n> dn: cn=a\n> \n> # more", answer{Stdout: "# more\ndn: cn=a\n"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseStory("x", "check x\n$ ldapsearch\n"+c.check)
			if err != nil {
				t.Fatal(err)
			}
			got := s.Checks[0].Steps[0].Expect.verify(c.answer, vars)
			if (got == "") != (c.fails == "") || !strings.Contains(got, c.fails) {
				t.Errorf("verify: %q, expected %q", got, c.fails)
			}
		})
	}
}

func TestParseStory(t *testing.T) {
	s, err := parseStory("x", "# title\ndata\ndn: o=x\n# in data\nend\n\ncheck one\nonly ours: reason\n"+
		"$ ldapadd @admin\n< dn: o=y\n< o: y\n= 0\n[slapd] other\n= 68\nsave n ^a: (.*)$\n$ ldapwhoami\n= 0")
	if err != nil {
		t.Fatal(err)
	}
	c := s.Checks[0]
	if s.Data != "dn: o=x\n# in data\n" || c.Name != "one" || c.Only != harness.Ours || len(c.Steps) != 2 {
		t.Errorf("story %+v check %+v", s, c)
	}
	first := c.Steps[0]
	if first.Stdin != "dn: o=y\no: y\n" || first.Expect.Code != 0 || first.Differs[harness.Reference].Code != 68 ||
		len(first.Differs[harness.Reference].Saves) != 1 {
		t.Errorf("step %+v", first)
	}
}

func TestParseStoryRefusesMistakes(t *testing.T) {
	for name, text := range map[string]string{
		"no command":             "check one\n",
		"no exit status":         "check one\n$ ldapwhoami\n> x",
		"expectation too early":  "check one\n= 0",
		"line before the checks": "$ ldapwhoami",
		"unknown directive":      "check one\n$ ldapwhoami\n= 0\n%% x",
		"bad pattern":            "check one\n$ ldapwhoami\n= 0\n~ (",
		"bad exit status":        "check one\n$ ldapwhoami\n= none",
		"unexplained difference": "check one\n$ ldapwhoami\n= 0\n[slapd]\n= 1",
		"unknown server":         "check one\n$ ldapwhoami\n= 0\n[other] why\n= 1",
		"difference without end": "check one\n$ ldapwhoami\n= 0\n[slapd] why\n",
		"unexplained only":       "check one\nonly ours\n$ ldapwhoami\n= 0",
		"data without end":       "data\ndn: o=x\n",
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := parseStory("x", text); err == nil {
				t.Errorf("accepted: %+v", s)
			}
		})
	}
}

func TestSplitWords(t *testing.T) {
	for text, want := range map[string]string{
		`a  b`:              "a|b",
		`a '' b`:            "a||b",
		`-b 'cn="x y",o=z'`: `-b|cn="x y",o=z`,
		`cn=a\,b '(a=\2a)'`: `cn=a\,b|(a=\2a)`,
		`a'b c'd`:           "ab cd",
	} {
		if words, err := splitWords(text); err != nil || strings.Join(words, "|") != want {
			t.Errorf("%s: %q, %v", text, words, err)
		}
	}
	if _, err := splitWords("a 'b"); err == nil {
		t.Error("an open quote was accepted")
	}
}
