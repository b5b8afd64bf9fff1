// network_test.go: the network does to traffic what it says.

package group

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// echo answers every connection to a host with what it sends.
func echo(t *testing.T, h *Host) (address string) {
	t.Helper()
	address = net.JoinHostPort(h.IP(), "7")
	var l net.Listener
	err := h.own.inside(func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // until the client ends
			}()
		}
	}()
	return address
}

// connect opens a connection from one host to another.
func connect(from *Host, address string) (conn net.Conn, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the switch may need a moment
	defer cancel()
	err = from.own.inside(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
		return err
	})
	return conn, err
}

// exchange sends some text and waits for the same.
func exchange(c net.Conn, size int, within time.Duration) error {
	text := strings.Repeat("x", size)
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, text)
		sent <- err
	}()
	_, err := io.ReadFull(c, make([]byte, size))
	return errors.Join(err, <-sent)
}

func TestTrafficIsCutThinnedAndSlowedBetweenTwoHostsAlone(t *testing.T) {
	n := NewNetwork(t)
	a, b := n.Join(t), n.Join(t)
	address := echo(t, b)
	conn, err := connect(a, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exchange(conn, 1000, 10*time.Second); err != nil {
		t.Fatalf("an unbroken network: %v", err)
	}
	for _, c := range []struct {
		name string
		do   func()
		want error
	}{
		{"parted", func() { a.Part(t, b) }, os.ErrDeadlineExceeded},
		{"one way", func() { a.Deaf(t, b) }, os.ErrDeadlineExceeded},
		{"the other way", func() { b.Deaf(t, a) }, os.ErrDeadlineExceeded},
		{"reset", func() { b.Reset(t, a) }, syscall.ECONNRESET},
	} {
		c.do()
		if err := exchange(conn, 10, 300*time.Millisecond); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if aside, err := n.Dial(t.Context(), "tcp", address); err != nil {
			t.Errorf("%s: the test does not reach the host: %v", c.name, err)
		} else {
			aside.Close()
		}
		b.Heal(t)
		a.Heal(t)
		conn.Close()
		if conn, err = connect(a, address); err != nil {
			t.Fatalf("%s and healed: %v", c.name, err)
		}
		if err := exchange(conn, 1000, 10*time.Second); err != nil {
			t.Errorf("%s and healed: %v", c.name, err)
		}
	}
	b.Slow(t, "256kbit")
	begun := time.Now()
	if err := exchange(conn, 32<<10, 20*time.Second); err != nil || time.Since(begun) < 500*time.Millisecond {
		t.Errorf("32 KiB at 256 kbit/s took %v, %v", time.Since(begun), err)
	}
	b.Heal(t)
	a.Lose(t, b, 99)
	if err := exchange(conn, 10, 300*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nearly everything lost: %v", err)
	}
}

func TestServersOfANetworkAnswer(t *testing.T) {
	g := New(t, NewNetwork(t))
	a, b := g.Add(t, "a", harness.Options{}), g.Add(t, "b", harness.Options{})
	for _, m := range []*Member{a, b} {
		m.Restart(t)
		r := m.StartReader(t, "(objectClass=*)")
		if v, err := m.Metric("utds_store_changelog_last_number"); err != nil || v == 0 {
			t.Errorf("%s: metric %v, %v", m.Name, v, err)
		}
		if report := r.Stop(); report.Reads == 0 || report.First < 10 || len(report.Failed) > 0 {
			t.Errorf("%s: %+v", m.Name, report)
		}
		m.Stop(t)
		if p := m.Check(t); p != "" {
			t.Errorf("%s: %s", m.Name, p)
		}
	}
	if a.Dump(t).Position == b.Dump(t).Position {
		t.Error("two servers that never met have one position")
	}
}
