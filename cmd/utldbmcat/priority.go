// priority.go: giving way to the server whose store is read.

package main

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A live dump runs when the server and its clients do not (a low priority alone
// is not enough: it makes whoever wakes up wait for the rest of a time slice),
// but no longer than this; then it takes a small share.
const (
	patience      = 30 * time.Second
	impatientNice = 5 // see nice(1)
)

// mostRest bounds one pause of a paced writer.
const mostRest = 20 * time.Millisecond

// paced rests after each part of a dump for as long as the part took: whoever
// is asleep while the server works leaves it its caches and half of the disk.
type paced struct {
	io.Writer
	last time.Time
}

// Write takes a part of the dump.
func (p *paced) Write(b []byte) (int, error) {
	if !p.last.IsZero() {
		time.Sleep(min(time.Since(p.last), mostRest))
	}
	p.last = time.Now()
	return p.Writer.Write(b)
}

// setPriority changes policy and nice value of this process, which Linux keeps
// for each thread. Threads that are made later inherit them.
func setPriority(policy uint32, nice int32) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Nice: nice}
	for _, t := range tasks {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetAttr(id, &attr, 0); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}
