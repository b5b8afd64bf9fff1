package command

// page.go: the page that describes a program, and how -h shows it.

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Page describes a program.
type Page struct {
	Name     string
	Synopsis []string // command lines
	Blocks   []Block
	Options  []Option
}

// Block is a part of the text.
type Block struct {
	Heading string   // of this block and those that follow it; "" goes on
	Lines   []string // of a paragraph, or to be shown as they are
	Exact   bool     // show the lines as they are
}

// Option is one option of the command line.
type Option struct {
	Name     string // with its dash
	Argument string // what follows it, "" for nothing
	Text     string
}

// exitStatus stands on the pages of programs that have no codes of their own.
const exitStatus = `Exit status:
  0  done
  1  failed
  2  the command line is wrong`

// ParsePage reads a text of this form, in which blank lines part the blocks:
//
//	Usage: name -x FILE
//	       name -y
//
//	A paragraph. Its first sentence says what the program does.
//
//	Heading:
//	  lines that are
//	  shown as they are
//
// A text that says nothing about exit codes gets the usual ones in front of its
// examples.
func ParsePage(name, text string) *Page {
	if !strings.Contains(text, "\nExit ") {
		if head, examples, ok := strings.Cut(text, "\nExamples:\n"); ok {
			text = head + "\n" + exitStatus + "\n\nExamples:\n" + examples
		} else {
			text += "\n\n" + exitStatus
		}
	}
	p := &Page{Name: name}
	for i, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(part, "\n")
		if usage, ok := strings.CutPrefix(lines[0], "Usage: "); ok && i == 0 {
			lines[0] = usage
			for _, l := range lines {
				p.Synopsis = append(p.Synopsis, strings.TrimSpace(l))
			}
			continue
		}
		b := Block{Lines: lines}
		if heading, ok := strings.CutSuffix(lines[0], ":"); ok && len(lines) > 1 && strings.HasPrefix(lines[1], "  ") {
			b.Heading, b.Lines = heading, lines[1:]
		}
		b.Exact = strings.HasPrefix(b.Lines[0], "  ")
		p.Blocks = append(p.Blocks, b)
	}
	return p
}

// optionsOf lists the options that a program has declared.
func optionsOf(f *flag.FlagSet) (list []Option) {
	f.VisitAll(func(o *flag.Flag) {
		argument, text := flag.UnquoteUsage(o)
		if o.DefValue != "" && o.DefValue != "false" && o.DefValue != "0" {
			text += " (default " + o.DefValue + ")"
		}
		list = append(list, Option{"-" + o.Name, argument, text})
	})
	return list
}

// Summary is what the program does, without a subject: the first sentence of the
// page, up to a colon or full stop.
func (p *Page) Summary() string {
	for _, b := range p.Blocks {
		if b.Exact || b.Heading != "" {
			continue
		}
		text := strings.Join(b.Lines, " ") + " "
		if i := strings.IndexAny(text, ":."); i >= 0 {
			for !strings.HasPrefix(text[i+1:], " ") { // as in "utdsd.toml"
				next := strings.IndexAny(text[i+1:], ":.")
				if next < 0 {
					return strings.ToLower(text[:1]) + strings.TrimSpace(text[1:])
				}
				i += 1 + next
			}
			text = text[:i]
		}
		return strings.ToLower(text[:1]) + strings.TrimSpace(text[1:])
	}
	return ""
}

// Help writes what -h shows.
func (p *Page) Help(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i, s := range p.Synopsis {
		fmt.Fprintf(out, "%-6s %s\n", map[bool]string{true: "Usage:"}[i == 0], s)
	}
	for _, b := range p.Blocks {
		fmt.Fprintln(out)
		if b.Heading != "" {
			fmt.Fprintln(out, b.Heading+":")
		}
		fmt.Fprintln(out, strings.Join(b.Lines, "\n"))
	}
	fmt.Fprintln(out, "\nOptions:")
	for _, o := range p.Options {
		fmt.Fprintf(out, "  %s\n      %s\n", strings.TrimSpace(o.Name+" "+o.Argument), o.Text)
	}
	return out.Flush()
}
