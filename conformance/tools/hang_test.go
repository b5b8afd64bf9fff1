// hang_test.go: servers that are there and do not answer.

package tools

import (
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestServerThatHangsIsToldAsSuch(t *testing.T) {
	t.Parallel()
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	silent := newStandIn(t)
	silent.mute = true
	silent.start(t)
	run(t, u.Root, "", "utreplica", "-p", "127.0.0.1:"+silent.port()).want(t, 0)
	run(t, u.Root, "", "utgstatus").want(t, 0, "127.0.0.1:"+silent.port()+": does not answer within 2s\n")

	if err := syscall.Kill(u.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Kill(u.Pid(), syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}()
	var all sync.WaitGroup
	for _, line := range []string{"utgstatus", "utreplica -l", "utreplica -i", "utldbmcat -o " + u.Root + "/dump", "utuser -l"} {
		all.Go(func() {
			args := strings.Fields(line)
			r := run(t, u.Root, "", args[0], args[1:]...).want(t, 1, "does not answer within ", "if that stays so, utrestart")
			if strings.Contains(r.err, "has ended the connection") || strings.Contains(r.err, "timed out") {
				t.Errorf("%s: %s", line, r.err)
			}
		})
	}
	all.Wait()
}
