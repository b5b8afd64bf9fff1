package site

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// serveOne answers one connection with a word.
func serveOne(t *testing.T, l net.Listener) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = c.Write([]byte("hello"))
			c.Close()
		}
		done <- err
	}()
	return done
}

func TestSocketWorksBelowAnyPath(t *testing.T) {
	for _, dir := range []string{"d", strings.Repeat("a-long-folder-name/", 12)} {
		path := filepath.Join(t.TempDir(), dir, "ldapi")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		l, err := ListenSocket(path)
		if err != nil {
			t.Fatalf("%d bytes: %v", len(path), err)
		}
		done := serveOne(t, l)
		c, err := DialSocket(path)
		if err != nil {
			t.Fatalf("%d bytes: %v", len(path), err)
		}
		got, err := io.ReadAll(c)
		if err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
		c.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := ListenSocket(path); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a second listener: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket is left behind: %v", err)
		}
	}
}

func TestSocketOfADeadProcessIsReplacedAndAFileIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ldapi")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a plain file: %v", err)
	}
}
