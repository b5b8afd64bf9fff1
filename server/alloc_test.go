package server

import (
	"net"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
	"github.com/sunray-ds/utdsd/server/wire"
)

// sink takes what is written and has nothing to read.
type sink struct{ net.Conn }

func (sink) Write(b []byte) (int, error)        { return len(b), nil }
func (sink) Read([]byte) (int, error)           { return 0, net.ErrClosed }
func (sink) Close() error                       { return nil }
func (sink) RemoteAddr() net.Addr               { return &net.TCPAddr{} }
func (sink) SetDeadline(time.Time) error        { return nil }
func (sink) SetReadDeadline(time.Time) error    { return nil }
func (sink) SetWriteDeadline(t time.Time) error { return nil }

// direct is a connection whose requests are handled by the caller.
func direct(t testing.TB, users int) *conn {
	w := build(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(users)
	return newConn(w.Server, sink{})
}

// run handles a request and sends the answer.
func (c *conn) round(t testing.TB, frame []byte) {
	if err := c.handle(frame); err != nil {
		t.Fatal(err)
	}
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
}

func TestSearchAllocatesNothing(t *testing.T) {
	c := direct(t, 200)
	full := fullRights()
	for name, x := range map[string]struct {
		a     ask
		admin bool
	}{
		"base, all attributes":             {ask{base: userDN(3)}, false},
		"base, as administrator":           {ask{base: userDN(3)}, true},
		"base, named attributes":           {ask{base: userDN(3), attrs: []string{"cn", "sn", "EmployeeNumber", "userPassword"}}, false},
		"base, operational attributes":     {ask{base: userDN(3), attrs: []string{"*", "createTimestamp", "entryUUID"}}, false},
		"base, without values":             {ask{base: userDN(3), types: true}, false},
		"equality below a base":            {ask{base: people, scope: schema.ScopeOne, filter: "(cn=u0007)", attrs: []string{"sn"}}, false},
		"two hundred entries":              {ask{base: people, scope: schema.ScopeSub, filter: "(&(cn=u*)(!(sn=none))(|(sn=s1)(employeeNumber>=0)(objectClass=*)))"}, false},
		"base, ManageDsaIT":                {ask{base: userDN(3), controls: control1(oidManageDsaIT, true, nil)}, false},
		"base, unknown control":            {ask{base: userDN(3), controls: control1("1.2.3.4", false, []byte("x"))}, false},
		"base, size and time limit":        {ask{base: userDN(3), size: 1, time: 10}, false},
		"root DSE":                         {ask{attrs: []string{"supportedControl"}}, false},
		"base, filter that does not match": {ask{base: userDN(3), filter: "(cn=nobody)"}, false},
	} {
		c.session.writer, c.session.rights = x.admin, c.srv.nobody
		if x.admin {
			c.session.rights = full
		}
		frame := x.a.message(1)
		c.round(t, frame) // memory grows once
		if n := testing.AllocsPerRun(100, func() { c.round(t, frame) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A bind keeps the name and its key for the session, and needs nothing besides.
func TestBindAllocatesTheName(t *testing.T) {
	c := direct(t, 1)
	hashed, err := password.Hash("{SSHA}", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range []string{"open sesame", string(hashed)} {
		c.srv.Store.(*memory).put(t, "cn=ali,"+people, "objectClass: inetOrgPerson", "cn: ali", "sn: x", "userPassword: "+stored)
		frame := message(1, bindRequest(3, "cn=ali,"+people, "open sesame"))
		c.round(t, frame)
		if n := testing.AllocsPerRun(100, func() { c.round(t, frame) }); n > 2 || !c.session.bound() {
			t.Errorf("%.6s: %v allocations", stored, n)
		}
	}
}

func TestAbandonAllocatesNothing(t *testing.T) {
	c := direct(t, 1)
	frame := message(1, abandonRequest(7))
	c.round(t, frame)
	if n := testing.AllocsPerRun(100, func() { c.round(t, frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBaseSearch(b *testing.B) {
	c := direct(b, 1000)
	frame := ask{base: userDN(500)}.message(1)
	b.ReportAllocs()
	for b.Loop() {
		c.round(b, frame)
	}
}

func BenchmarkBaseSearchNamedAttributes(b *testing.B) {
	c := direct(b, 1000)
	frame := ask{base: userDN(500), attrs: []string{"cn", "sn"}}.message(1)
	b.ReportAllocs()
	for b.Loop() {
		c.round(b, frame)
	}
}

// A thousand entries leave the connection's goroutine after 256.
func BenchmarkThousandEntries(b *testing.B) {
	c := direct(b, 1000)
	frame := ask{base: people, scope: schema.ScopeOne}.message(1)
	b.ReportAllocs()
	for b.Loop() {
		c.round(b, frame)
		c.waitAll()
	}
}

// A page does not leave it.
func BenchmarkPageOfFiveHundred(b *testing.B) {
	c := direct(b, 1000)
	frame := ask{base: people, scope: schema.ScopeOne, controls: paged(500, nil)}.message(1)
	b.ReportAllocs()
	for b.Loop() {
		c.round(b, frame)
		c.waitAll()
		c.dropPages()
	}
}

// BenchmarkPipelinedBaseSearch has the whole way through a socket.
func BenchmarkPipelinedBaseSearch(b *testing.B) {
	const depth = 100
	w := newWorld(b, nil)
	w.users(depth)
	c := w.dial()
	var all []byte
	for i := range depth {
		all = append(all, ask{base: userDN(i)}.message(int32(i+1))...)
	}
	buf := make([]byte, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		c.send(all)
		for done, at, n := 0, 0, 0; done < depth; {
			m, err := c.nc.Read(buf[n:])
			if err != nil {
				b.Fatal(err)
			}
			for n += m; ; {
				size, err := wire.FrameLength(buf[at:n], 1<<20)
				if err != nil {
					b.Fatal(err)
				}
				if size == 0 || n-at < size {
					break
				}
				if buf[at+5] == wire.TagSearchResultDone {
					done++
				}
				at += size
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/search")
}
