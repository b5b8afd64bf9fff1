// golden_test.go: sessions of testdata, in which every command stands with all that
// it prints:
//
//	$ a line for the shell
//	what it prints on both outputs
//	[exit status, if it is not 0]
//
// "go test ./conformance/tools -run Sessions -rewrite" writes them anew.

package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestSessionsPrintWhatIsWrittenDown(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no sessions", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want := read(t, file)
			got := session(t, want)
			if got == want {
				return
			}
			if rewrite() {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("%s, line %d:\n%s\nwant\n%s\n\nall of it:\n%s", file, i+1, b[i], a[i], got)
				}
			}
			t.Fatalf("%s has %d lines, %d were printed:\n%s", file, len(a), len(b), got)
		})
	}
}

// session runs the commands of a file against a server of their own.
func session(t *testing.T, text string) string {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	dir := t.TempDir()
	var b strings.Builder
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ ")
		if !ok {
			if strings.HasPrefix(line, "#") {
				b.WriteString(line)
			}
			continue
		}
		cmd := exec.Command("/bin/sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "UTROOT="+u.Root, "PATH="+filepath.Dir(harness.Binary(t, "utuser"))+":"+os.Getenv("PATH"))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		b.WriteString("$ " + command + "\n" + string(out))
		if err != nil {
			b.WriteString("[" + strconv.Itoa(cmd.ProcessState.ExitCode()) + "]\n")
		}
	}
	return mask(b.String(), u.Root)
}

// mask takes out what differs from run to run.
func mask(text, root string) string {
	text = strings.ReplaceAll(text, root, "ROOT")
	text = regexp.MustCompile(`\b20\d{12}Z\b`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\(process \d+\)`).ReplaceAllString(text, "(process N)")
	return regexp.MustCompile(`localhost:\d+`).ReplaceAllString(text, "localhost:PORT")
}
