// Package foreign runs our tools against a server that is not ours and that
// misbehaves: it closes early, is busy, refers in circles, refuses every
// password. The peer is github.com/vjeantet/ldapserver, an independent
// implementation that only tests may link (it is GPL-2). The package is not
// about the protocol of our own server: conformance/clients is.
package foreign

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	ldapmessage "github.com/lor00x/goldap/message"
	peer "github.com/vjeantet/ldapserver"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) {
	peer.Logger = peer.DiscardingLogger // it prints passwords
	os.Exit(harness.Main(m))
}

// serve runs a peer and gives its port.
func serve(t *testing.T, bind, search func(w peer.ResponseWriter, m *peer.Message)) int {
	t.Helper()
	routes := peer.NewRouteMux()
	routes.Bind(bind)
	routes.Search(search)
	s := peer.NewServer()
	s.Handle(routes)
	listening := make(chan net.Listener, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- s.ListenAndServe("127.0.0.1:0", func(s *peer.Server) { listening <- s.Listener })
	}()
	select {
	case l := <-listening:
		t.Cleanup(s.Stop)
		return l.Addr().(*net.TCPAddr).Port
	case err := <-ended:
		t.Fatalf("the peer does not listen: %v", err)
	}
	return 0
}

func welcome(w peer.ResponseWriter, _ *peer.Message) {
	w.Write(peer.NewBindResponse(peer.LDAPResultSuccess))
}

func done(code int) func(peer.ResponseWriter, *peer.Message) {
	return func(w peer.ResponseWriter, _ *peer.Message) {
		w.Write(peer.NewSearchResultDoneResponse(code))
	}
}

// stack is what a crashed Go program prints.
var stack = regexp.MustCompile(`goroutine \d+|panic:`)

func TestToolsSurviveAMisbehavingServer(t *testing.T) {
	var port int
	for name, c := range map[string]struct {
		bind, search func(peer.ResponseWriter, *peer.Message)
		says         string
	}{
		"refuses the password": {func(w peer.ResponseWriter, _ *peer.Message) {
			w.Write(peer.NewBindResponse(peer.LDAPResultInvalidCredentials))
		}, done(peer.LDAPResultSuccess), "utadmin.pw"},
		"is busy":          {welcome, done(peer.LDAPResultBusy), "Busy"},
		"has no such tree": {welcome, done(peer.LDAPResultNoSuchObject), "No Such Object"},
		"closes the connection": {func(w peer.ResponseWriter, m *peer.Message) {
			m.Client.GetConn().Close()
		}, done(peer.LDAPResultSuccess), ""},
		"refers in circles": {welcome, func(w peer.ResponseWriter, _ *peer.Message) {
			r := ldapmessage.LDAPResult(peer.NewSearchResultDoneResponse(peer.LDAPResultReferral))
			r.SetReferral(&ldapmessage.Referral{ldapmessage.URI(fmt.Sprintf("ldap://127.0.0.1:%d/o=utdata", port))})
			w.Write(ldapmessage.SearchResultDone(r))
		}, "Referral"},
	} {
		t.Run(name, func(t *testing.T) {
			u := harness.NewUtdsd(t, harness.Options{Plain: true})
			port = serve(t, c.bind, c.search)
			pointTo(t, u.Root, port)
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, harness.Binary(t, "utuser"), "-R", u.Root, "-l")
			var out, diagnostics bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &diagnostics
			err := cmd.Run()
			if ctx.Err() != nil {
				t.Fatal("utuser does not come back")
			}
			if cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("exit %v, want 1; output %q", err, out.String())
			}
			text := diagnostics.String()
			if !strings.HasPrefix(text, "utuser: ") || !strings.Contains(text, c.says) || stack.MatchString(text) {
				t.Errorf("it says %q, want a sentence with %q", text, c.says)
			}
			if strings.Contains(out.String(), "tokens total") {
				t.Errorf("it lists %q", out.String())
			}
		})
	}
}

// pointTo makes the tools of a root talk to another port.
func pointTo(t *testing.T, root string, port int) {
	t.Helper()
	file := filepath.Join(root, "etc/opt/SUNWut/utadmin.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^port = .*$`).ReplaceAll(text, []byte(fmt.Sprintf("port = %d", port)))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
