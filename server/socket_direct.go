//go:build !race

package server

import (
	"syscall"
	"unsafe"
)

// receive and transmit are recvfrom(2) and sendto(2) on a socket that does not
// block, without word to the scheduler. b is not empty.

func receive(fd uintptr, b []byte) (int, syscall.Errno) {
	return atOnce(syscall.SYS_RECVFROM, fd, b, 0)
}

func transmit(fd uintptr, b []byte) (int, syscall.Errno) {
	return atOnce(syscall.SYS_SENDTO, fd, b, syscall.MSG_NOSIGNAL)
}

func atOnce(trap, fd uintptr, b []byte, flags uintptr) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(trap, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), flags, 0, 0)
	return int(n), errno
}
