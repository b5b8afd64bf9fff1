// page_test.go: what every program says of itself: -h, the manual page, and exit
// codes.

package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// programs are all that are built.
func programs(t *testing.T) (names []string) {
	t.Helper()
	list, err := filepath.Glob("../../cmd/ut*")
	if err != nil || len(list) == 0 {
		t.Fatal("no programs", err)
	}
	for _, path := range list {
		names = append(names, filepath.Base(path))
	}
	return names
}

// say runs a program without a root.
func say(t *testing.T, program string, args ...string) ran {
	t.Helper()
	cmd := exec.Command(harness.Binary(t, program), args...)
	cmd.Env = append(os.Environ(), "UTROOT="+t.TempDir())
	return finish(t, cmd)
}

func TestEveryProgramExplainsItself(t *testing.T) {
	told := regexp.MustCompile(`(?m)^Exit codes: .*$`).FindString(read(t, "../../README.md"))
	for _, p := range programs(t) {
		help := say(t, p, "-h").want(t, 0, "Usage: "+p, "\nExamples:\n", "\nOptions:\n", "\nExit ").out
		if strings.Contains(help, "\n  3  ") && !strings.Contains(told, "`"+p+"`") {
			t.Errorf("%s has an exit status 3 of which README.md does not tell", p)
		}
		for line := range strings.Lines(help) {
			if len([]rune(line)) > 130 {
				t.Errorf("%s: a line of %d columns: %s", p, len(line), line)
			}
		}
		man := say(t, p, "-man").want(t, 0, ".TH "+strings.ToUpper(p)+" 8 ", ".SH NAME\n"+p+" \\- ", ".SH OPTIONS\n", ".SH EXIT STATUS\n", ".SH EXAMPLES\n").out
		if a, b := words(help), words(plain(man)); !slices.Equal(a, b) {
			t.Errorf("%s: help has\n%q\nthe manual page\n%q", p, a, b)
		}
		say(t, p, "-no-such-option").want(t, 2, p+": ", "Run "+p+" -h")
	}
}

// plain undoes the escapes of a manual page and leaves out what only it has.
func plain(man string) string {
	man = regexp.MustCompile(`(?s)^\.TH.*?\.SH SYNOPSIS\n`).ReplaceAllString(man, "Usage:\n")
	man = regexp.MustCompile(`(?m)^\.SH DESCRIPTION$`).ReplaceAllString(man, "")
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

func TestServerThatIsNotSetUpIsAFailureAndNoMisuse(t *testing.T) {
	for _, args := range [][]string{{"utuser", "-l"}, {"utdesktop", "-l"}, {"utadminuser", "-l"}, {"utpolicy"}, {"utkiosk", "-l"}, {"utpw", "-w", "x"},
		{"utgroupsig", "-l"}, {"utgroupsig", "-g"}, {"utreplica", "-l"}, {"utreplica", "-i"}, {"utreplica", "-u"}, {"utreplica", "-p", "localhost"},
		{"utreplica", "-s", "localhost"}, {"utgstatus"}, {"utstart"}, {"utstop"}, {"utrestart"}, {"utdsd"}, {"utldbmcat"}, {"utsample"}} {
		say(t, args[0], args[1:]...).want(t, 1, args[0]+": ", "utconfig")
	}
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	for _, args := range [][]string{{"utuser", "-l"}, {"utdesktop", "-a", "080020861234,x"}, {"utadminuser", "-l"}, {"utpolicy"}, {"utkiosk", "-l"}} {
		run(t, u.Root, "", args[0], args[1:]...).want(t, 1, "is not running; start it with utstart")
	}
	if err := os.WriteFile(filepath.Join(u.Root, passwordFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-l").want(t, 1, passwordFile+": read a password: the first line is empty: run utpw")
	run(t, u.Root, harness.Password, "utpw", "-w", "-").want(t, 1, "is not running; start it with utstart")
	if err := os.Remove(filepath.Join(u.Root, passwordFile)); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, "", "utuser", "-l").want(t, 1, passwordFile+" is not there: run utpw")
}
