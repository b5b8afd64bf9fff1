package command

// man.go: the page as a manual page, in the macros of man(7).

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// manSection is that of programs for administrators.
const manSection = 8

// Man writes the manual page. It has every word of what -h shows.
func (p *Page) Man(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, ".TH %s %d \"\" \"utdsd %s\" \"Sun Ray data store\"\n", strings.ToUpper(p.Name), manSection, roff(Version()))
	fmt.Fprintf(out, ".SH NAME\n%s \\- %s\n", p.Name, roff(p.Summary()))
	fmt.Fprint(out, ".SH SYNOPSIS\n.nf\n")
	for _, s := range p.Synopsis {
		name, rest, _ := strings.Cut(s, " ")
		fmt.Fprintf(out, "\\fB%s\\fR %s\n", roff(name), roff(rest))
	}
	fmt.Fprint(out, ".fi\n.SH DESCRIPTION\n")
	options := false
	for i, b := range p.Blocks {
		if b.Heading != "" && !options { // in front of exit status and examples
			p.manOptions(out)
			options = true
		}
		switch {
		case b.Heading != "":
			fmt.Fprintf(out, ".SH %s\n", strings.ToUpper(roff(b.Heading)))
		case i > 0:
			fmt.Fprintln(out, ".PP")
		}
		if b.Exact {
			fmt.Fprintf(out, ".nf\n.RS 2\n%s\n.RE\n.fi\n", roffLines(b.Lines))
			continue
		}
		fmt.Fprintln(out, roffLines(b.Lines))
	}
	if !options {
		p.manOptions(out)
	}
	return out.Flush()
}

func (p *Page) manOptions(out io.Writer) {
	fmt.Fprintln(out, ".SH OPTIONS")
	for _, o := range p.Options {
		argument := ""
		if o.Argument != "" {
			argument = " \\fI" + roff(o.Argument) + "\\fR"
		}
		fmt.Fprintf(out, ".TP\n\\fB%s\\fR%s\n%s\n", roff(o.Name), argument, roff(o.Text))
	}
}

// roff escapes what the formatter would take as its own.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

func roffLines(lines []string) string {
	escaped := make([]string, len(lines))
	for i, l := range lines {
		escaped[i] = roff(strings.TrimPrefix(l, "  "))
	}
	return strings.Join(escaped, "\n")
}
