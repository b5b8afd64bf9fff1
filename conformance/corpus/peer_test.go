// peer_test.go: a connection that sends bytes and knows just enough of LDAP
// to tell responses apart. It shares no codec with the server.

package corpus

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

const (
	// answerWithin bounds every wait for the server.
	answerWithin = 10 * time.Second
	// stallAfter is when a write that makes no progress means that the server
	// has stopped reading.
	stallAfter = time.Second
	// maxFlood is more than all buffers between two processes.
	maxFlood = 256 << 20
	// maxResponse bounds one response.
	maxResponse = 8 << 20
)

// Tags of responses (RFC 4511).
const (
	entryTag        = 0x64
	referenceTag    = 0x73
	intermediateTag = 0x79
	extendedTag     = 0x78
)

// peer is one connection.
type peer struct {
	conn net.Conn
	in   *bufio.Reader
	sent int // bytes
}

// response is what matters of one message.
type response struct {
	ID   int64
	Op   byte
	Code int // -1 if it has no LDAPResult
	Body []byte
}

func dial(address string) (*peer, error) {
	conn, err := net.DialTimeout("tcp", address, answerWithin)
	if err != nil {
		return nil, err
	}
	return &peer{conn: conn, in: bufio.NewReader(conn)}, nil
}

// send writes b. That the server stops reading or closes is no error here:
// the expectation says whether it may.
func (p *peer) send(b []byte) error {
	if err := p.conn.SetWriteDeadline(time.Now().Add(answerWithin / 4)); err != nil {
		return err
	}
	n, err := p.conn.Write(b)
	p.sent += n
	var ne net.Error
	if errors.As(err, &ne) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// flood writes b again and again, reading nothing, until the server takes no
// more for stallAfter. A server that always takes more keeps the answers in
// memory.
func (p *peer) flood(b []byte) error {
	for total := 0; total < maxFlood; total += len(b) {
		if err := p.conn.SetWriteDeadline(time.Now().Add(stallAfter)); err != nil {
			return err
		}
		n, err := p.conn.Write(b)
		p.sent += n
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil
			}
			return fmt.Errorf("after %d bytes: %w", total, err)
		}
	}
	return fmt.Errorf("the server took %d bytes of requests whose answers nobody reads", maxFlood)
}

func (p *peer) drip(b []byte) error {
	for i := range b {
		if err := p.send(b[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// startTLS asks for it and shakes hands, trusting any certificate.
func (p *peer) startTLS() error {
	if err := p.send([]byte("\x30\x1d\x02\x01\x63\x77\x18\x80\x161.3.6.1.4.1.1466.20037")); err != nil {
		return err
	}
	if r, _, err := p.final(); err != nil || r.Code != 0 {
		return fmt.Errorf("StartTLS: %+v, %w", r, err)
	}
	secure := tls.Client(p.conn, &tls.Config{InsecureSkipVerify: true})
	if err := secure.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if err := secure.Handshake(); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	p.conn, p.in = secure, bufio.NewReader(secure)
	return nil
}

// next reads one message.
func (p *peer) next(deadline time.Time) (response, error) {
	r := response{Code: -1}
	if err := p.conn.SetReadDeadline(deadline); err != nil {
		return r, err
	}
	tag, message, err := readElement(p.in)
	if err != nil {
		return r, err
	}
	_, id, rest, err := element(message)
	if err != nil || tag != 0x30 {
		return r, fmt.Errorf("no LDAPMessage: % x", message)
	}
	for _, b := range id {
		r.ID = r.ID<<8 | int64(b)
	}
	if r.Op, r.Body, _, err = element(rest); err != nil {
		return r, err
	}
	if codeTag, code, _, err := element(r.Body); err == nil && codeTag == 0x0a {
		r.Code = 0
		for _, b := range code {
			r.Code = r.Code<<8 | int(b)
		}
	}
	return r, nil
}

// final reads up to the next final response and counts the entries before it.
func (p *peer) final() (r response, entries int, err error) {
	deadline := time.Now().Add(answerWithin)
	for {
		if r, err = p.next(deadline); err != nil {
			return r, entries, err
		}
		switch r.Op {
		case entryTag:
			entries++
		case referenceTag, intermediateTag:
		default:
			return r, entries, nil
		}
	}
}

// end reads up to the end of the connection; last is the last message, and
// reset tells that the end was no orderly one.
func (p *peer) end() (last response, reset bool, err error) {
	deadline := time.Now().Add(answerWithin)
	for {
		r, err := p.next(deadline)
		switch {
		case err == nil:
			last = r
		case errors.Is(err, io.EOF):
			return last, false, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return last, false, fmt.Errorf("the connection is still open after %s", answerWithin)
		default:
			return last, true, nil
		}
	}
}

// ping asks for the suffix and wants exactly one entry.
func (p *peer) ping(suffix string) error {
	// messageID 2^31-2, base object, (objectClass=*), no attributes ("1.1").
	search := nest(0x63, 1, append(append(nest(0x04, 1, []byte(suffix)),
		"\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass"...), "\x30\x05\x04\x031.1"...))
	if err := p.send(nest(0x30, 1, append([]byte("\x02\x04\x7f\xff\xff\xfe"), search...))); err != nil {
		return err
	}
	for {
		r, entries, err := p.final()
		if err != nil {
			return err
		}
		if r.ID != 0x7ffffffe {
			continue // an answer to what was sent before
		}
		if r.Code != 0 || entries == 0 {
			return fmt.Errorf("result %d with %d entries", r.Code, entries)
		}
		return nil
	}
}

// readElement reads one element from a stream.
func readElement(in *bufio.Reader) (tag byte, content []byte, err error) {
	if tag, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	first, err := in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size := int(first)
	if first >= 0x80 {
		size = 0
		for range first & 0x7f {
			b, err := in.ReadByte()
			if err != nil {
				return 0, nil, err
			}
			if size = size<<8 | int(b); size > maxResponse {
				return 0, nil, errors.New("response of more than 8 MiB")
			}
		}
	}
	content = make([]byte, size)
	_, err = io.ReadFull(in, content)
	return tag, content, err
}

// element takes the first element off b.
func element(b []byte) (tag byte, content, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, io.ErrUnexpectedEOF
	}
	size, at := int(b[1]), 2
	if b[1] >= 0x80 {
		size, at = 0, 2+int(b[1]&0x7f)
		if at > len(b) || at > 6 {
			return 0, nil, nil, io.ErrUnexpectedEOF
		}
		for _, c := range b[2:at] {
			size = size<<8 | int(c)
		}
	}
	if size > len(b)-at {
		return 0, nil, nil, io.ErrUnexpectedEOF
	}
	return b[0], b[at : at+size], b[at+size:], nil
}
