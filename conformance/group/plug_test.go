// plug_test.go: a host without power says nothing, and remembers nothing.

package group

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestUnpluggedHostTellsNobodyAndForgetsItsConnections(t *testing.T) {
	n := NewNetwork(t)
	a, b := n.Join(t), n.Join(t)
	conn, err := connect(a, echo(t, b))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exchange(conn, 1000, time.Second); err != nil {
		t.Fatal(err)
	}
	b.Slow(t, "256kbit")
	ended := false
	b.Unplug(t, func() { ended = true })
	b.Heal(t) // nothing to be undone
	if err := exchange(conn, 10, 300*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) || !ended {
		t.Errorf("unplugged: %v, its processes ended: %v", err, ended)
	}
	b.Plug(t)
	if err := exchange(conn, 10, 5*time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection from before: %v", err)
	}
	again, err := connect(a, echo(t, b))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := exchange(again, 64<<10, time.Second); err != nil {
		t.Errorf("plugged in again: %v", err)
	}
}
