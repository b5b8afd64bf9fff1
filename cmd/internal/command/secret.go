package command

// secret.go: passwords, which never stand on a command line.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// askTimes is how often somebody may try to type the same thing twice.
const askTimes = 3

// Asker asks a person for secrets.
type Asker struct {
	In  *os.File // a terminal, else nobody is asked
	Out *os.File // where the questions go
}

// Terminal asks on standard input and standard error.
func Terminal() Asker { return Asker{In: os.Stdin, Out: os.Stderr} }

// New asks for a new secret, twice, without showing what is typed. what is its
// name, as in "new password". The error is ErrUsage where nobody can be asked.
func (a Asker) New(what string) ([]byte, error) {
	for range askTimes {
		first, err := a.Ask(what)
		if err != nil {
			return nil, err
		}
		if len(first) == 0 {
			fmt.Fprintf(a.Out, "The %s is empty.\n", what)
			continue
		}
		second, err := a.Ask(what + " again")
		if err != nil {
			return nil, err
		}
		if bytes.Equal(first, second) {
			return first, nil
		}
		fmt.Fprintln(a.Out, "They are not the same.")
	}
	return nil, errors.New("nothing was changed")
}

// Ask asks for a secret once. It may be empty.
func (a Asker) Ask(what string) ([]byte, error) {
	if !IsTerminal(a.In) {
		return nil, Misuse("nobody can be asked for the %s: standard input is no terminal; give -w FILE, - for standard input", what)
	}
	restore, err := a.hush()
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", what, err)
	}
	defer restore()
	fmt.Fprintf(a.Out, "%s: ", what)
	text, err := a.line()
	fmt.Fprintln(a.Out)
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", what, err)
	}
	return text, nil
}

// line reads a line of the terminal, byte by byte: what is typed ahead belongs to
// the next question. (term.ReadPassword would set the terminal once more, perhaps
// after an interruption has set it back.)
func (a Asker) line() ([]byte, error) {
	var text []byte
	var b [1]byte
	for {
		n, err := a.In.Read(b[:])
		switch {
		case n == 1 && b[0] == '\n', errors.Is(err, io.EOF) && len(text) > 0:
			return text, nil
		case err != nil:
			return nil, err
		}
		text = append(text, b[:n]...)
	}
}

// hush makes the terminal show nothing of what is typed, until restore. It comes
// before the question: who types at once is not to be seen either. A program that
// is ended before restore leaves the terminal as it was.
func (a Asker) hush() (restore func(), err error) {
	fd := int(a.In.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	quiet.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		signal.Stop(signals)
		return nil, err
	}
	finished, ended := make(chan struct{}), make(chan struct{})
	go func() { // who changes the terminal from now on, and alone
		defer close(ended)
		var s os.Signal
		select {
		case <-finished:
			select {
			case s = <-signals: // with the answer's last key
			default:
			}
		case s = <-signals:
		}
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, before)
		if s != nil {
			fmt.Fprintln(a.Out)
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal)) // as if nobody had looked
		}
	}()
	return func() {
		signal.Stop(signals)
		close(finished)
		<-ended
	}, nil
}
