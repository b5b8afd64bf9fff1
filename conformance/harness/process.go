// process.go: one child process: its log, its end, and the certainty that it ends.

package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stopWithin bounds a clean stop; servers promise to finish within 10 s.
const stopWithin = 15 * time.Second

// logBuffer collects output of a process while a test reads it.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p; it never fails.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is what was written so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// process is a child that is being waited for from the moment it starts.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child is gone; err is set before
	err  error
}

// startProcess starts cmd in a place with both outputs going to log. The child
// dies with the test binary even if that is killed or panics (Pdeathsig): Go's
// threads live as long as the process, so the signal comes at its end and not
// before. It has a session of its own, as every daemon: Linux divides processors
// between sessions first (autogroups, sched(7)), and else a server with more
// threads would take them from the load that it is put under.
func startProcess(cmd *exec.Cmd, place Place, log *logBuffer) (*process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	cmd.WaitDelay = stopWithin
	start := cmd.Start
	if place != nil {
		start = func() error { return place.Start(cmd) }
	}
	if err := start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// running tells whether the child has not been seen to end.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end sends sig and waits for the child; a child that ignores it is killed
// and that is an error.
func (p *process) end(sig syscall.Signal) error {
	if !p.running() {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end within %s of %s", p.cmd.Path, stopWithin, sig)
	}
}

// daemon is a server program that can be started again and again.
type daemon struct {
	endpoint Endpoint
	place    Place            // nil: here
	command  func() *exec.Cmd // a fresh command for each start
	log      logBuffer
	proc     *process
	ended    bool // by Stop or Kill; else the end of proc is a crash
}

// Endpoint tells how to reach the server.
func (d *daemon) Endpoint() Endpoint { return d.endpoint }

// Log is everything printed so far.
func (d *daemon) Log() string { return d.log.String() }

// Pid is the process id of the running server, 0 when it is stopped.
func (d *daemon) Pid() int {
	if !d.proc.running() {
		return 0
	}
	return d.proc.cmd.Process.Pid
}

// Exited is closed when the server's process is gone, and is nil before the
// first start.
func (d *daemon) Exited() <-chan struct{} {
	if d.proc == nil {
		return nil
	}
	return d.proc.done
}

// Stop ends the server with SIGTERM and waits for it. A server that ended by
// itself before, or whose exit status tells of a fault, fails the test.
func (d *daemon) Stop(tb testing.TB) {
	tb.Helper()
	if d.proc == nil || d.ended {
		return
	}
	alive := d.proc.running()
	d.stop(tb, syscall.SIGTERM)
	if !alive {
		tb.Errorf("%s ended by itself: %v\n%s", d.endpoint.Kind, d.proc.err, d.Log())
	} else if d.proc.err != nil {
		tb.Errorf("%s did not end cleanly: %v\n%s", d.endpoint.Kind, d.proc.err, d.Log())
	}
}

// AwaitExit waits until the server ends by itself, as a test of a fault
// expects, and returns its exit status.
func (d *daemon) AwaitExit(tb testing.TB) int {
	tb.Helper()
	select {
	case <-d.Exited():
	case <-time.After(stopWithin):
		tb.Fatalf("%s is still running after %s", d.endpoint.Kind, stopWithin)
	}
	d.ended = true
	return d.proc.cmd.ProcessState.ExitCode()
}

// Kill ends the server with SIGKILL and waits for it.
func (d *daemon) Kill(tb testing.TB) {
	tb.Helper()
	d.stop(tb, syscall.SIGKILL)
}

func (d *daemon) stop(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	d.ended = true
	if err := d.proc.end(sig); err != nil {
		tb.Errorf("%v\n%s", err, d.Log())
	}
}

// Restart starts the server on its address and data and waits until it
// answers.
func (d *daemon) Restart(tb testing.TB) {
	tb.Helper()
	if d.proc.running() {
		tb.Fatalf("%s is still running", d.endpoint.Kind)
	}
	proc, err := startProcess(d.command(), d.place, &d.log)
	if err != nil {
		tb.Fatal(err)
	}
	d.proc, d.ended = proc, false
	if err := awaitAnswer(d.place, d.endpoint.Address, proc.done); err != nil {
		_ = proc.end(syscall.SIGKILL)
		tb.Fatalf("%s: %v\n%s", d.endpoint.Kind, err, d.Log())
	}
}
