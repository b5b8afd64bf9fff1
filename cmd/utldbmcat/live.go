// live.go: asking a running server to hold a state of its store.

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	answerTimeout = 30 * time.Second
	maxAnswer     = 1 << 20 // bytes of one message
)

// Message IDs of the few requests on a connection.
const (
	idBind = iota + 1
	idHold
	idCancel
)

// oidCancel is the Cancel operation (RFC 3909).
const oidCancel = "1.3.6.1.1.8"

// hold is a connection on which a server holds a state.
type hold struct {
	conn        net.Conn
	in          *bufio.Reader
	description []byte
}

// holdState asks the server that has the store at path open. It answers on the
// socket beside the store, or on one that the configuration names.
func (d *dump) holdState(path string) (*hold, error) {
	conn, err := d.dial(path)
	if err != nil {
		return nil, err
	}
	h := &hold{conn: conn, in: bufio.NewReader(conn)}
	if h.description, err = h.begin(); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("it runs and does not answer within %s; if that stays so, utrestart starts it anew, and utstop ends it and leaves the store to be dumped", answerTimeout)
		}
		return nil, errors.Join(fmt.Errorf("ask the server for a dump: %w", err), conn.Close())
	}
	return h, nil
}

func (d *dump) dial(path string) (net.Conn, error) {
	sockets := []string{filepath.Join(filepath.Dir(path), filepath.Base(d.paths.Socket))}
	if conf, err := config.Load(d.paths.Config); err == nil { // else the usual place will do
		for _, text := range conf.Listen {
			if u, err := config.ParseURL(text); err == nil && u.Scheme == config.SchemeLDAPI && u.Address != "" && !slices.Contains(sockets, u.Address) {
				sockets = append(sockets, u.Address)
			}
		}
	}
	var fault error
	for _, s := range sockets {
		conn, err := site.DialSocket(s)
		if err == nil {
			return conn, nil
		}
		fault = errors.Join(fault, err)
	}
	return nil, fmt.Errorf("the store %s is in use by a server that does not answer on its local socket %q "+
		"(see listen in its configuration, where ldapi:// belongs); this needs root or the server's user: %w", path, sockets, fault)
}

// begin binds and asks. The answer is an intermediate response with the
// description, or the result that refuses.
func (h *hold) begin() ([]byte, error) {
	bind, m := ber.Begin(nil, wire.TagBindRequest)
	bind = ber.AppendInt(bind, ber.TagInteger, 3)
	bind = ber.AppendString(bind, ber.TagOctetString, "")
	bind, auth := ber.Begin(bind, 0xa3)
	bind = ber.AppendString(bind, ber.TagOctetString, "EXTERNAL")
	bind = ber.End(ber.End(bind, auth), m)
	if err := h.send(idBind, bind); err != nil {
		return nil, err
	}
	if _, err := h.answer(idBind, wire.TagBindResponse); err != nil {
		return nil, err
	}
	if err := h.send(idHold, extended(server.OIDHoldState, nil)); err != nil {
		return nil, err
	}
	return h.answer(idHold, wire.TagIntermediate)
}

// end ends the holding. The error is nil only if the state was held until now.
func (h *hold) end() error {
	value := ber.AppendBytes(nil, ber.TagSequence, ber.AppendInt(nil, ber.TagInteger, idHold))
	err := h.send(idCancel, extended(oidCancel, value))
	if err == nil {
		_, err = h.answer(idCancel, wire.TagExtendedResponse)
	}
	if err != nil {
		return fmt.Errorf("the server did not hold its state to the end: %w", err)
	}
	return nil
}

func (h *hold) close() error { return h.conn.Close() }

// extended is an ExtendedRequest (RFC 4511 4.12).
func extended(name string, value []byte) []byte {
	b, m := ber.Begin(nil, wire.TagExtendedRequest)
	b = ber.AppendString(b, 0x80, name)
	if value != nil {
		b = ber.AppendBytes(b, 0x81, value)
	}
	return ber.End(b, m)
}

func (h *hold) send(id int64, op []byte) error {
	if err := h.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	b, m := ber.Begin(nil, ber.TagSequence)
	b = append(ber.AppendInt(b, ber.TagInteger, id), op...)
	_, err := h.conn.Write(ber.End(b, m))
	return err
}

// answer reads messages until the one to id. It gives the value of an
// intermediate response; a result other than success is the error.
func (h *hold) answer(id int64, want byte) ([]byte, error) {
	for {
		got, tag, body, err := h.message()
		if err != nil {
			return nil, err
		}
		if tag == wire.TagIntermediate && got == id && want == tag {
			return intermediateValue(body)
		}
		if got == idHold && id == idCancel {
			continue // the end of what is cancelled
		}
		r, err := readResult(body)
		switch {
		case err != nil:
			return nil, err
		case r.Code != schema.Success:
			return nil, r
		case got != id || tag != want:
			return nil, fmt.Errorf("unexpected message %d, tag %#x", got, tag)
		}
		return nil, nil
	}
}

// message reads one message: its ID, and the tag and content of what it carries.
func (h *hold) message() (id int64, tag byte, body []byte, err error) {
	head, err := h.in.Peek(2)
	if err != nil {
		return 0, 0, nil, gone(err)
	}
	size := 2
	if head[1] >= 0x80 {
		size += int(head[1] & 0x7f)
	}
	if head, err = h.in.Peek(size); err != nil {
		return 0, 0, nil, gone(err)
	}
	var long [8]byte
	length := uint64(head[1])
	if n := size - 2; n > 0 {
		if n > len(long) {
			return 0, 0, nil, errors.New("the server sent no LDAP message")
		}
		copy(long[len(long)-n:], head[2:])
		length = binary.BigEndian.Uint64(long[:])
	}
	if length > maxAnswer {
		return 0, 0, nil, errors.New("the server sent no LDAP message")
	}
	b := make([]byte, uint64(size)+length)
	if _, err := io.ReadFull(h.in, b); err != nil {
		return 0, 0, nil, gone(err)
	}
	content, _, err := ber.Expect(b, ber.TagSequence)
	if err != nil {
		return 0, 0, nil, err
	}
	number, rest, err := ber.Expect(content, ber.TagInteger)
	if err != nil {
		return 0, 0, nil, err
	}
	if id, err = ber.Int(number); err != nil {
		return 0, 0, nil, err
	}
	tag, body, _, err = ber.Read(rest)
	return id, tag, body, err
}

func gone(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the server has closed the connection")
	}
	return err
}

func intermediateValue(body []byte) ([]byte, error) {
	_, rest, err := ber.Expect(body, 0x80)
	if err != nil {
		return nil, err
	}
	value, _, err := ber.Expect(rest, 0x81)
	return value, err
}

// readResult reads the LDAPResult at the beginning of a response.
func readResult(body []byte) (*schema.Result, error) {
	code, rest, err := ber.Expect(body, ber.TagEnumerated)
	if err != nil {
		return nil, err
	}
	n, err := ber.Int(code)
	if err != nil {
		return nil, err
	}
	_, rest, err = ber.Expect(rest, ber.TagOctetString)
	if err != nil {
		return nil, err
	}
	text, _, err := ber.Expect(rest, ber.TagOctetString)
	return &schema.Result{Code: schema.ResultCode(n), Diagnostic: string(text)}, err
}
