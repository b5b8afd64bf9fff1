package replica

// The connection to a provider: a small LDAP client that has what replication
// needs and no more. One goroutine reads, one sends.

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	dialTimeout  = 10 * time.Second
	sendTimeout  = 30 * time.Second
	maxAnswer    = 64 << 10 // bytes of a message before the bind
	maxMessage   = 64 << 20 // bytes of a message after it; an entry may be large
	frameStep    = 1 << 20  // memory is taken as a message arrives
	maxKeptFrame = 4 << 20
)

// dialFunc opens a connection to host:port.
type dialFunc func(ctx context.Context, address string) (net.Conn, error)

// dialTCP finds out soon when the other side is gone without a word.
func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}
	return d.DialContext(ctx, "tcp", address)
}

// peer is one connection. It is closed when the context of its dial ends.
type peer struct {
	ctx    context.Context
	conn   net.Conn
	in     *bufio.Reader
	listen *listener
	unhook func() bool

	limit   int // bytes of a message
	frame   []byte
	message wire.Message

	id  int32 // of the request sent last
	out []byte

	why atomic.Pointer[error] // of hangUp
}

// listener is the reading side of a connection on which silence has an end. A
// byte that arrives is a sign of life, so a long message may take its time.
type listener struct {
	net.Conn
	silence time.Duration // 0 waits for ever
	heard   *atomic.Int64 // Unix nanoseconds of the last sign of life
}

func (l *listener) Read(b []byte) (int, error) {
	until := time.Time{}
	if l.silence > 0 {
		until = time.Now().Add(l.silence)
	}
	l.SetReadDeadline(until)
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.heard.Store(time.Now().UnixNano())
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		err = fmt.Errorf("the provider was silent for %v", l.silence)
	}
	return n, err
}

// dialPeer connects to address. Silence of the other side that lasts longer
// than silence ends the connection; heard is told of each sign of life.
func dialPeer(ctx context.Context, dial dialFunc, address string, silence time.Duration, heard *atomic.Int64) (*peer, error) {
	dialling, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := dial(dialling, address)
	if err != nil {
		return nil, fmt.Errorf("connect to the provider: %w", err)
	}
	p := &peer{ctx: ctx, conn: conn, listen: &listener{conn, silence, heard}, limit: maxAnswer}
	p.in = bufio.NewReaderSize(p.listen, 64<<10)
	p.unhook = context.AfterFunc(ctx, func() { conn.Close() })
	return p, nil
}

// hangUp closes the connection; whoever reads gets err.
func (p *peer) hangUp(err error) {
	p.why.CompareAndSwap(nil, &err)
	p.conn.Close()
}

func (p *peer) close() {
	p.unhook()
	p.conn.Close()
}

// secure puts TLS on the connection, before or after StartTLS.
func (p *peer) secure(config *tls.Config, address string) error {
	if p.in.Buffered() > 0 {
		return errors.New("the provider sent data before the TLS handshake")
	}
	config = config.Clone()
	if host, _, err := net.SplitHostPort(address); err == nil && config.ServerName == "" {
		config.ServerName = host
	}
	ctx, cancel := context.WithTimeout(p.ctx, dialTimeout)
	defer cancel()
	secured := tls.Client(p.conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return p.failed("TLS handshake with the provider", err)
	}
	p.conn, p.listen.Conn = secured, secured
	return nil
}

// startTLS is RFC 4511 4.14.
func (p *peer) startTLS(config *tls.Config, address string) error {
	var answer wire.ExtendedResponse
	m, err := p.call(&wire.ExtendedRequest{Name: []byte(wire.OIDStartTLS)}, wire.TagExtendedResponse)
	if err == nil {
		err = answer.Decode(m.Body)
	}
	if err == nil && answer.Result.Code != schema.Success {
		err = &answer.Result
	}
	if err != nil {
		return fmt.Errorf("start TLS: %w", err)
	}
	return p.secure(config, address)
}

// send sends a request and gives its message ID.
func (p *peer) send(q wire.Request, controls []byte) (id int32, err error) {
	p.id++
	return p.id, p.sendAs(p.id, q, controls)
}

func (p *peer) sendAs(id int32, q wire.Request, controls []byte) error {
	p.out = wire.AppendRequest(p.out[:0], id, q, controls)
	p.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := p.conn.Write(p.out); err != nil {
		return p.failed("send to the provider", err)
	}
	return nil
}

// call sends a request and waits for its answer, while nothing else is under
// way. The message is valid until the next one is read.
func (p *peer) call(q wire.Request, answer byte) (*wire.Message, error) {
	id, err := p.send(q, nil)
	if err != nil {
		return nil, err
	}
	m, err := p.read()
	if err != nil {
		return nil, err
	}
	if m.ID != id || m.Op != answer {
		return nil, fmt.Errorf("the provider answered with something else: message %d, operation %#x", m.ID, m.Op)
	}
	return m, nil
}

// read waits for the next message, which is valid until the next read. A Notice
// of Disconnection is an error.
func (p *peer) read() (*wire.Message, error) {
	size, err := p.frameLength()
	if err != nil {
		return nil, p.failed("read from the provider", err)
	}
	if cap(p.frame) > maxKeptFrame && size <= maxKeptFrame {
		p.frame = nil
	}
	p.frame = p.frame[:0]
	for len(p.frame) < size {
		have, step := len(p.frame), min(size-len(p.frame), frameStep)
		p.frame = slices.Grow(p.frame, step)[:have+step]
		if _, err := io.ReadFull(p.in, p.frame[have:]); err != nil {
			return nil, p.failed("read from the provider", err)
		}
	}
	if err := p.message.Decode(p.frame); err != nil {
		return nil, fmt.Errorf("read from the provider: %w", err)
	}
	if p.message.ID == 0 {
		return nil, notice(&p.message)
	}
	return &p.message, nil
}

// frameLength looks at the head of the next message.
func (p *peer) frameLength() (int, error) {
	for n := 2; ; n++ {
		head, err := p.in.Peek(n)
		if err != nil {
			if errors.Is(err, io.EOF) && len(head) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		if size, err := wire.FrameLength(head, p.limit); err != nil || size > 0 {
			return size, err
		}
	}
}

// failed words an error of the connection. When the connection was ended from
// here, the reason for that counts.
func (p *peer) failed(what string, err error) error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if why := p.why.Load(); why != nil {
		return *why
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the provider closed the connection")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // its text has the port of this side, which is another one each time
	}
	return fmt.Errorf("%s: %w", what, err)
}

// notice is the error of an unsolicited notification.
func notice(m *wire.Message) error {
	var r wire.ExtendedResponse
	if m.Op != wire.TagExtendedResponse || r.Decode(m.Body) != nil || string(r.Name) != wire.NoticeOfDisconnection {
		return fmt.Errorf("the provider sent an unknown notification: operation %#x", m.Op)
	}
	return fmt.Errorf("the provider ends the connection: %w", &r.Result)
}
