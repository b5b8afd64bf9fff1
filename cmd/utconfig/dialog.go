// dialog.go: one question and its answer, on a terminal or from a file.

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
)

const (
	maxAnswer = 4096 // bytes
	askTimes  = 3    // how often a wrong answer is asked for again
)

// dialog asks a person, or reads the answers line by line from where standard
// input comes from.
type dialog struct {
	in, out *os.File
}

// errDeclined ends a dialogue that is not to be gone on with.
var errDeclined = errors.New("not gone on with, and nothing was changed")

// line asks for a line of text. No text is the default.
func (d dialog) line(question, byDefault string) (string, error) {
	fmt.Fprint(d.out, question)
	text, err := d.read()
	if err != nil {
		return "", err
	}
	if !command.IsTerminal(d.in) {
		fmt.Fprintln(d.out)
	}
	if text = strings.TrimSpace(text); text == "" {
		return byDefault, nil
	}
	return text, nil
}

// yes asks a question that is answered with y or n; the default stands in
// brackets, as in the original.
func (d dialog) yes(question string, byDefault bool) (bool, error) {
	choice := "(y/[n])"
	if byDefault {
		choice = "([y]/n)"
	}
	for range askTimes {
		text, err := d.line(question+" "+choice+"? ", "")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(text) {
		case "":
			return byDefault, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		fmt.Fprintln(d.out, "Answer y or n.")
	}
	return false, errDeclined
}

// goOn asks whether to continue.
func (d dialog) goOn(byDefault bool) error {
	yes, err := d.yes("Continue", byDefault)
	if err == nil && !yes {
		err = errDeclined
	}
	return err
}

// secret asks for something that is not shown, twice. check says what is wrong
// with it; nil is nothing.
func (d dialog) secret(what string, check func(string) error) (string, error) {
	for range askTimes {
		first, err := d.hidden("Enter " + what)
		if err != nil {
			return "", err
		}
		if err := check(first); err != nil {
			fmt.Fprintf(d.out, "The %s cannot be used: %s.\n", what, err)
			continue
		}
		second, err := d.hidden("Re-enter " + what)
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		fmt.Fprintln(d.out, "They are not the same.")
	}
	return "", errDeclined
}

// hidden reads a line without showing it.
func (d dialog) hidden(question string) (string, error) {
	if command.IsTerminal(d.in) {
		text, err := command.Asker{In: d.in, Out: d.out}.Ask(question)
		if errors.Is(err, io.EOF) {
			err = errDeclined
		}
		return string(text), err
	}
	fmt.Fprint(d.out, question+": ")
	text, err := d.read()
	fmt.Fprintln(d.out)
	return text, err
}

// read takes one line and not a byte more: what follows may be a password,
// which is read in another way.
func (d dialog) read() (string, error) {
	var text []byte
	b := make([]byte, 1)
	for {
		n, err := d.in.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return strings.TrimSuffix(string(text), "\r"), nil
		case n == 1:
			if text = append(text, b[0]); len(text) > maxAnswer {
				return "", errors.New("read an answer: it is too long")
			}
		case errors.Is(err, io.EOF) && len(text) > 0:
			return string(text), nil
		case errors.Is(err, io.EOF):
			fmt.Fprintln(d.out)
			return "", errDeclined
		case err != nil:
			return "", fmt.Errorf("read an answer: %w", err)
		}
	}
}
