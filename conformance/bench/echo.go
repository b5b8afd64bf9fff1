// echo.go: a server that has all answers ready, in a process of its own.

package bench

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/bench/load"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// echoName is the echo's in the record.
const echoName = "echo"

// echoEnv has the address of the server behind an echo: with it this program is
// the echo.
const echoEnv = "BENCH_ECHO"

// runEcho is the process of an echo; it returns only with an exit code.
func runEcho(behind string) int {
	err := load.Echo(behind, harness.AdminDN, harness.Password, func(address string) { fmt.Println(address) })
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// echoServer is that process, seen from outside.
type echoServer struct {
	behind  string
	address string
	log     strings.Builder
	cmd     *exec.Cmd // nil: it is stopped
}

// newEcho is a server that knows the answers of another one, which runs. It is
// what a server can reach at most, with this load on this machine.
func newEcho(tb testing.TB, behind *contender) *contender {
	tb.Helper()
	e := &echoServer{behind: behind.Endpoint().Address}
	tb.Cleanup(func() { e.Kill(tb) })
	return &contender{Server: e, name: echoName, entries: behind.entries}
}

func (e *echoServer) Endpoint() harness.Endpoint { return harness.Endpoint{Address: e.address} }
func (e *echoServer) Log() string                { return e.log.String() }
func (e *echoServer) Stop(tb testing.TB)         { tb.Helper(); e.Kill(tb) }

func (e *echoServer) Pid() int {
	if e.cmd == nil {
		return 0
	}
	return e.cmd.Process.Pid
}

func (e *echoServer) Kill(tb testing.TB) {
	tb.Helper()
	if e.cmd == nil {
		return
	}
	if err := e.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		tb.Errorf("stop the echo: %v", err)
	}
	_ = e.cmd.Wait() // it was killed
	e.cmd = nil
}

func (e *echoServer) Restart(tb testing.TB) {
	tb.Helper()
	e.Kill(tb)
	own, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := program(own)
	cmd.Env = append(os.Environ(), echoEnv+"="+e.behind)
	cmd.Stderr = &e.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	e.cmd = cmd
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		e.Kill(tb)
		tb.Fatalf("start the echo: %v\n%s", err, e.Log())
	}
	e.address = strings.TrimSpace(line)
}
