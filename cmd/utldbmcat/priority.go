// priority.go: giving way to the server whose store is read.

package main

import (
	"errors"
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
