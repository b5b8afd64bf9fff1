// told_test.go: what the programs tell while they work, and how much memory and
// how many jobs they take for it.

package flow

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestProgressIsShownOnATerminalAndNowhereElse(t *testing.T) {
	root := newRoot(t)
	file := write(t, "large", data(30_000))
	out := filepath.Join(t.TempDir(), "dump")
	for _, c := range []struct {
		program string
		args    []string
		shown   string
	}{
		{"utldif2ldbm", []string{"-R", root, "-c", "-i", file}, `reading +\d+% \[[=>.]+\] \(\d+, \d+ entries/s\) \[\d+s:\d+s\]`},
		{"utldif2ldbm", []string{"-R", root, "-c", "-i", file}, `checking \(\d+, \d+ entries/s\)`},
		{"utldbmcat", []string{"-R", root, "-o", out}, `dumping +\d+% \[[=>.]+\] \(\d+, \d+ entries/s\)`},
	} {
		terminal := harness.NewTerminal(t)
		cmd := command(t, c.program, c.args...)
		cmd.Stderr = terminal.Program
		var told strings.Builder
		cmd.Stdout = &told
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		terminal.Hangup()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", c.program, err)
		}
		screen := terminal.Wait()
		if !regexp.MustCompile(c.shown).MatchString(screen) {
			t.Errorf("%s: no %s on the terminal:\n%q", c.program, c.shown, screen)
		}
		if last := screen[strings.LastIndex(strings.TrimRight(screen, "\r"), "\r")+1:]; strings.Trim(last, " \r") != "" {
			t.Errorf("%s leaves %q on the terminal", c.program, last)
		}
		if c.program == "utldif2ldbm" && !regexp.MustCompile(`^30006 entries loaded from .* in .*\(\d+ entries/s\); the next id is 30007\n`).MatchString(told.String()) {
			t.Errorf("the last word is %q", told.String())
		}
		if r := run(t, "", c.program, c.args...).want(t, 0); r.err != "" || strings.Contains(r.out, "\r") {
			t.Errorf("%s tells without a terminal: %q", c.program, r.err)
		}
	}
}

func TestNothingOfABadInputIsDroppedSilently(t *testing.T) {
	const user = "objectClass: top\nobjectClass: utUser\nutname: %s\nutusername: %s\n\n"
	input := tree() + // ends in line 37
		"dn: utname=a,utname=users," + farm + "\n" + fmt.Sprintf(user, "a", "first") +
		"dn: UTNAME=A,utname=users," + farm + "\n" + fmt.Sprintf(user, "A", "second") +
		"dn: utname=lost,utname=nowhere," + farm + "\n" + fmt.Sprintf(user, "lost", "orphan") +
		"dn: utname=b,utname=users," + farm + "\nobjectClass: utOfAnotherAge\nutname: b\nutnewthing: 1\nutnewthing: 0\n\n"
	first := strings.Count(tree(), "\n") + 1
	root := newRoot(t)
	r := load(t, root, input).want(t, 3, fmt.Sprintf(`line %d: entry "UTNAME=A,`, first+6), `utname=nowhere,`, "1 entry was left out, 1 placeholder was made")
	text := dump(t, root)
	for _, want := range []string{"utusername: first\n", "utusername: orphan\n", "objectClass: utOfAnotherAge\n", "utnewthing: 1\nutnewthing: 0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "second") || !strings.Contains(r.err, "UTNAME=A") {
		t.Error("the second entry of one name")
	}
	check(t, root)
}

func TestMoreJobsAreMoreWorkAtOnceAndTheSameStore(t *testing.T) {
	root := newRoot(t)
	load(t, root, data(3000)).want(t, 0)
	whole := dump(t, root)
	if regexp.MustCompile(`(?m)^\d+$`).MatchString(dump(t, root, "-n")) || !strings.Contains(whole, "\n\n17\ndn: ") {
		t.Error("ids are there with -n, or not without it")
	}
	file := write(t, "dump", whole)
	for _, jobs := range []string{"1", "2", "10"} {
		other := newRoot(t)
		r := run(t, "", "utldif2ldbm", "-R", other, "-c", "-j", jobs, "-d", "1", "-i", file).want(t, 0, "position ")
		if got := dump(t, other); got != whole {
			t.Errorf("-j %s: another store\n%s", jobs, r.err)
		}
	}
}

// What a load needs beyond the ids of the entries does not depend on how many
// there are, once there are enough to fill its buffers: three times the input may
// not need much more.
func TestMemoryOfALoadDoesNotGrowWithTheInput(t *testing.T) {
	var most []int64
	for _, n := range []int{120_000, 360_000} {
		file := filepath.Join(t.TempDir(), "data")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(data(n)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		most = append(most, mostMemory(t, command(t, "utldif2ldbm", "-R", t.TempDir(), "-c", "-j", "2", "-i", file))>>10)
	}
	t.Logf("%d MiB and %d MiB", most[0], most[1])
	if most[1] > 512 || most[1] > most[0]+150 {
		t.Errorf("%d MiB for 360,000 entries, %d for 120,000", most[1], most[0])
	}
}

// mostMemory runs a program to its end and gives the most memory that it had, in
// KiB. What the kernel tells at the end would count what this process had when it
// started the program, so the program's own high-water mark is read while it runs.
func mostMemory(t *testing.T, cmd *exec.Cmd) (most int64) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = nil, nil
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	mark := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)
	status := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				t.Fatalf("%v; %d KiB", err, most)
			}
			return most
		case <-tick.C:
			text, err := os.ReadFile(status)
			if m := mark.FindSubmatch(text); err == nil && m != nil {
				now, err := strconv.ParseInt(string(m[1]), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				most = max(most, now)
			}
		}
	}
}
