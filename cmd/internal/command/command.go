// Package command has what every program shares: single-dash long options, the
// exit codes, the form of an error on standard error, and the page that -h shows
// and that becomes the man page.
//
// It is not for what a program does, and knows no paths and no protocol.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// Exit codes.
const (
	Done    = 0
	Failed  = 1
	Misused = 2 // the command line is wrong
)

// manOption is for make man alone and not shown.
const manOption = "-man"

// ErrUsage marks an error of the command line.
var ErrUsage = errors.New("usage")

// Misuse makes an error of the command line. The text is the whole sentence.
func Misuse(format string, args ...any) error {
	return &misuse{fmt.Sprintf(format, args...)}
}

type misuse struct{ text string }

func (m *misuse) Error() string { return m.text }

func (m *misuse) Is(target error) bool { return target == ErrUsage }

// Program is one program of the project.
type Program struct {
	Name string
	// Usage is the page without the options, in the form that ParsePage reads: the
	// one source of -h and of the man page.
	Usage string
	// ForRoot says that a missing right is an error of who has started it.
	ForRoot bool
	// Define declares the options and gives what is run after they are read;
	// the arguments behind the options are passed on.
	Define func(f *flag.FlagSet) func(args []string) error
}

// Run reads the command line (without the name of the program), runs the
// program and gives its exit code. -h prints the page to out; everything that
// goes wrong is one sentence on errOut.
func (p Program) Run(args []string, out, errOut io.Writer) int {
	f := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	run := p.Define(f)
	var err error
	if len(args) == 1 && args[0] == manOption {
		err = p.page(f).Man(out)
	} else {
		err = f.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			err = p.page(f).Help(out)
		case err != nil:
			err = Misuse("%s", err)
		default:
			err = run(f.Args())
		}
	}
	if err == nil {
		return Done
	}
	fmt.Fprintf(errOut, "%s: %s%s\n", p.Name, Shorten(err.Error()), p.hint(err))
	if errors.Is(err, ErrUsage) {
		fmt.Fprintf(errOut, "Run %s -h to see how it is used.\n", p.Name)
		return Misused
	}
	var exit *exit
	if errors.As(err, &exit) {
		return exit.code
	}
	return Failed
}

// AsRoot is what to do about a missing right.
const AsRoot = "run it as root, or as the user to whom it belongs"

// hint is what to do about an error, "" if that is told or not known.
func (p Program) hint(err error) string {
	if p.ForRoot && errors.Is(err, fs.ErrPermission) {
		return ": " + AsRoot
	}
	return ""
}

const (
	longWord  = 1000 // bytes, far beyond any name and path
	shownWord = 60
)

// Shorten cuts off what is no word of a message but the whole of an argument that
// somebody has got wrong.
func Shorten(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if len(w) > longWord {
			words[i] = strings.ToValidUTF8(w[:shownWord], "") + "..."
		}
	}
	return strings.Join(words, " ")
}

func (p Program) page(f *flag.FlagSet) *Page {
	page := ParsePage(p.Name, p.Usage)
	page.Options = optionsOf(f)
	return page
}

// Main runs the program on the command line of the process and ends it.
func (p Program) Main() {
	os.Exit(p.Run(os.Args[1:], os.Stdout, os.Stderr))
}

// NoArguments is the error for arguments where there should be none.
func NoArguments(args []string) error {
	if len(args) > 0 {
		return Misuse("unexpected argument %q", args[0])
	}
	return nil
}

// NotEmpty is the error for one of these options that is there with an empty value,
// as a script gives it whose variable is not set: it would count as not given.
func NotEmpty(f *flag.FlagSet, names ...string) (err error) {
	f.Visit(func(o *flag.Flag) {
		if err == nil && o.Value.String() == "" && slices.Contains(names, o.Name) {
			err = Misuse("-%s: the value is empty", o.Name)
		}
	})
	return err
}

// version is set by the linker (see Makefile), which can set variables only.
var version string

// Version is the version of the build: that of the linker, or of the module.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
