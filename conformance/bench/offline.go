// offline.go: what is done with a server that is stopped, and its start.

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
	"github.com/sunray-ds/utdsd/conformance/bench/load"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// Names of what is measured.
const (
	loading  = "offline load"
	dumping  = "offline dump"
	starting = "start to first answer"
	idle     = "memory after the start"
	worked   = "memory after the work"
)

// offline loads and dumps each server as often as rounds says, starts it as
// often, and leaves it loaded and stopped.
func (r *runner) offline(list []*contender, entries, rounds int) {
	r.Helper()
	file := dataFile(r, entries)
	out := filepath.Join(r.TempDir(), "out.ldif")
	note := func(c *contender, what string, round int, f load.Figure) {
		r.record.add(r, Measurement{Key: Key{What: what, Entries: entries}, Server: c.name, Round: round, Figure: f})
	}
	for round := range rounds {
		for _, c := range turns(round, list) {
			c.empty(r)
			note(c, loading, round, r.timed(c.load(file), entries))
			c.entries = entries
		}
		for _, c := range turns(round, list) {
			note(c, dumping, round, r.timed(c.dump(out), entries))
			r.complete(out, entries)
		}
		for _, c := range turns(round, list) {
			took, memory := r.start(c)
			note(c, starting, round, load.Figure{Seconds: took.Seconds()})
			note(c, idle, round, load.Figure{Anonymous: memory.Anonymous})
		}
		fmt.Printf("%s entries: load, dump and start, round %d of %d\n", thousands(float64(entries)), round+1, rounds)
	}
}

// timed runs a tool that handles so many entries.
func (r *runner) timed(cmd *exec.Cmd, entries int) load.Figure {
	r.Helper()
	pause()
	begun := time.Now()
	must(r, cmd)
	took := time.Since(begun).Seconds()
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return load.Figure{
		Seconds: took, Operations: entries, PerSecond: float64(entries) / took,
		ServerCPU: float64(cpu.Microseconds()) / float64(entries), Cores: cpu.Seconds() / took,
	}
}

// complete counts the entries of a dump.
func (r *runner) complete(file string, entries int) {
	r.Helper()
	f, err := os.Open(file)
	if err != nil {
		r.Fatal(err)
	}
	defer f.Close()
	got := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte("dn:")) {
			got++
		}
	}
	if err := lines.Err(); err != nil || got != entries+dataset.Above {
		r.Fatalf("a dump has %d entries, not %d (%v)", got, entries+dataset.Above, err)
	}
}

// start starts a server, waits for its first answer and stops it: how long the
// answer took and what is in memory after it. It tries again with another port if
// the server does not keep its own: somebody else may have taken it meanwhile.
func (r *runner) start(c *contender) (took time.Duration, m load.Memory) {
	r.Helper()
	var err error
	for range 3 {
		if took, m, err = startOnce(c, harness.FreePort(r)); err == nil {
			return took, m
		}
	}
	r.Fatalf("%s: %v", c.name, err)
	return 0, m
}

func startOnce(c *contender, port int) (took time.Duration, m load.Memory, err error) {
	cmd := c.serve(port)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, m, err
	}
	var answered bool
	for !answered && took < time.Minute {
		answered, err = firstAnswer(fmt.Sprintf("127.0.0.1:%d", port))
		if took = time.Since(begun); !answered {
			brief()
		}
	}
	if answered {
		m, err = load.MemoryOf(cmd.Process.Pid)
	}
	err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	if err != nil {
		err = fmt.Errorf("start: %w\n%s", err, said.String())
	}
	return took, m, err
}

// firstAnswer binds and reads the entry at the top.
func firstAnswer(address string) (bool, error) {
	s, err := load.Open(address, harness.AdminDN, harness.Password)
	if err != nil {
		return false, err
	}
	defer s.Close()
	_, err = s.Volatile(0)
	return err == nil, err
}

// brief waits for a tenth of a millisecond; what package time can wait for is a
// millisecond.
func brief() {
	t := unix.NsecToTimespec(100_000)
	_ = unix.Nanosleep(&t, nil) // a signal makes it briefer
}
