// full_test.go: an output that takes nothing, as on a full disk.

package tools

import (
	"os"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestWhatCannotBeShownIsAFailure(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	run(t, u.Root, "", "utuser", "-a", "T1,,,First").want(t, 0)
	run(t, u.Root, "x=y\n", "utkiosk", "-i", "k", "-f", "-").want(t, 0)
	for _, line := range []string{
		"utreplica -l", "utreplica -l -j", "utreplica -i", "utgstatus", "utgstatus -j",
		"utuser -l", "utuser -L", "utuser -l -j", "utuser -p T1", "utuser -o -", "utdesktop -l", "utadminuser -l",
		"utpolicy", "utpolicy -j", "utpolicy -l", "utkiosk -l", "utkiosk -e k", "utgroupsig -l", "utldbmcat", "utuser -h", "utuser -man",
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(line)
		cmd := command(t, u.Root, args[0], args[1:]...)
		if last := args[len(args)-1]; last == "-h" || last == "-man" {
			cmd.Args = []string{cmd.Args[0], last}
		}
		var told strings.Builder
		cmd.Stdout, cmd.Stderr = full, &told
		_ = cmd.Run() // the exit status is looked at
		full.Close()
		if code := cmd.ProcessState.ExitCode(); code != 1 || strings.Count(told.String(), "no space left on device") != 1 {
			t.Errorf("%s: exit status %d, %q", line, code, told.String())
		}
	}
}
