package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// certificate makes the two ends of TLS.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "test"}
}

var startTLS = extended(oidStartTLS, nil)

// secure starts TLS on the connection of c.
func (c *client) secure(conf *tls.Config) {
	c.Helper()
	if r := c.do(startTLS, wire.TagExtendedResponse, schema.Success); r.Name != oidStartTLS {
		c.Errorf("the response is named %q", r.Name)
	}
	c.shake(conf)
}

func (c *client) shake(conf *tls.Config) {
	c.Helper()
	t := tls.Client(c.nc, conf)
	if err := t.Handshake(); err != nil {
		c.Fatal(err)
	}
	c.nc = t
}

func TestStartTLS(t *testing.T) {
	server, conf := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	w.users(300)
	c := w.dial()
	c.secure(conf)
	c.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(c, "o: utdata")
	c.bind(adminDN, adminSecret)
	if f := c.search(everything()); len(f.names) != 300 {
		t.Errorf("found %d entries", len(f.names))
	}
	c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.Success)
	c.do(startTLS, wire.TagExtendedResponse, schema.OperationsError)
	c.do(extended(oidStartTLS, []byte("value")), wire.TagExtendedResponse, schema.ProtocolError)
	c.search(ask{base: suffix}).wantCode(c, schema.Success)
}

func TestStartTLSBehindAWriteKeepsItsAnswerInClear(t *testing.T) {
	server, conf := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	w.users(1)
	for range 50 {
		c := w.admin()
		c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.Success)
		c.secure(conf)
		c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.Success)
		c.nc.Close()
	}
}

func TestStartTLSKeepsTheIdentity(t *testing.T) {
	server, conf := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	c := w.admin()
	c.secure(conf)
	if id := c.whoAmI(); id != "dn:"+adminDN {
		t.Errorf("who am I: %q", id)
	}
}

func TestStartTLSWithoutCertificate(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	c.do(startTLS, wire.TagExtendedResponse, schema.ProtocolError)
	f := c.search(ask{attrs: []string{"supportedExtension"}}).wantCode(c, schema.Success)
	if slices.Contains(f.lines, "supportedExtension: "+oidStartTLS) {
		t.Error("StartTLS is announced")
	}
}

func TestStartTLSWithOperationsInFlight(t *testing.T) {
	server, _ := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	w.users(300)
	c := w.dial()
	at, release := w.holdSearches(secondSlice)
	c.send(everything().message(1))
	<-at
	c.send(wiretest.Message(2, startTLS, nil))
	if r := c.skipEntries(); r.ID != 2 || r.Result.Code != schema.OperationsError {
		t.Errorf("StartTLS: %+v", r)
	}
	close(release)
	c.collect(1).wantCode(c, schema.Success)
}

// What an attacker puts in clear text behind StartTLS must never be taken for
// something that the client said under protection.
func TestClearTextBehindStartTLSIsNotParsed(t *testing.T) {
	server, _ := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	w.users(1)
	for name, tail := range map[string][]byte{
		"a write":   wiretest.Message(3, replace(userDN(0), "sn", "injected"), nil),
		"one byte":  {0x30},
		"a search":  ask{base: suffix}.message(3),
		"a goodbye": wiretest.Message(3, wiretest.Op(wire.UnbindRequest{}), nil),
	} {
		c := w.admin()
		c.send(wiretest.Message(2, startTLS, nil), tail)
		if r := c.wantNotice(schema.ProtocolError); !strings.Contains(r.Result.Diagnostic, "StartTLS") {
			t.Errorf("%s: %+v", name, r.Result)
		}
	}
	c := w.dial()
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: s0")
}

func TestFailedHandshakeEndsTheConnection(t *testing.T) {
	server, _ := certificate(t)
	w := newWorld(t, func(o *Options) { o.TLS = server })
	c := w.dial()
	c.do(startTLS, wire.TagExtendedResponse, schema.Success)
	c.send(ask{base: suffix}.message(3)) // LDAP where TLS is due
	for _, b := range [][]byte{c.readAll()} {
		if strings.Contains(string(b), "utdata") {
			t.Errorf("clear text was answered: %q", b)
		}
	}
	if !strings.Contains(w.log.String(), "TLS handshake failed") {
		t.Errorf("log: %s", w.log)
	}
}

func TestHandshakeThatDoesNotComeIsCutOff(t *testing.T) {
	server, _ := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		w := build(t, func(o *Options) { o.TLS = server; o.Limits.MessageTimeout = 30 * time.Second })
		near, far := net.Pipe()
		w.start(far, true)
		began := time.Now()
		if n, err := near.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes", n)
		}
		if d := time.Since(began); d != 30*time.Second {
			t.Errorf("cut off after %v", d)
		}
		w.close()
	})
}

// The deadline of the handshake, which is not moved before it passes, is none for a
// client that is idle afterwards.
func TestIdleTimeBeginsAnewAfterTheHandshake(t *testing.T) {
	server, conf := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		w := build(t, func(o *Options) {
			o.TLS = server
			o.Limits.MessageTimeout, o.Limits.UnboundIdle = 30*time.Second, 5*time.Minute
		})
		near, far := net.Pipe()
		w.start(far, true)
		c := w.client(near)
		c.shake(conf)
		for range 3 {
			time.Sleep(4 * time.Minute) // of the bubble
			c.search(ask{base: ""}).wantCode(c, schema.Success)
		}
		began := time.Now()
		c.nc.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, c.nc) // the notice and the end
		if d := time.Since(began); d != 5*time.Minute {
			t.Errorf("cut off after %v", d)
		}
		w.close()
	})
}

func TestLDAPS(t *testing.T) {
	server, conf := certificate(t)
	w := build(t, func(o *Options) { o.TLS = server })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	w.listen(func() error { return w.ServeTLS(l) })
	w.users(300)
	c := w.dial()
	c.shake(conf)
	c.bind(adminDN, adminSecret)
	if f := c.search(everything()); len(f.names) != 300 {
		t.Errorf("found %d entries", len(f.names))
	}
	c.do(startTLS, wire.TagExtendedResponse, schema.OperationsError)
	plain := w.dial()
	plain.send(ask{base: suffix}.message(1))
	if b := plain.readAll(); strings.Contains(string(b), "utdata") {
		t.Errorf("clear text was answered: %q", b)
	}
	done := w.shutdown(10 * time.Second)
	c.wantNotice(schema.Unavailable)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownDuringAHandshake(t *testing.T) {
	server, _ := certificate(t)
	w := build(t, func(o *Options) { o.TLS = server })
	near, far := net.Pipe()
	defer near.Close()
	w.start(far, true)
	if err := <-w.shutdown(20 * time.Second); err != nil {
		t.Error(err)
	}
}
