package replica

// The consumer of a provider of another make: RFC 4533 as OpenLDAP's slapd
// speaks it with the overlay syncprov. There are no positions, hashes and
// records; the cookie is kept with the state that it names.

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	oidManageDsaIT = "2.16.840.1.113730.3.4.2" // RFC 3296
	maxPassword    = 4096                      // bytes of a password file
)

// ForeignProvider is a provider of another make.
type ForeignProvider struct {
	URL    string // ldap://host[:port] or ldaps://host[:port]
	BindDN string // empty is anonymous
	// PasswordFile has the password of BindDN in its first line. It is read at
	// each attempt.
	PasswordFile string
	Schema       *schema.Schema
}

// NewForeignConsumer makes a Consumer of a provider of another make. Of the
// options Provider, Signature, Host, Port, Adopt and LostDir are not looked at.
// TLS is for ldaps, and with an ldap URL it means StartTLS.
func NewForeignConsumer(o ConsumerOptions, p ForeignProvider) (*Consumer, error) {
	address, secure, err := p.address()
	if err != nil {
		return nil, err
	}
	if secure && o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	o.Adopt = false
	c := newConsumer(o)
	c.meet = func(ctx context.Context) error { return c.meetForeign(ctx, &p, address, secure) }
	return c, nil
}

// address is host:port, and whether TLS comes first.
func (p *ForeignProvider) address() (address string, secure bool, err error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return "", false, fmt.Errorf("provider: %w", err)
	}
	port := map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	if port == "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return "", false, fmt.Errorf("provider %q is not ldap://HOST[:PORT] or ldaps://HOST[:PORT]", p.URL)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "ldaps", nil
}

// password reads the first line of PasswordFile.
func (p *ForeignProvider) password() ([]byte, error) {
	text, err := os.ReadFile(p.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("password of the provider: %w", err)
	}
	text, _, _ = bytes.Cut(text, []byte{'\n'})
	text = bytes.TrimSuffix(text, []byte{'\r'})
	if len(text) == 0 || len(text) > maxPassword {
		// An empty one would be an unauthenticated bind (RFC 4513 5.1.2).
		return nil, fmt.Errorf("password of the provider: the first line of %s is empty or too long", p.PasswordFile)
	}
	return text, nil
}

// foreignSession is one session with such a provider. One goroutine reads, one
// applies, and one asks now and then how far the provider is.
type foreignSession struct {
	c       *Consumer
	p       *ForeignProvider
	peer    *peer
	search  int32
	works   chan foreignWork // closed at the end of the connection,
	ended   error            // and this is why
	persist chan struct{}    // closed when the refresh stage is over
	cookie  string           // that the store has; of the goroutine that applies
	applied atomic.Value     // the same, for the goroutine that reads
}

// meetForeign is one session.
func (c *Consumer) meetForeign(ctx context.Context, p *ForeignProvider, address string, secure bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.note(func(s *ConsumerState) { s.Address = address })
	conn, err := dialPeer(ctx, c.o.Dial, address, 0, &c.heard)
	if err != nil {
		return err
	}
	defer conn.close()
	if err := c.identify(conn, p, address, secure); err != nil {
		return err
	}
	f := &foreignSession{c: c, p: p, peer: conn, works: make(chan foreignWork, 1), persist: make(chan struct{})}
	if !c.anew {
		f.cookie = c.o.Applier.SyncCookie()
	}
	f.applied.Store(f.cookie)
	request := wire.SyncRequestValue{Mode: schema.SyncRefreshAndPersist, Cookie: f.cookie}
	controls := wire.AppendControl(nil, wire.OIDSyncRequest, true, request.Append(nil))
	controls = wire.AppendControl(controls, oidManageDsaIT, false, nil)
	if f.search, err = conn.send(everything(c.o.Suffix), controls); err != nil {
		return err
	}
	outcome := Stream
	if f.cookie == "" {
		outcome = Refresh
	}
	c.note(func(s *ConsumerState) {
		s.Connected, s.Outcome, s.Reason, s.Error = true, outcome, outcome.String(), ""
	})
	c.agreed(outcome)
	return f.follow(ctx, cancel)
}

// identify secures the connection and binds.
func (c *Consumer) identify(conn *peer, p *ForeignProvider, address string, secure bool) (err error) {
	conn.listen.silence = c.o.Silence
	switch {
	case secure:
		err = conn.secure(c.o.TLS, address)
	case c.o.TLS != nil:
		err = conn.startTLS(c.o.TLS, address)
	}
	if err == nil && p.BindDN != "" {
		var password []byte
		if password, err = p.password(); err == nil {
			err = conn.bindSimple(p.BindDN, password)
			clear(password)
		}
	}
	// How long a provider searches for what has changed is its own affair.
	conn.listen.silence, conn.limit = 0, maxMessage
	return err
}

// follow works until the connection or the context ends.
func (f *foreignSession) follow(ctx context.Context, cancel context.CancelCauseFunc) error {
	in := &foreignReceiver{foreignSession: f}
	if f.cookie == "" {
		in.text = newRefreshText(f.c, nil)
		f.works <- foreignWork{text: in.text}
	}
	var work sync.WaitGroup
	work.Go(func() {
		f.ended = in.receive(ctx)
		close(f.works)
	})
	work.Go(func() {
		if err := f.probe(ctx); err != nil {
			f.peer.hangUp(err) // what was received is applied all the same
		}
	})
	err := f.apply(ctx)
	cancel(err)
	work.Wait()
	return err
}

// probe asks the provider now and then for its contextCSN: an answer is a sign
// of life, and tells whether there is anything that this store lacks.
func (f *foreignSession) probe(ctx context.Context) error {
	select {
	case <-f.persist:
	case <-ctx.Done():
		return nil
	}
	question := everything(f.c.o.Suffix)
	question.Scope, question.Attributes = schema.ScopeBase, [][]byte{[]byte("contextCSN")}
	tick := time.NewTicker(f.c.o.Silence)
	defer tick.Stop()
	for {
		if _, err := f.peer.send(question, nil); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// errNoCookie is an end of the refresh stage after which nobody knows where
// the store is.
var errNoCookie = errors.New("the provider ended the refresh without a cookie")
