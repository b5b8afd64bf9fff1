// tls_test.go: members that reach each other with TLS, past somebody who listens on
// the network.

package scenario

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// eavesdropper passes connections on to a server and keeps what it hears.
type eavesdropper struct {
	listener net.Listener
	to       string
	running  sync.WaitGroup
	mu       sync.Mutex
	heard    bytes.Buffer
	open     []net.Conn
}

func newEavesdropper(t *testing.T, to string) *eavesdropper {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &eavesdropper{listener: l, to: to}
	e.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			e.running.Go(func() { e.pass(conn) })
		}
	})
	t.Cleanup(e.close)
	return e
}

func (e *eavesdropper) close() {
	e.listener.Close()
	e.mu.Lock()
	for _, c := range e.open {
		c.Close()
	}
	e.mu.Unlock()
	e.running.Wait()
}

// pass copies both directions until one of them ends.
func (e *eavesdropper) pass(client net.Conn) {
	server, err := net.Dial("tcp", e.to)
	if err != nil {
		client.Close()
		return
	}
	e.mu.Lock()
	e.open = append(e.open, client, server)
	e.mu.Unlock()
	copying := func(to, from net.Conn) {
		_, _ = io.Copy(io.MultiWriter(to, e), from) // the end of either is the end of both
		client.Close()
		server.Close()
	}
	e.running.Go(func() { copying(server, client) })
	copying(client, server)
}

// Write keeps what was heard.
func (e *eavesdropper) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard.Write(p)
}

// hears tells whether a text has passed as it is.
func (e *eavesdropper) hears(text string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Contains(e.heard.Bytes(), []byte(text))
}

func TestMembersUseTLSWhenItIsConfigured(t *testing.T) {
	const secret = "desktop-1-1" // of the first change of write
	ours, theirs := harness.NewCertificate(t, t.TempDir()), harness.NewCertificate(t, t.TempDir())
	s := newStory(t)
	secure := func(ca string) []harness.Setting {
		return []harness.Setting{{Table: "replication", Key: "starttls", Value: true}, {Table: "replication", Key: "ca", Value: ca}}
	}
	for name, settings := range map[string][]harness.Setting{
		"a":          {{Table: "tls", Key: "certificate", Value: ours.CertFile}, {Table: "tls", Key: "key", Value: ours.KeyFile}},
		"plain":      nil,
		"secure":     secure(ours.CAFile),
		"suspicious": secure(theirs.CAFile),
	} {
		s.members[name] = s.group.Add(t, name, harness.Options{Config: settings})
		s.members[name].Restart(t)
	}
	a := s.members["a"]
	a.Must(t, "utreplica", s.arguments([]string{"-p", "plain", "secure", "suspicious"})...)
	s.must(s.write("tls", []string{"a", "30"}, ""))

	for name, clear := range map[string]bool{"plain": true, "secure": false} {
		m, ear := s.members[name], newEavesdropper(t, a.Address())
		m.Must(t, "utreplica", "-s", ear.listener.Addr().String())
		s.must(s.write("tls", []string{"a", "30"}, ""))
		s.group.AwaitLevel(t, a, m)
		if ear.hears(secret) != clear {
			t.Errorf("%s: what was replicated could be read on the network: %v", name, !clear)
		}
		if d := group.Difference(a.Dump(t), m.Dump(t)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}

	// A certificate that nobody has signed whom the secondary trusts.
	m, ear := s.members["suspicious"], newEavesdropper(t, a.Address())
	r := m.Run(t, "", "utreplica", "-s", ear.listener.Addr().String())
	if r.Code != 1 || !strings.HasPrefix(r.Err, "utreplica: nothing was changed: ") || !strings.Contains(r.Err, "certificate") {
		t.Errorf("exit status %d\n%s%s", r.Code, r.Out, r.Err)
	}
	if ear.hears(secret) || strings.Contains(m.Dump(t).Entries, secret) {
		t.Error("data has moved all the same")
	}
	s.end()
}
