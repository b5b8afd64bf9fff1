package server

// A client that says exactly what a test wants said.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

type client struct {
	*world
	nc   net.Conn
	in   []byte
	last int32 // message ID
}

func (w *world) client(nc net.Conn) *client {
	w.Cleanup(func() { nc.Close() })
	return &client{world: w, nc: nc}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// send writes bytes.
func (c *client) send(messages ...[]byte) {
	c.Helper()
	if _, err := c.nc.Write(slices.Concat(messages...)); err != nil {
		c.Fatalf("send: %v", err)
	}
}

// id takes the next message ID.
func (c *client) id() int32 {
	c.last++
	return c.last
}

// receive waits for one message.
func (c *client) receive() (*wiretest.Response, error) {
	for {
		if n, err := wire.FrameLength(c.in, 1<<30); err != nil {
			return nil, err
		} else if n > 0 && len(c.in) >= n {
			r, err := wiretest.Decode(c.in[:n:n])
			c.in = c.in[n:]
			return r, err
		}
		buf := make([]byte, 64<<10)
		c.nc.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := c.nc.Read(buf)
		c.in = append(c.in, buf[:n]...)
		if n == 0 && err != nil {
			return nil, err
		}
	}
}

// want waits for the message with the given ID and tag.
func (c *client) want(id int32, tag byte) *wiretest.Response {
	c.Helper()
	r, err := c.receive()
	if err != nil {
		c.Fatalf("waiting for message %d: %v", id, err)
	}
	if r.ID != id || r.Op != tag {
		c.Fatalf("got message %d with tag %#x (%+v), want %d with %#x", r.ID, r.Op, r, id, tag)
	}
	return r
}

// wantResult is want, with the result code.
func (c *client) wantResult(id int32, tag byte, code schema.ResultCode) *wiretest.Response {
	c.Helper()
	r := c.want(id, tag)
	if r.Result.Code != code {
		c.Errorf("message %d: result %v, want %d", id, &r.Result, code)
	}
	return r
}

// wantNotice waits for the Notice of Disconnection and the end.
func (c *client) wantNotice(code schema.ResultCode) *wiretest.Response {
	c.Helper()
	r := c.wantResult(0, wire.TagExtendedResponse, code)
	if r.Name != wire.NoticeOfDisconnection {
		c.Errorf("message 0 is %q", r.Name)
	}
	c.wantClosed()
	return r
}

// wantClosed waits for the end, with no message before it.
func (c *client) wantClosed() {
	c.Helper()
	if r, err := c.receive(); err == nil {
		c.Fatalf("got %+v, want the end of the connection", r)
	} else if !closed(err) {
		c.Fatalf("the connection is not closed: %v", err)
	}
}

// ask describes a search in short; controls are encoded ones.
type ask struct {
	base     string
	scope    schema.Scope
	filter   string // "" is (objectClass=*)
	attrs    []string
	size     int
	time     int
	types    bool
	controls []byte
}

// everything asks for all names below ou=people.
func everything() ask { return ask{base: people, scope: schema.ScopeOne, attrs: []string{"1.1"}} }

func (a ask) message(id int32) []byte {
	q := wire.SearchRequest{
		Base: []byte(a.base), Scope: a.scope, SizeLimit: int32(a.size), TimeLimit: int32(a.time), TypesOnly: a.types,
		Filter: filter(a.filter),
	}
	for _, n := range a.attrs {
		q.Attributes = append(q.Attributes, []byte(n))
	}
	return wiretest.Message(id, wiretest.Op(&q), a.controls)
}

// filterBytes encodes the text form of a filter by a foreign library.
func filterBytes(text string) []byte {
	if text == "" {
		text = "(objectClass=*)"
	}
	p, err := ldap.CompileFilter(text)
	if err != nil {
		panic(fmt.Sprintf("filter %q: %v", text, err))
	}
	return p.Bytes()
}

func filter(text string) (f schema.Filter) {
	if err := wire.DecodeFilter(&f, filterBytes(text)); err != nil {
		panic(fmt.Sprintf("filter %q: %v", text, err))
	}
	return f
}

// found is the answer to a search: names in order, entries as lines.
type found struct {
	names   []string
	lines   []string
	urls    []string
	entries []*wiretest.Response
	done    *wiretest.Response
}

// search sends a search and collects its answer.
func (c *client) search(a ask) found {
	c.Helper()
	id := c.id()
	c.send(a.message(id))
	return c.collect(id)
}

// collect reads the answer to a search.
func (c *client) collect(id int32) (f found) {
	c.Helper()
	for {
		r, err := c.receive()
		if err != nil {
			c.Fatalf("answer to search %d: %v", id, err)
		}
		if r.ID != id {
			c.Fatalf("got message %d while reading the answer to %d", r.ID, id)
		}
		switch r.Op {
		case wire.TagSearchResultEntry:
			f.entries = append(f.entries, r)
			f.names = append(f.names, r.DN)
			f.lines = append(f.lines, lines(r.Attributes)...)
		case wire.TagSearchReference:
			f.urls = append(f.urls, r.Result.Referrals...)
		case wire.TagSearchResultDone:
			f.done = r
			return f
		default:
			c.Fatalf("tag %#x in the answer to a search", r.Op)
		}
	}
}

func lines(attrs []schema.RawAttribute) (out []string) {
	for _, a := range attrs {
		if len(a.Values) == 0 {
			out = append(out, a.Attr+":")
		}
		for _, v := range a.Values {
			out = append(out, a.Attr+": "+string(v))
		}
	}
	return out
}

// wantCode checks the result of a search.
func (f found) wantCode(c *client, code schema.ResultCode) found {
	c.Helper()
	if f.done.Result.Code != code {
		c.Errorf("search: result %v, want %d", &f.done.Result, code)
	}
	return f
}

// wantLines checks the attributes of all entries found.
func (f found) wantLines(c *client, want ...string) {
	c.Helper()
	f.wantCode(c, schema.Success)
	if !slices.Equal(f.lines, want) {
		c.Errorf("found\n  %s\nwant\n  %s", strings.Join(f.lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// control finds a response control.
func control(r *wiretest.Response, oid string) (wire.Control, bool) {
	for _, k := range r.Controls {
		if string(k.OID) == oid {
			return k, true
		}
	}
	return wire.Control{}, false
}

// do sends a request and waits for its result.
func (c *client) do(op []byte, tag byte, code schema.ResultCode, controls ...[]byte) *wiretest.Response {
	c.Helper()
	id := c.id()
	c.send(wiretest.Message(id, op, slices.Concat(controls...)))
	return c.wantResult(id, tag, code)
}

func bindRequest(version int, dn, password string) []byte {
	return wiretest.Op(&wire.BindRequest{Version: version, Name: []byte(dn), AuthTag: wire.AuthSimple, Password: []byte(password)})
}

func (c *client) bind(dn, password string) {
	c.Helper()
	c.do(bindRequest(3, dn, password), wire.TagBindResponse, schema.Success)
}

// replace is a modify request for one attribute.
func replace(dn, attr string, values ...string) []byte {
	m := schema.Modification{Op: schema.ModReplace, Attr: attr}
	for _, v := range values {
		m.Values = append(m.Values, []byte(v))
	}
	return wiretest.Modify(&wire.ModifyRequest{DN: []byte(dn), Mods: []schema.Modification{m}})
}

func extended(oid string, value []byte) []byte {
	return wiretest.Op(&wire.ExtendedRequest{Name: []byte(oid), Value: value, HasValue: value != nil})
}

// whoAmI asks for the identity.
func (c *client) whoAmI() string {
	c.Helper()
	return string(c.do(extended(oidWhoAmI, nil), wire.TagExtendedResponse, schema.Success).Value)
}

// readAll reads until the end of the connection.
func (c *client) readAll() []byte {
	b, _ := io.ReadAll(c.nc)
	return append(c.in, b...)
}

func message(id int32, op []byte) []byte { return wiretest.Message(id, op, nil) }
