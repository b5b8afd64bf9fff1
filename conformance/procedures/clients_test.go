// clients_test.go: clients that read a server all the time, and one that writes.

package procedures

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	answerIn   = 10 * time.Second
	readEvery  = 10 * time.Millisecond
	listEvery  = 80 // reads of one user for each read of all of them
	writeEvery = 4 * time.Millisecond
	keptFaults = 10
)

// bind opens a connection to a machine's store as the administrator, whom no limit
// keeps from reading everything.
func (m *machine) bind() (*ldap.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	conn, err := m.Dial(ctx, "tcp", m.IP()+":7012")
	if err != nil {
		return nil, ldap.NewError(ldap.ErrorNetwork, err)
	}
	c := ldap.NewConn(conn, false)
	c.Start()
	c.SetTimeout(answerIn)
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// errWrong is of an answer that is not what it should be.
var errWrong = errors.New("wrong answer")

// reader reads single users, and now and then all of them.
type reader struct {
	at          *machine
	users       []user // all of them are there all the time
	conn        *ldap.Conn
	reads       int
	connections int
	failed      []string
	stop        chan struct{}
	done        sync.WaitGroup
}

// startReader has read once when it returns.
func startReader(t *testing.T, m *machine, users []user) *reader {
	t.Helper()
	r := &reader{at: m, users: users, stop: make(chan struct{})}
	if err := r.read(); err != nil {
		t.Fatalf("%s: first read: %v", m.name, err)
	}
	r.done.Go(r.run)
	t.Cleanup(r.end)
	return r
}

func (r *reader) run() {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		if err := r.read(); err != nil && len(r.failed) < keptFaults {
			r.failed = append(r.failed, err.Error())
		}
	}
}

func (r *reader) end() {
	select {
	case <-r.stop:
		return
	default:
	}
	close(r.stop)
	r.done.Wait()
	if r.conn != nil {
		r.conn.Close()
	}
}

// unbroken ends the reading: no read has failed, on so many connections.
func (r *reader) unbroken(t *testing.T, connections int) {
	t.Helper()
	r.end()
	t.Logf("%s: %d reads on %d connections", r.at.name, r.reads, r.connections)
	if len(r.failed) > 0 || r.connections > connections || r.reads < 2 {
		t.Errorf("%s: %d reads on %d connections, not on %d; failed: %q", r.at.name, r.reads, r.connections, connections, r.failed)
	}
}

// read reads once. A connection that the server has ended is replaced: only an
// answer that is wrong or does not come is a failure.
func (r *reader) read() error {
	if r.conn != nil {
		err := r.search()
		var result *ldap.Error
		if err == nil || errors.Is(err, errWrong) || errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork {
			return err
		}
		r.conn.Close()
		r.conn = nil
	}
	var err error
	if r.conn, err = r.at.bind(); err != nil {
		return err
	}
	r.connections++
	return r.search()
}

func (r *reader) search() error {
	r.reads++
	u := r.users[rand.IntN(len(r.users))]
	search := ldap.NewSearchRequest(u.dn(), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=utUser)", []string{"utusername"}, nil)
	least := 1
	if r.reads%listEvery == 1 {
		search.BaseDN, search.Scope, search.Attributes = "utname=users,"+base, ldap.ScopeSingleLevel, []string{"1.1"}
		least = len(r.users)
	}
	found, err := r.conn.Search(search)
	switch {
	case err != nil:
		return err
	case len(found.Entries) < least:
		return fmt.Errorf("%w: %s: %d entries, not %d", errWrong, search.BaseDN, len(found.Entries), least)
	case least == 1 && found.Entries[0].GetAttributeValue("utusername") != u.name:
		return fmt.Errorf("%w: %s has the name %q, not %q", errWrong, u.dn(), found.Entries[0].GetAttributeValue("utusername"), u.name)
	}
	return nil
}

// writer registers new users until it is stopped or its server is gone.
type writer struct {
	acked []user // by the server
	count atomic.Int64
	fault error
	stop  chan struct{}
	done  sync.WaitGroup
}

// startWriter is a client of a primary; its users have the name of their series.
func startWriter(t *testing.T, m *machine, series string) *writer {
	t.Helper()
	conn, err := m.bind()
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{stop: make(chan struct{})}
	w.done.Go(func() {
		defer conn.Close()
		w.run(conn, series)
	})
	t.Cleanup(func() { w.end() })
	return w
}

func (w *writer) run(conn *ldap.Conn, series string) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		u := user{token: fmt.Sprintf("Payflex.%s-%05d", series, n), name: "New " + series}
		if w.fault = u.register(conn); w.fault != nil {
			return
		}
		w.acked = append(w.acked, u)
		w.count.Add(1)
	}
}

// register adds the two entries of a user, as utuser does.
func (u user) register(conn *ldap.Conn) error {
	token := ldap.NewAddRequest("utname="+u.token+",utname=tokens,"+base, nil)
	token.Attribute("objectClass", []string{"utToken"})
	token.Attribute("utowner", []string{u.dn()})
	token.Attribute("uttoken", []string{u.token})
	if err := conn.Add(token); err != nil {
		return err
	}
	person := ldap.NewAddRequest(u.dn(), nil)
	person.Attribute("objectClass", []string{"utUser"})
	person.Attribute("utusername", []string{u.name})
	person.Attribute("uttoken", []string{u.token})
	return conn.Add(person)
}

// awaitAcks waits for so many further users.
func (w *writer) awaitAcks(t *testing.T, n int64) {
	t.Helper()
	want := w.count.Load() + n
	timeout := time.After(awaitIn)
	for tick := time.NewTicker(awaitEvery); w.count.Load() < want; {
		select {
		case <-tick.C:
		case <-timeout:
			w.end()
			t.Fatalf("%d users were acknowledged, then no more: %v", len(w.acked), w.fault)
		}
	}
}

// end stops the client and gives the users that the server acknowledged.
func (w *writer) end() []user {
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	w.done.Wait()
	return w.acked
}
