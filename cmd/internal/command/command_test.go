package command

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestExitCodesAndWhereTheTextGoes(t *testing.T) {
	p := Program{Name: "uttest", Usage: "uttest [-port N]\n\nTests.", Define: func(f *flag.FlagSet) func([]string) error {
		port := f.Int("port", 7012, "TCP `port`")
		fail := f.Bool("fail", false, "fail")
		f.String("name", "", "a `NAME`")
		f.String("text", "", "a `TEXT`")
		return func(args []string) error {
			if err := NotEmpty(f, "name"); err != nil {
				return err
			}
			if err := NoArguments(args); err != nil {
				return err
			}
			if *port < 1 {
				return Misuse("port %d is too small", *port)
			}
			if *fail {
				return errors.New("the disk is full; make room")
			}
			return nil
		}
	}}
	for _, c := range []struct {
		args     string
		code     int
		out, err string
	}{
		{"", Done, "", ""},
		{"-port 1", Done, "", ""},
		{"-h", Done, "-port port", ""},
		{"-help", Done, "uttest [-port N]", ""},
		{"-fail", Failed, "", "uttest: the disk is full; make room\n"},
		{"-port 0", Misused, "", "uttest: port 0 is too small\nRun uttest -h"},
		{"-port x", Misused, "", "uttest: invalid value"},
		{"-nosuch", Misused, "", "uttest: flag provided but not defined: -nosuch\nRun"},
		{"-name= -text=", Misused, "", "uttest: -name: the value is empty\nRun"},
		{"-name=x -text=", Done, "", ""},
		{"left over", Misused, "", `uttest: unexpected argument "left"`},
	} {
		var out, errOut strings.Builder
		code := p.Run(strings.Fields(c.args), &out, &errOut)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.HasPrefix(errOut.String(), c.err) || (c.err == "") != (errOut.Len() == 0) {
			t.Errorf("%q: %d, out %q, err %q", c.args, code, out.String(), errOut.String())
		}
	}
}

func TestMissingRightsOfAProgramForRoot(t *testing.T) {
	p := Program{Name: "uttest", ForRoot: true, Define: func(*flag.FlagSet) func([]string) error {
		return func([]string) error { return fmt.Errorf("end process 7: %w", syscall.EPERM) }
	}}
	for forRoot, want := range map[bool]string{false: "permitted\n", true: "permitted: run it as root, or as the user to whom it belongs\n"} {
		var out strings.Builder
		p.ForRoot = forRoot
		if code := p.Run(nil, &out, &out); code != Failed || !strings.HasSuffix(out.String(), want) {
			t.Errorf("%d %q", code, out.String())
		}
	}
}

func TestEndlessWordIsCutOff(t *testing.T) {
	long := strings.Repeat("é", 40_000)
	if got := Shorten("add " + long + ": refused " + long[:longWord]); got != "add "+long[:shownWord]+"... refused "+long[:longWord] {
		t.Error(got)
	}
}

func TestVersionIsNeverEmpty(t *testing.T) {
	if Version() == "" {
		t.Error("empty")
	}
}
