package main

import (
	"bytes"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestSystemdIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	notify("READY=1", slog.New(slog.DiscardHandler))
	if err := l.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := l.Read(buf)
	if err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestNobodyWhoWantsToBeToldIsNoFault(t *testing.T) {
	name := filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	var told bytes.Buffer
	notify("STOPPING=1", slog.New(slog.NewTextHandler(&told, nil)))
	if told.Len() > 0 {
		t.Errorf("told: %s", told.String())
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "missing", "n"))
	notify("STOPPING=1", slog.New(slog.NewTextHandler(&told, nil)))
	if told.Len() == 0 {
		t.Error("a socket that is not there is no fault")
	}
}
