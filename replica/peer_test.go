package replica

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// tlsConfigs gives the two sides of TLS with a certificate for 127.0.0.1.
func tlsConfigs(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &made, &made, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	return server, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// startTLS answers a StartTLS request and does the handshake; early is sent in
// the clear behind the answer.
func (p *scripted) startTLS(config *tls.Config, early string) {
	m, ok := p.read()
	var q wire.ExtendedRequest
	if err := q.Decode(m.Body); !ok || err != nil || string(q.Name) != wire.OIDStartTLS {
		p.t.Errorf("%q instead of StartTLS, %v", q.Name, err)
		panic(cutOff{})
	}
	p.write(append(wire.AppendExtendedResponse(nil, m.ID, &schema.Result{}, wire.OIDStartTLS, nil, false, nil), early...))
	if early != "" {
		return
	}
	p.conn = tls.Server(p.conn, config)
	p.in = bufio.NewReader(p.conn)
}

// listenTCP has the plays of a stage on a port of the loopback.
func (s *stage) listenTCP(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.options.Dial = nil
	s.options.Provider = func() string { return l.Addr().String() }
	s.work.Go(func() {
		for _, play := range s.plays {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			func() {
				defer conn.Close()
				defer func() {
					if r := recover(); r != nil && r != any(cutOff{}) {
						panic(r)
					}
				}()
				play(&scripted{t: t, conn: conn, in: bufio.NewReader(conn)})
			}()
		}
	})
}

func TestConsumerFollowsOverTLS(t *testing.T) {
	server, client := tlsConfigs(t)
	store := newModelStore('a', 7)
	states, views := growing(store.now(), 1)
	s := newStage(t, store, func(p *scripted) {
		p.startTLS(server, "")
		p.meet(Stream, states[0])
		p.confirmed()
		p.entry(views[0], schema.SyncAdd)
		p.batch(states[0], 1)
		p.confirmed()
		p.rest()
	})
	s.listenTCP(t)
	s.options.TLS = client
	s.start()
	<-store.news
	mustEqual(t, store, states[0])
	s.stop()
}

// waitFor waits until the consumer knows this error.
func (s *stage) waitFor(t *testing.T, news <-chan struct{}, want string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for !strings.Contains(s.consumer.State().Error, want) {
		select {
		case <-news:
		case <-late:
			t.Fatalf("%q is not told: %+v", want, s.consumer.State())
		}
	}
}

func TestNothingIsSentWithoutTrustworthyTLS(t *testing.T) {
	server, client := tlsConfigs(t)
	_, stranger := tlsConfigs(t)
	for name, c := range map[string]struct {
		config *tls.Config
		play   func(p *scripted)
		want   string
	}{
		"unknown certificate": {stranger, func(p *scripted) { p.startTLS(server, ""); p.read() }, "certificate"},
		"data too early":      {client, func(p *scripted) { p.startTLS(server, "0\x0c\x02\x01\x01"); p.read() }, "before the TLS handshake"},
		"no TLS": {client, func(p *scripted) {
			m, _ := p.read()
			p.write(wire.AppendExtendedResponse(nil, m.ID, schema.Refuse(schema.ProtocolError, "no"), "", nil, false, nil))
			if m, ok := p.read(); ok {
				t.Errorf("operation %#x came in the clear", m.Op)
			}
		}, "start TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			news := make(chan struct{}, 1)
			s := newStage(t, newModelStore('a', 7), c.play)
			s.listenTCP(t)
			s.options.TLS, s.options.Notify = c.config, news
			s.start()
			s.waitFor(t, news, c.want)
			s.stop()
		})
	}
}

func FuzzReceiver(f *testing.F) {
	s0, views := world()
	seed := func(write func(p *scripted)) {
		mine, theirs := net.Pipe()
		done := make(chan []byte)
		go func() {
			b := make([]byte, 64<<10)
			n, _ := theirs.Read(b)
			done <- b[:n]
		}()
		write(&scripted{t: f, conn: mine, search: 3})
		pdu := <-done
		f.Add(pdu, true)
		f.Add(pdu, false)
		mine.Close()
		theirs.Close()
	}
	seed(func(p *scripted) { p.entry(views[1], schema.SyncModify) })
	seed(func(p *scripted) { p.beat(s0) })
	seed(func(p *scripted) { p.end(s0) })
	seed(func(p *scripted) { p.idSet(true, 3) })
	seed(func(p *scripted) {
		p.tell(OIDRecords, AppendRecords(nil, 42, AppendRecord(nil, &s0.records[0])))
	})
	seed(func(p *scripted) { p.done(schema.Busy) })
	definitions, err := schema.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pdu []byte, member bool) {
		var m wire.Message
		if m.Decode(pdu) != nil {
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := newConsumer(ConsumerOptions{Applier: newModelStore('b', 41), Suffix: "o=utdata"})
		if member {
			in := &receiver{session: &session{c: c, search: m.ID, inbox: newInbox(), confirm: newConfirmer("", "", nil)}, at: s0.position}
			_ = in.take(ctx, &m)
			return
		}
		fs := &foreignSession{c: c, p: &ForeignProvider{Schema: definitions}, peer: &peer{listen: &listener{}}, search: m.ID,
			works: make(chan foreignWork, 1), persist: make(chan struct{})}
		in := &foreignReceiver{foreignSession: fs}
		in.work = in.fresh()
		_ = in.take(ctx, &m)
	})
}
