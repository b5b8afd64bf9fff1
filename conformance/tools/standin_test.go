// standin_test.go: servers that take no change and send the tools elsewhere. The
// messages are made byte by byte, so that no codec of a tool is shared.

package tools

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// Tags of requests; that of the answer is the next one, but for deleting.
const (
	bindRequest     = 0x60
	unbindRequest   = 0x42
	searchRequest   = 0x63
	deleteRequest   = 0x4a
	extendedRequest = 0x77
)

// standIn is a server that answers every bind with success, every search with
// nothing and every change with a referral.
type standIn struct {
	listener net.Listener
	url      string
	mute     bool   // answers nothing
	locked   bool   // takes no password
	drops    bool   // closes the connection at a change
	refersTo string // "" is a referral without a URL
	running  sync.WaitGroup
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &standIn{listener: l, url: "ldap://" + l.Addr().String()}
}

// start serves until the test ends.
func (s *standIn) start(t *testing.T) {
	s.running.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		s.listener.Close()
		s.running.Wait()
	})
}

// port is the port of the server.
func (s *standIn) port() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String()) // of a listener: always good
	return port
}

func (s *standIn) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		_, message, err := element(in)
		if err != nil {
			return
		}
		if s.mute {
			continue
		}
		body := bufio.NewReader(bytes.NewReader(message))
		_, id, err := element(body)
		if err != nil {
			return
		}
		op, _, err := element(body)
		if err != nil || op == unbindRequest {
			return
		}
		if s.drops && op != bindRequest && op != searchRequest && op != extendedRequest {
			return
		}
		if _, err := conn.Write(tlv(0x30, tlv(0x02, id), s.answer(op))); err != nil {
			return
		}
	}
}

// answer is the response to a request.
func (s *standIn) answer(op byte) []byte {
	result := func(tag byte, code byte, rest ...[]byte) []byte {
		return tlv(tag, append([][]byte{tlv(0x0a, []byte{code}), tlv(0x04), tlv(0x04)}, rest...)...)
	}
	switch op {
	case bindRequest:
		if s.locked {
			return result(0x61, 49)
		}
		return result(0x61, 0)
	case searchRequest:
		return result(0x65, 0)
	case extendedRequest:
		return result(0x78, 2) // protocolError: nothing is known
	}
	response := op + 1
	if op == deleteRequest {
		response = 0x6b
	}
	if s.refersTo == "" {
		return result(response, 10)
	}
	return result(response, 10, tlv(0xa3, tlv(0x04, []byte(s.refersTo))))
}

// tlv makes an element of BER.
func tlv(tag byte, parts ...[]byte) []byte {
	var content []byte
	for _, p := range parts {
		content = append(content, p...)
	}
	n := len(content)
	head := []byte{tag, byte(n)}
	if n > 127 {
		head = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	}
	return append(head, content...)
}

// element reads an element of BER.
func element(in *bufio.Reader) (tag byte, content []byte, err error) {
	if tag, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	first, err := in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size := int(first)
	if first > 127 {
		size = 0
		for range first & 0x7f {
			b, err := in.ReadByte()
			if err != nil {
				return 0, nil, err
			}
			size = size<<8 | int(b)
		}
	}
	if size > 1<<20 {
		return 0, nil, io.ErrShortBuffer
	}
	content = make([]byte, size)
	_, err = io.ReadFull(in, content)
	return tag, content, err
}
