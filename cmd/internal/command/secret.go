package command

// secret.go: passwords, which never stand on a command line.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
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
	restore, err := a.keepEcho()
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", what, err)
	}
	defer restore()
	fmt.Fprintf(a.Out, "%s: ", what)
	text, err := term.ReadPassword(int(a.In.Fd()))
	fmt.Fprintln(a.Out)
	if err != nil {
		return nil, fmt.Errorf("ask for the %s: %w", what, err)
	}
	return text, nil
}

// keepEcho sees to it that a program that is ended while it asks leaves a
// terminal that shows what is typed.
func (a Asker) keepEcho() (done func(), err error) {
	before, err := term.GetState(int(a.In.Fd()))
	if err != nil {
		return nil, err
	}
	if quiet, err := unix.IoctlGetTermios(int(a.In.Fd()), unix.TCGETS); err == nil {
		// Before the prompt: who types at once is not to be seen either.
		quiet.Lflag &^= unix.ECHO
		_ = unix.IoctlSetTermios(int(a.In.Fd()), unix.TCSETS, quiet)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	finished, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-finished:
		case s := <-signals:
			_ = term.Restore(int(a.In.Fd()), before)
			fmt.Fprintln(a.Out)
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal)) // as if nobody had looked
		}
	}()
	return func() {
		signal.Stop(signals)
		close(finished)
		<-ended
		_ = term.Restore(int(a.In.Fd()), before)
	}, nil
}
