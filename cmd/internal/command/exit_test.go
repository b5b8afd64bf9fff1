package command

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestProgramsHaveExitCodesOfTheirOwn(t *testing.T) {
	p := Program{Name: "uttest", Define: func(*flag.FlagSet) func([]string) error {
		return func([]string) error { return fmt.Errorf("done: %w", Exit(7, "with %d problems", 2)) }
	}}
	var out, errOut strings.Builder
	if code := p.Run(nil, &out, &errOut); code != 7 || errOut.String() != "uttest: done: with 2 problems\n" {
		t.Errorf("exit code %d, %q", code, errOut.String())
	}
}

func TestFileIsNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) {
		t.Error("a file is taken for a terminal")
	}
}
