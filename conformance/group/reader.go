// reader.go: a client that reads all the time and notices a read that fails,
// finds less than the one before it, or goes back in time.

package group

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	readIn    = 10 * time.Second     // the answer to one read
	readEvery = 2 * time.Millisecond // a reader leaves the machine to others

	keptFaults = 20 // in a report
)

// CounterFilter finds the entries whose description only counts up.
const CounterFilter = "(cn=counter-*)"

// Reader reads one member until it is stopped.
type Reader struct {
	member *Member
	filter string
	every  time.Duration // between two reads
	stop   chan struct{}
	done   sync.WaitGroup
	report Report
	conn   *ldap.Conn
	seen   map[string]int // on conn: the counters
}

// Report is what a reader saw.
type Report struct {
	Reads       int
	Connections int      // opened; one if no read was interrupted
	Failed      []string // reads that were not even answered on a new connection, the first ones
	Backwards   []string // reads that went back in time on their connection (N11), the first ones
	First       int      // entries that the first read found
	Fewest      int      // entries that any read found at least
}

// StartReader reads all entries that a filter finds, as the administrator.
func (m *Member) StartReader(tb testing.TB, filter string) *Reader {
	tb.Helper()
	return m.startReader(tb, filter, readEvery)
}

// StartFastReader is StartReader without a pause between two reads.
func (m *Member) StartFastReader(tb testing.TB, filter string) *Reader {
	tb.Helper()
	return m.startReader(tb, filter, time.Nanosecond)
}

func (m *Member) startReader(tb testing.TB, filter string, every time.Duration) *Reader {
	tb.Helper()
	r := &Reader{member: m, filter: filter, every: every, stop: make(chan struct{})}
	if err := r.read(); err != nil {
		tb.Fatalf("%s: first read: %v", m.Name, err)
	}
	r.report.First = r.report.Fewest
	r.done.Go(r.run)
	tb.Cleanup(func() { r.Stop() })
	return r
}

// Stop ends the reading and tells what was seen.
func (r *Reader) Stop() Report {
	select {
	case <-r.stop:
	default:
		close(r.stop)
	}
	r.done.Wait()
	if r.conn != nil {
		r.conn.Close()
		r.conn = nil
	}
	return r.report
}

func (r *Reader) run() {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		if err := r.read(); err != nil {
			if len(r.report.Failed) < keptFaults {
				r.report.Failed = append(r.report.Failed, err.Error())
			}
		}
	}
}

// read does one read. A connection that has ended since the last one, or that
// ends instead of an answer, is no failure yet: the same is asked on a new one.
func (r *Reader) read() error {
	if r.conn != nil {
		err := r.search()
		var result *ldap.Error
		if err == nil || errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork {
			return err
		}
		r.conn.Close()
		r.conn = nil
	}
	var err error
	if r.conn, err = r.member.Bind(); err != nil {
		return err
	}
	r.report.Connections++
	r.seen = make(map[string]int)
	return r.search()
}

func (r *Reader) search() error {
	answer, err := r.conn.Search(ldap.NewSearchRequest(harness.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		r.filter, []string{"description"}, nil))
	if err != nil {
		return err
	}
	r.report.Reads++
	if n := len(answer.Entries); r.report.Reads == 1 || n < r.report.Fewest {
		r.report.Fewest = n
	}
	for _, e := range answer.Entries {
		n, err := strconv.Atoi(e.GetAttributeValue("description"))
		if err != nil {
			continue // no counter
		}
		if before := r.seen[e.DN]; n < before && len(r.report.Backwards) < keptFaults {
			r.report.Backwards = append(r.report.Backwards, fmt.Sprintf("%s: %s was %d and is %d", r.member.Name, e.DN, before, n))
		}
		r.seen[e.DN] = n
	}
	return nil
}

// Dial opens an LDAP connection to the member.
func (m *Member) Dial() (*ldap.Conn, error) {
	dial := (&net.Dialer{}).DialContext
	if m.Host != nil {
		dial = m.Host.Dial
	}
	ctx, cancel := context.WithTimeout(context.Background(), readIn)
	defer cancel()
	conn, err := dial(ctx, "tcp", m.Address())
	if err != nil {
		return nil, ldap.NewError(ldap.ErrorNetwork, err)
	}
	c := ldap.NewConn(conn, false)
	c.Start()
	c.SetTimeout(readIn)
	return c, nil
}

// Bind opens a connection as the administrator.
func (m *Member) Bind() (*ldap.Conn, error) {
	c, err := m.Dial()
	if err != nil {
		return nil, err
	}
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
