package server

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// socketPair is both ends of a connection over the given network; the first one
// is as the server has it.
func socketPair(tb testing.TB, network string) (ours *socket, theirs net.Conn) {
	tb.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(tb.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	theirs, err = net.Dial(network, l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { nc.Close(); theirs.Close() })
	ours, ok := newSocket(nc).(*socket)
	if !ok {
		tb.Fatalf("a connection of the kernel's is served as %T", nc)
	}
	return ours, theirs
}

func TestSocketCarriesWhatItIsGiven(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range []int{1, 4096, longCall, longCall + 1, 5 << 20} {
			t.Run(fmt.Sprint(network, size), func(t *testing.T) {
				ours, theirs := socketPair(t, network)
				sent := make([]byte, size)
				rand.Read(sent)
				var both sync.WaitGroup
				defer both.Wait()
				both.Go(func() { // an echo that ends with the data
					if _, err := io.Copy(theirs, theirs); err != nil {
						t.Error(err)
					}
					theirs.Close()
				})
				both.Go(func() {
					if n, err := ours.Write(sent); n != size || err != nil {
						t.Errorf("sent %d: %v", n, err)
					}
					if err := ours.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
						t.Error(err)
					}
				})
				got, err := io.ReadAll(ours)
				if err != nil || !bytes.Equal(got, sent) {
					t.Errorf("came back with %d bytes of %d: %v", len(got), size, err)
				}
			})
		}
	}
}

func TestSocketKeepsDeadlines(t *testing.T) {
	ours, _ := socketPair(t, "tcp")
	past := time.Unix(1, 0)
	ours.SetReadDeadline(past)
	if n, err := ours.Read(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d: %v", n, err)
	}
	// Nobody reads at the other end: the deadline ends a write that is stuck.
	ours.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	for sent := 0; ; sent += longCall {
		_, err := ours.Write(make([]byte, longCall))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil || sent > 64<<20 {
			t.Fatalf("after %d bytes: %v", sent, err)
		}
	}
}

func TestSocketGivesUpWritesThatAreStuck(t *testing.T) {
	ours, theirs := socketPair(t, "tcp")
	stuck := func(size int) {
		t.Helper()
		for sent := 0; ; sent += size {
			_, err := writeWithin(ours, make([]byte, size), 20*time.Millisecond)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			if err != nil || sent > 64<<20 {
				t.Fatalf("after %d bytes: %v", sent, err)
			}
		}
	}
	stuck(1000)
	stuck(2 * longCall)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer theirs.Close()
	reader.Go(func() { _, _ = io.Copy(io.Discard, theirs) }) // ends with the connection
	// The time of a write that was stuck is not counted for the next ones.
	for range 3 {
		if n, err := writeWithin(ours, make([]byte, 1000), time.Minute); n != 1000 || err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func TestSocketTellsThatTheClientIsGone(t *testing.T) {
	ours, theirs := socketPair(t, "tcp")
	if err := theirs.(*net.TCPConn).SetLinger(0); err != nil { // closing resets it then
		t.Fatal(err)
	}
	theirs.Close()
	if _, err := ours.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v", err)
	}
	if _, err := ours.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write: %v", err)
	}
	ours.Close()
	if _, err := ours.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read from a closed socket: %v", err)
	}
}

func TestPatienceMovesTheDeadlineRarely(t *testing.T) {
	var p patience
	now, deadline, moved := time.Unix(1000, 0), time.Time{}, 0
	wait := func(d time.Duration) {
		if p.renew(now.Add(d)) {
			deadline = now.Add(d)
			moved++
		}
		if deadline.After(p.due) {
			t.Fatalf("the deadline %s is later than %s", deadline, p.due)
		}
	}
	for range 1000 { // a client that is heard of each second
		wait(80 * time.Second)
		if now = now.Add(time.Second); !now.Before(deadline) {
			if p.passed(now) {
				t.Fatal("given up after a second")
			}
			p.renew(p.due)
			deadline = p.due
			moved++
		}
	}
	if moved > 15 {
		t.Errorf("the deadline was moved %d times", moved)
	}
	wait(time.Second)
	if now = deadline; !p.passed(now) {
		t.Error("not given up when the time was over")
	}
}

// BenchmarkSocket is an exchange of 100 bytes by 400, as of a search for one
// entry, on 64 connections whose other ends do nothing else.
func BenchmarkSocket(b *testing.B) {
	for _, kind := range []string{"go", "socket"} {
		b.Run(kind, func(b *testing.B) {
			const connections = 64
			var clients sync.WaitGroup
			served := make(chan struct{}, connections)
			for range connections {
				ours, theirs := socketPair(b, "tcp")
				server := net.Conn(ours)
				if kind == "go" {
					server = ours.Conn
				}
				go func() {
					defer func() { served <- struct{}{} }()
					request, answer := make([]byte, 4096), make([]byte, 400)
					for {
						if _, err := server.Read(request); err != nil {
							return
						}
						if _, err := server.Write(answer); err != nil {
							return
						}
					}
				}()
				clients.Go(func() {
					defer theirs.Close()
					answer := make([]byte, 400)
					for range b.N/connections + 1 {
						if _, err := theirs.Write(answer[:100]); err != nil {
							return
						}
						if _, err := io.ReadFull(theirs, answer); err != nil {
							return
						}
					}
				})
			}
			clients.Wait()
			for range connections {
				<-served
			}
		})
	}
}
