//go:build race

package server

import "syscall"

// receive and transmit are those of socket_direct.go in a way that the race
// detector sees: what one side does before it sends is done before the other
// side has received.

func receive(fd uintptr, b []byte) (int, syscall.Errno) { return told(syscall.Read(int(fd), b)) }

func transmit(fd uintptr, b []byte) (int, syscall.Errno) { return told(syscall.Write(int(fd), b)) }

func told(n int, err error) (int, syscall.Errno) {
	errno, _ := err.(syscall.Errno)
	return n, errno
}
