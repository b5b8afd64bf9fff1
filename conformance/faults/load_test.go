// load_test.go: clients that write as fast as they can to entries of their own.

package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// answerIn bounds one request: longer means that the server hangs.
const answerIn = 20 * time.Second

// load is a running workload.
type load struct {
	gone    <-chan struct{} // closed when the server has ended
	acks    atomic.Int64    // acknowledged changes
	refused atomic.Int64    // answered with an error that is allowed
	stop    chan struct{}
	wait    sync.WaitGroup
	started time.Time
}

// seed is the one asked for, or a new one, which is printed.
func seed(t testing.TB) *rand.Rand {
	t.Helper()
	n := rand.Uint64N(1_000_000)
	if s := os.Getenv("FAULTS_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FAULTS_SEED: %v", err)
		}
	}
	t.Logf("seed %d (again with FAULTS_SEED=%d)", n, n)
	return rand.New(rand.NewPCG(n, 7))
}

// times is how often a fault comes: so many times, or that times FAULTS_TIMES in
// a long run before a release.
func times(t testing.TB, n int) int {
	t.Helper()
	s := os.Getenv("FAULTS_TIMES")
	if s == "" {
		return n
	}
	factor, err := strconv.Atoi(s)
	if err != nil || factor < 1 {
		t.Fatalf("FAULTS_TIMES is %q, no number above 0", s)
	}
	return n * factor
}

// startLoad lets all clients write to a server until finish, or until it is gone.
// An answer with a code other than success and those allowed fails the test.
func (b books) startLoad(t testing.TB, m *group.Member, gone <-chan struct{}, random *rand.Rand, allowed ...int) *load {
	t.Helper()
	l := &load{gone: gone, stop: make(chan struct{}), started: time.Now()}
	for _, book := range b {
		w := worker{t: t, load: l, ledger: book, random: rand.New(rand.NewPCG(random.Uint64(), 1)), allowed: allowed}
		l.wait.Go(func() { w.run(m) })
	}
	return l
}

// finish ends the load; the requests that are under way get their answers.
func (l *load) finish() {
	close(l.stop)
	l.wait.Wait()
}

// awaitAcks waits until so many changes were acknowledged. False means that
// the server ended first or that time is over.
func (l *load) awaitAcks(n int64, within time.Duration) bool {
	deadline := time.After(within)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for l.acks.Load() < n {
		select {
		case <-l.gone:
			return false
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
	return true
}

// worker is one client.
type worker struct {
	t       testing.TB
	load    *load
	ledger  *ledger
	random  *rand.Rand
	allowed []int
	conn    *ldap.Conn
}

// run writes until it is told to stop or the connection ends: the server is
// expected to die at any moment.
func (w *worker) run(m *group.Member) {
	var err error
	if w.conn, err = m.Bind(); err != nil {
		return
	}
	defer w.conn.Close()
	w.conn.SetTimeout(answerIn)
	for {
		select {
		case <-w.load.stop:
			return
		default:
		}
		if err := w.change(); err != nil {
			if answers(m) {
				w.t.Errorf("client %d change %d: %v", w.ledger.client, w.ledger.next-1, err)
			}
			return
		}
	}
}

// change sends one request: 20 % add, 50 % modify, 15 % delete, 15 % rename as
// far as there are entries to do it to. An error is one of the connection.
func (w *worker) change() error {
	slot := w.random.IntN(slots)
	old := w.ledger.slots[slot]
	number := w.ledger.next
	percent := w.random.IntN(100)
	after := state{old.dn, number}
	var send func() error
	switch {
	case old == (state{}):
		after.dn = w.name(slot, number)
		send = func() error { return w.conn.Add(w.addRequest(after.dn, slot, number)) }
	case percent < 62:
		send = func() error { return w.conn.Modify(w.modifyRequest(after.dn, slot, number)) }
	case percent < 81:
		after = state{}
		send = func() error { return w.conn.Del(ldap.NewDelRequest(old.dn, nil)) }
	default:
		after = state{w.name(slot, number), old.number}
		rdn, above := rdnOf(after.dn)
		send = func() error { return w.conn.ModifyDN(ldap.NewModifyDNRequest(old.dn, rdn, true, above)) }
	}
	if err := w.ledger.try(slot, after); err != nil {
		w.t.Error(err)
		return err
	}
	return w.answered(send())
}

// answered writes the answer down. Without one the try stays open.
func (w *worker) answered(err error) error {
	code := 0
	if err != nil {
		var result *ldap.Error
		if !errors.As(err, &result) || result.ResultCode >= ldap.ErrorNetwork || result.ResultCode == ldap.LDAPResultTimeout {
			return err
		}
		code = int(result.ResultCode)
	}
	if err := w.ledger.ack(code); err != nil {
		w.t.Error(err)
		return err
	}
	if code == 0 {
		w.load.acks.Add(1)
		return nil
	}
	for _, a := range w.allowed {
		if a == code {
			w.load.refused.Add(1)
			return nil
		}
	}
	w.t.Errorf("client %d change %d: %v", w.ledger.client, w.ledger.next-1, err)
	return nil
}

// name makes the name that an entry gets from a change: below one of two
// entries, so that renames also move.
func (w *worker) name(slot, number int) string {
	above := "tokens"
	if w.random.IntN(2) == 0 {
		above = "users"
	}
	return fmt.Sprintf("utname=c%d-s%d-n%d,utname=%s,%s", w.ledger.client, slot, number, above, parent)
}

// rdnOf splits a name that name made.
func rdnOf(dn string) (rdn, above string) {
	for i := range dn {
		if dn[i] == ',' {
			return dn[:i], dn[i+1:]
		}
	}
	return dn, ""
}

func (w *worker) addRequest(dn string, slot, number int) *ldap.AddRequest {
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{"utToken"})
	r.Attribute("description", []string{content(w.ledger.client, slot, number)})
	r.Attribute("utotherinfo", []string{content(w.ledger.client, slot, number)})
	r.Attribute("utport", []string{fmt.Sprint(number)})
	return r
}

// modifyRequest replaces all values, so that half of it could be seen.
func (w *worker) modifyRequest(dn string, slot, number int) *ldap.ModifyRequest {
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace("description", []string{content(w.ledger.client, slot, number)})
	r.Delete("utport", nil)
	r.Replace("utotherinfo", []string{content(w.ledger.client, slot, number)})
	r.Add("utport", []string{fmt.Sprint(number)})
	return r
}
