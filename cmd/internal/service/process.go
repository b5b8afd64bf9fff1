package service

// process.go: one process that is no child of ours: whether it is still the
// same one, and its end.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// process is known by its id and the time of its start: an id alone is given to
// another process when the first one has ended.
type process struct {
	pid   int
	name  string
	since string // ticks since the start of the machine
}

// newProcess looks at a process; nil if there is none or it has ended.
func newProcess(pid int) (*process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at process %d: %w", pid, err)
	}
	// proc(5): "pid (name) state ...", the start is field 22; a name may have
	// blanks and brackets.
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return nil, fmt.Errorf("look at process %d: its state is not understood", pid)
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 20 {
		return nil, fmt.Errorf("look at process %d: its state is not understood", pid)
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' {
		return nil, nil
	}
	return &process{pid, string(text[begin+1 : end]), string(fields[19])}, nil
}

// alive tells whether the very same process is there.
func (p *process) alive() bool {
	now, err := newProcess(p.pid)
	return err != nil || now != nil && now.since == p.since
}

func (p *process) terminate() error { return p.signal(syscall.SIGTERM) }
func (p *process) kill() error      { return p.signal(syscall.SIGKILL) }

// signal reaches p or nobody: the handle is taken first, then it is looked
// whether it is that of p.
func (p *process) signal(sig syscall.Signal) error {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return fmt.Errorf("end process %d: %w", p.pid, err)
	}
	defer func() { _ = handle.Release() }()
	if !p.alive() {
		return nil
	}
	if err := handle.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end process %d: %w", p.pid, err)
	}
	return nil
}

// awaitEnd tells whether the process is gone in time.
func (p *process) awaitEnd(within time.Duration) bool {
	deadline := time.Now().Add(within)
	for p.alive() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(every)
	}
	return true
}
