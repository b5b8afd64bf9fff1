// Package sysmon has the Go runtime's monitor thread, which is called sysmon there, wake
// less often. A program that imports it is started twice: see init.
//
// As long as a process does anything the monitor looks each 20 µs whether a system call
// takes long, for a millisecond after each time that there was nothing to do. A server
// that makes one change after the other, each of which waits for the disk, spends a
// fifth of its processor time on that. How late the kernel may be with the end of a
// thread's sleep is the thread's timer slack (prctl(2), 50 µs usually), so a large one
// lets it sleep longer. A program cannot set that of the monitor: it can of the thread
// that it begins with, from which the monitor inherits it when the program is executed
// anew.
//
// What the monitor does comes later by as much: another goroutine goes on with the
// processor of one that waits in a system call, and one that computes for more than
// 10 ms is interrupted. Where there is one processor alone all others would wait for the
// disk, so nothing is done there.
package sysmon

import (
	"runtime"
	"syscall"
)

// Timer slacks, in nanoseconds.
const (
	slack = 2_000_000 // of the monitor
	usual = 50_000    // of Linux; where another one was set, that stays
)

// againEnv tells the program that it was executed anew.
const againEnv = "UTDSD_STARTED_AGAIN"

// init executes the program anew, and the second time gives the other threads the usual
// timer slack back. If that cannot be done, all stays as it is. It imports so little that
// nearly all other inits come after it, and are not done twice.
func init() {
	if _, again := syscall.Getenv(againEnv); again {
		_ = syscall.Unsetenv(againEnv)
		if timerSlack() == slack {
			setSlack(usual)
			runtime.LockOSThread() // begins the thread from which others are begun from now on
			runtime.UnlockOSThread()
			go endSlack()
		}
		return
	}
	path, args := self()
	if runtime.GOMAXPROCS(0) < 2 || timerSlack() != usual || len(args) == 0 {
		return
	}
	setSlack(slack)
	_ = syscall.Exec(path, args, append(syscall.Environ(), againEnv+"=1"))
	setSlack(usual) // all inits are on this thread
}

// self is the file and the arguments of this process; package os would tell later.
func self() (path string, args []string) {
	var buf [4096]byte
	n, err := syscall.Readlink("/proc/self/exe", buf[:])
	if err != nil {
		return "", nil
	}
	path = string(buf[:n])
	file, err := syscall.Open("/proc/self/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", nil
	}
	defer func() { _ = syscall.Close(file) }()
	var arg []byte
	for {
		n, err := syscall.Read(file, buf[:])
		if err != nil {
			return "", nil
		}
		if n == 0 {
			return path, args
		}
		for _, c := range buf[:n] { // each argument ends with a zero
			if c != 0 {
				arg = append(arg, c)
				continue
			}
			args, arg = append(args, string(arg)), arg[:0]
		}
	}
}

// timerSlack is that of the calling thread, setSlack sets it.
func timerSlack() int {
	ns, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_TIMERSLACK, 0, 0)
	return int(ns)
}

func setSlack(ns uintptr) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, ns, 0)
}

// endSlack gives the usual slack to all threads but the monitor, while the other inits
// run. There are few, of which some are asleep for as long as the slack at first, so it
// does that twice; to miss one does no harm. The monitor begins threads, too, which inherit
// its slack, but only if none is idle: hence some more than there would be.
func endSlack() {
	bind(4)
	asleep := syscall.Timespec{Nsec: slack}
	_ = syscall.Nanosleep(&asleep, nil)
	bind(6)
}

// bind runs n goroutines at the same time, each bound to a thread, which it gives the
// usual slack.
func bind(n int) {
	bound, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	for range n {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			setSlack(usual)
			bound <- struct{}{}
			<-release
		}()
	}
	for range n {
		<-bound
	}
}
