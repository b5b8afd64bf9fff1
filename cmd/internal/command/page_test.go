package command

import (
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const pageText = `Usage: uttest -x FILE
       uttest -y

Tests what utdsd.toml says, and more: all of it. The second sentence.
And 'a' second \line.

A second paragraph.

Files:
  /etc/one  the first
  .two      begins with a full stop

Examples:
  uttest -x file`

func testPage() Program {
	return Program{Name: "uttest", Usage: pageText, Define: func(f *flag.FlagSet) func([]string) error {
		f.String("x", "", "read `FILE`, which is there")
		f.Int("port", 7012, "TCP `port`")
		f.Bool("y", false, "do not")
		return func([]string) error { return nil }
	}}
}

func TestHelpIsThePageWithOptionsAndExitStatus(t *testing.T) {
	var out, errOut strings.Builder
	if code := testPage().Run([]string{"-h"}, &out, &errOut); code != Done {
		t.Errorf("exit code %d, %s", code, errOut.String())
	}
	want := strings.Replace(pageText, "\nExamples:", "\n"+exitStatus+"\n\nExamples:", 1) + `

Options:
  -port port
      TCP port (default 7012)
  -x FILE
      read FILE, which is there
  -y
      do not
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestManPageHasTheWordsOfHelp(t *testing.T) {
	var help, man strings.Builder
	testPage().Run([]string{"-h"}, &help, &help)
	testPage().Run([]string{"-man"}, &man, &man)
	for _, want := range []string{".TH UTTEST 8 ", ".SH NAME\nuttest \\- tests what utdsd.toml says, and more\n", "\\fButtest\\fR \\-x FILE\n",
		".SH DESCRIPTION\nTests what", ".PP\nA second", ".SH OPTIONS\n.TP\n\\fB\\-port\\fR \\fIport\\fR\nTCP port", ".SH FILES\n.nf\n.RS 2\n/etc/one  the first\n\\&.two",
		".SH EXIT STATUS\n", ".SH EXAMPLES\n", "\\(aqa\\(aq second \\eline."} {
		if !strings.Contains(man.String(), want) {
			t.Errorf("no %q in\n%s", want, man.String())
		}
	}
	if a, b := words(help.String()), words(plain(man.String())); !slices.Equal(a, b) {
		t.Errorf("help has\n%q\nthe man page\n%q", a, b)
	}
}

// plain undoes the escapes of a man page and leaves out what only it has.
func plain(man string) string {
	man = regexp.MustCompile(`(?s)^\.TH.*?\.SH SYNOPSIS\n`).ReplaceAllString(man, "Usage:\n")
	man = regexp.MustCompile(`(?m)^\.SH (DESCRIPTION)$`).ReplaceAllString(man, "")
	man = regexp.MustCompile(`(?m)^\.SH (.*)$`).ReplaceAllString(man, "$1:")
	man = regexp.MustCompile(`(?m)^\.[A-Za-z].*$`).ReplaceAllString(man, "")
	return strings.NewReplacer(`\fB`, "", `\fI`, "", `\fR`, "", `\-`, "-", `\&`, "", `\(aq`, "'", `\e`, `\`).Replace(man)
}

// words are those of a text, sorted, in lower case.
func words(text string) []string {
	list := strings.Fields(strings.ToLower(text))
	slices.Sort(list)
	return list
}

func TestSummaryIsTheFirstSentence(t *testing.T) {
	for text, want := range map[string]string{
		"Usage: x\n\nServes it. And more.":            "serves it",
		"Usage: x\n\nServes\nutdsd.toml: yes":         "serves utdsd.toml",
		"Usage: x\n\nNo end of a sentence":            "no end of a sentence",
		"Usage: x\n\nReads a.b":                       "reads a.b",
		"Usage: x\n\nExamples:\n  x\n\nComes behind.": "comes behind",
		"Usage: x": "",
	} {
		if got := ParsePage("x", text).Summary(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
