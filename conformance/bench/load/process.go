// process.go: what processes and the machine have used (proc(5)).

package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ticks are the units of times in /proc each second; the kernel shows 100 to
// programs, whatever it counts in.
const ticks = 100

// used is processor time in seconds.
type used struct{ server, own, machine float64 }

// processorTime reads the time of a process, of the load itself and of all.
func processorTime(pid int) (u used, err error) {
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		return u, fmt.Errorf("own processor time: %w", err)
	}
	u.own = float64(own.Utime.Nano()+own.Stime.Nano()) / 1e9
	if u.server, err = processTime(pid); err != nil {
		return u, err
	}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		// cpu user nice system idle iowait irq softirq
		if v, err := strconv.ParseFloat(f, 64); err == nil && i != 4 && i != 5 && i < 8 {
			u.machine += v / ticks
		}
	}
	return u, nil
}

// processTime is the processor time of a process in seconds; none has 0.
func processTime(pid int) (float64, error) {
	if pid == 0 {
		return 0, nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time of the server: %w", err)
	}
	// The name in brackets may hold anything; utime and stime are the 12th and
	// 13th after it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("processor time of the server: %d fields", len(fields))
	}
	sum := 0.0
	for _, f := range fields[11:13] {
		v, err := strconv.ParseFloat(string(f), 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of the server: %w", err)
		}
		sum += v / ticks
	}
	return sum, nil
}

// Memory is what a process has in memory, in KiB.
type Memory struct {
	Anonymous int // its own, mapped files aside
	Resident  int
	Peak      int // the most that was ever resident
}

// MemoryOf reads the memory of a process.
func MemoryOf(pid int) (m Memory, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, fmt.Errorf("memory of the server: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		to := map[string]*int{"RssAnon:": &m.Anonymous, "VmRSS:": &m.Resident, "VmHWM:": &m.Peak}[f[0]]
		if to == nil {
			continue
		}
		if *to, err = strconv.Atoi(f[1]); err != nil {
			return m, fmt.Errorf("memory of the server: %w", err)
		}
	}
	return m, nil
}
