package command

// exit.go: exit codes of a program's own, and what a terminal is.

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Exit makes an error that ends the program with this exit code. The text is the
// whole sentence.
func Exit(code int, format string, args ...any) error {
	return &exit{code, fmt.Sprintf(format, args...)}
}

type exit struct {
	code int
	text string
}

func (e *exit) Error() string { return e.text }

// IsTerminal tells whether somebody may be looking at f.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
