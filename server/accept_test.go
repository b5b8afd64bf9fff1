package server

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// tired fails to accept as often as told, then hands out conns.
type tired struct {
	net.Listener
	failures int
	err      error
}

func (l *tired) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: l.err}
	}
	return l.Listener.Accept()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAcceptingGoesOnWhenFileDescriptorsComeBack(t *testing.T) {
	w := build(t, nil)
	l := listen(t)
	w.addr = l.Addr().String()
	w.listen(func() error { return w.Serve(&tired{l, 3, syscall.EMFILE}) })
	c := w.dial()
	c.search(ask{base: suffix}).wantCode(c, schema.Success)
	if n := number(w.metrics.acceptErrors); n != 3 {
		t.Errorf("%d accept errors counted", n)
	}
}

func TestShutdownDoesNotWaitForFileDescriptors(t *testing.T) {
	w := build(t, nil)
	w.listen(func() error { return w.Serve(&tired{listen(t), 1 << 30, syscall.EMFILE}) })
	w.close()
}

func TestBrokenListenerIsAnError(t *testing.T) {
	w := build(t, nil)
	if err := w.Serve(&tired{listen(t), 1, syscall.EINVAL}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Serve: %v", err)
	}
	if err := w.ServeTLS(listen(t)); err == nil {
		t.Error("ldaps without a certificate")
	}
}

func TestServerIsNotMadeOfNonsense(t *testing.T) {
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for name, o := range map[string]Options{
		"no schema":                {Store: m},
		"no store":                 {Schema: s},
		"a root DN that is none":   {Schema: s, Store: m, Admin: Admin{DN: "nobody"}},
		"a writer that is none":    {Schema: s, Store: m, Writers: []string{"o=utdata", "nobody"}},
		"a scheme that is unknown": {Schema: s, Store: m, PasswordScheme: "{ROT13}"},
		"a rule that is broken":    {Schema: s, Store: m, Access: []AccessRule{{Who: "me", Right: "read"}}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("a server was made with %s", name)
		}
	}
	w, err := New(Options{Schema: s, Store: m, Suffix: suffix})
	if err != nil {
		t.Fatal(err)
	}
	if w.Limits.SizeLimit != DefaultLimits().SizeLimit || w.Limits.WriteTimeout != DefaultLimits().WriteTimeout || w.Log == nil || w.Clock == nil {
		t.Errorf("defaults: %+v", w.Limits)
	}
}
