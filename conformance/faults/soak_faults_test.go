// soak_faults_test.go: the faults of a soak, and the searches beside its changes.

package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	stopped = syscall.SIGSTOP
	goesOn  = syscall.SIGCONT

	askers   = 4 // on each server
	askEvery = 5 * time.Millisecond
)

// choose takes a fault, a quarter of the time none: what a fault leaves behind
// shows when nothing else happens.
func (s *soak) choose() (name string, fault func(testing.TB)) {
	if s.random.IntN(4) == 0 {
		return "none", func(testing.TB) {}
	}
	all := []struct {
		name  string
		fault func(testing.TB)
	}{
		{"the primary is killed", s.killPrimary},
		{"the secondary is killed", s.killSecondary},
		{"both are killed", s.killBoth},
		{"the primary stands still", func(t testing.TB) { s.freeze(t, s.primary, s.some(s.every/8)) }},
		{"the secondary stands still", func(t testing.TB) { s.freeze(t, s.secondaries[0], s.some(s.every/3)) }},
		{"the network breaks", s.breakNetwork},
		{"the log is trimmed", s.trim},
		{"the secondary is promoted", s.promote},
	}
	f := all[s.random.IntN(len(all))]
	return f.name, f.fault
}

// some time between a twentieth of it and all of it.
func (s *soak) some(most time.Duration) time.Duration {
	return most/20 + time.Duration(s.random.Int64N(int64(most*19/20)))
}

func (s *soak) killPrimary(t testing.TB) {
	s.primary.Kill(t)
	s.rest()
	s.primary.Restart(t)
	s.again(t)
}

func (s *soak) killSecondary(t testing.TB) {
	m := s.secondaries[0]
	s.restart(t, m)
	s.reached(t, m)
}

func (s *soak) killBoth(t testing.TB) {
	s.primary.Signal(t, syscall.SIGKILL)
	s.secondaries[0].Kill(t)
	s.primary.Kill(t)
	s.rest()
	s.secondaries[0].Restart(t)
	s.primary.Restart(t)
	s.again(t)
}

// breakNetwork breaks it in one of the ways of TestNetworkBreaksUnderLoad.
func (s *soak) breakNetwork(t testing.TB) {
	a, b := s.primary.Host, s.secondaries[0].Host
	ways := []func(){
		func() { a.Part(t, b) },
		func() { a.Deaf(t, b) },
		func() { b.Deaf(t, a) },
		func() { a.Reset(t, b) },
		func() { a.Lose(t, b, 20) },
		func() { b.Slow(t, "256kbit") },
	}
	ways[s.random.IntN(len(ways))]()
	s.wait(s.some(s.every / 3))
	a.Heal(t)
	b.Heal(t)
}

// trim keeps the secondary away until the log does not go back to it.
func (s *soak) trim(t testing.TB) {
	m := s.secondaries[0]
	m.Kill(t)
	if n := s.load.acks.Load() + 2*soakLog; !s.load.awaitAcks(n, answersIn) {
		t.Fatalf("%d changes acknowledged, %d are needed\n%s", s.load.acks.Load(), n, s.State())
	}
	m.Restart(t)
	s.Await(t, m.Name+" gets the whole data", func() (bool, error) {
		status, err := m.Status()
		return err == nil && status.Upstream.Refreshes > 0, err
	})
}

// promote loses the primary under load, has the secondary take its place, and
// makes the old one its secondary. What that alone had is made again, so that
// every acknowledged change is there.
func (s *soak) promote(t testing.TB) {
	a, b := s.primary, s.secondaries[0]
	a.Kill(t)
	s.rest()
	b.Must(t, "utreplica", "-u")
	b.Must(t, "utreplica", "-p", a.Address())
	describe(t, b, fmt.Sprintf("promoted at %d changes", s.acks))
	lost := s.comeBack(t, a, b)
	s.primary, s.secondaries = b, []*group.Member{a}
	apply(t, b, lost)
	files, err := filepath.Glob(filepath.Join(a.StoreFolder(), "lost-*.ldif"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
	s.again(t)
}

// asking are clients that search, each on a connection of its own for some
// requests, as the programs of a site do.
type asking struct {
	stop chan struct{}
	wait sync.WaitGroup
	done atomic.Int64 // answers
}

// askAround lets them ask all members.
func (s *soak) askAround(t testing.TB) *asking {
	k := &asking{stop: make(chan struct{})}
	for _, m := range s.Members() {
		for range askers {
			random := rand.New(rand.NewPCG(s.random.Uint64(), 3))
			k.wait.Go(func() { k.run(t, m, random) })
		}
	}
	return k
}

// finish ends them and tells how many answers they had.
func (k *asking) finish() int64 {
	close(k.stop)
	k.wait.Wait()
	return k.done.Load()
}

// run asks until it is told to stop. That nobody answers is no fault of the
// server, but an answer other than success is, when it is not the end of a
// connection before the data is replaced.
func (k *asking) run(t testing.TB, m *group.Member, random *rand.Rand) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		if c, err := m.Dial(); err == nil {
			err = k.talk(c, random)
			c.Close()
			var result *ldap.Error
			if errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork &&
				result.ResultCode != ldap.LDAPResultBusy && result.ResultCode != ldap.LDAPResultUnavailable {
				t.Errorf("%s: %v", m.Name, err)
				return
			}
		}
		select {
		case <-k.stop:
			return
		case <-tick.C:
		}
	}
}

// talk is one conversation: a bind, some searches of every kind, the end.
func (k *asking) talk(c *ldap.Conn, random *rand.Rand) error {
	if err := c.UnauthenticatedBind(""); err != nil {
		return err
	}
	for range 1 + random.IntN(20) {
		filter := fmt.Sprintf("(utport=%d)", random.IntN(5000))
		switch random.IntN(4) {
		case 0:
			filter = fmt.Sprintf("(description=*client %d slot*)", 1+random.IntN(clients))
		case 1:
			filter = fmt.Sprintf("(&(objectClass=utToken)(utname=c%d-s%d*))", 1+random.IntN(clients), random.IntN(slots))
		}
		q := ldap.NewSearchRequest(harness.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, nil, nil)
		var err error
		if random.IntN(4) == 0 {
			_, err = c.SearchWithPaging(q, 7)
		} else {
			_, err = c.Search(q)
		}
		if err != nil {
			return err
		}
		k.done.Add(1)
		select {
		case <-k.stop:
			return nil
		default:
		}
	}
	return nil
}
