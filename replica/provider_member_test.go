package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

func wantCode(t *testing.T, err error, code schema.ResultCode) {
	t.Helper()
	var r *schema.Result
	if !errors.As(err, &r) || r.Code != code || r.Diagnostic == "" {
		t.Fatalf("got %v, want code %d", err, code)
	}
}

func TestMembersFollowWhateverChanges(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			w := newMemSource(t)
			g := &gardener{Rand: rand.New(rand.NewPCG(seed, 9))}
			p := w.provider(ProviderOptions{MaxChanges: 40})
			m := newMember(t, rand.New(rand.NewPCG(seed, 10)))
			m.begin(w, p, MemberHello{Fresh: true})
			defer m.stop()
			if m.meeting.Outcome != Refresh {
				t.Fatalf("the first meeting of a fresh member: %v", m.meeting.Outcome)
			}
			for range 50 {
				m.level(w)
				switch g.IntN(8) {
				case 0: // away
					m.stop()
					for range g.IntN(8) {
						g.commit(w, 12)
					}
					if g.IntN(3) == 0 {
						w.trim(w.now.at.Seq - uint64(g.IntN(5)))
					}
					m.begin(w, p, MemberHello{})
				case 1: // another epoch: the session ends, the next one goes on
					w.promote()
					synctest.Wait()
					wantCode(t, m.ended(), schema.Busy)
					m.begin(w, p, MemberHello{})
				default:
					g.commit(w, 12)
					synctest.Wait()
				}
			}
			m.level(w)
		})
	}
}

// All that was committed while a member was sent something is one batch.
func TestAMemberThatIsSlowGetsFewBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		p := w.provider(ProviderOptions{})
		m := newMember(t, nil)
		m.begin(w, p, MemberHello{Fresh: true})
		defer m.stop()
		m.ends, m.gate = 0, make(chan struct{})
		for i := range 30 {
			w.commit(func(c *commit) { c.add(fmt.Sprintf("cn=%d,%s", i, memSuffix)) })
			synctest.Wait() // with the first one it waits for the socket
		}
		close(m.gate)
		synctest.Wait()
		m.level(w)
		if m.ends != 2 {
			t.Errorf("%d batches", m.ends)
		}
	})
}

func TestRecordsOfALargeBatchComeInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		p := w.provider(ProviderOptions{})
		m := newMember(t, nil)
		m.begin(w, p, MemberHello{Fresh: true})
		m.stop()
		w.commit(func(c *commit) {
			for i := range 50 {
				c.add(fmt.Sprintf("cn=%d,%s", i, memSuffix))
				c.log[len(c.log)-1].LDIF = bytes.Repeat([]byte("x"), 20_000)
			}
		})
		m.begin(w, p, MemberHello{})
		defer m.stop()
		m.level(w)
		if m.meeting.Outcome != Stream || m.largest < recordsSize/2 || m.largest > 2*recordsSize {
			t.Errorf("%v, and the largest message has %d bytes", m.meeting.Outcome, m.largest)
		}
	})
}

func TestTooMuchForABatchIsARefresh(t *testing.T) {
	for name, o := range map[string]ProviderOptions{"changes": {MaxChanges: 20}, "bytes": {MaxBytes: 300_000}} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemSource(t)
			p := w.provider(o)
			grow := func() {
				w.commit(func(c *commit) {
					for i := range 21 {
						c.add(fmt.Sprintf("cn=%d,%s", c.at.Seq*100+uint64(i), memSuffix))
						c.log[len(c.log)-1].LDIF = bytes.Repeat([]byte("x"), 20_000)
					}
				})
			}
			m := newMember(t, nil)
			m.begin(w, p, MemberHello{Fresh: true})
			defer m.stop()
			grow()
			synctest.Wait()
			wantCode(t, m.ended(), schema.Busy)
			m.begin(w, p, MemberHello{})
			if m.meeting.Outcome != Refresh {
				t.Errorf("%s: %v", name, m.meeting.Outcome)
			}
			m.level(w)
		})
	}
}

func TestHeartbeatsOfAnIdleProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		p := w.provider(ProviderOptions{})
		m := newMember(t, nil)
		m.begin(w, p, MemberHello{Fresh: true})
		defer m.stop()
		began := time.Now()
		time.Sleep(10*HeartbeatInterval + HeartbeatInterval/2)
		synctest.Wait()
		if len(m.beats) != 10 {
			t.Fatalf("%d heartbeats in ten seconds", len(m.beats))
		}
		if h := m.beats[9]; h.Position != w.now.at || !h.Time.Equal(began.Add(10*HeartbeatInterval)) {
			t.Errorf("%+v", h)
		}
	})
}

func TestAProviderThatIsReplacedUnderWayEndsTheSession(t *testing.T) {
	for name, change := range map[string]func(w *memSource){
		"by the state of an earlier time":      func(w *memSource) { w.replace(&memState{w: w, at: at('a', 0), epochs: w.now.epochs, oldest: 1}) },
		"by another state of the same number":  func(w *memSource) { w.commit(func(c *commit) { c.at.Hash[0]++ }) },
		"by a later state that grew elsewhere": func(w *memSource) { w.commit(func(c *commit) { c.add("cn=x," + memSuffix); c.log[0].Hash[0]++ }) },
		"by one without the changes between":   func(w *memSource) { w.commit(func(c *commit) { c.add("cn=x," + memSuffix); c.oldest = 3 }) },
		"by one of another epoch":              func(w *memSource) { w.promote() },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemSource(t)
			p := w.provider(ProviderOptions{})
			m := newMember(t, nil)
			m.begin(w, p, MemberHello{Fresh: true})
			defer m.stop()
			change(w)
			synctest.Wait()
			if err := m.ended(); err == nil || m.ends != 1 {
				t.Fatalf("%s: %v after %d ends", name, err, m.ends)
			} else {
				wantCode(t, err, schema.Busy)
			}
		})
	}
}

func TestAMemberThatIsRefused(t *testing.T) {
	w := newMemSource(t)
	var asked []string
	admit := Outcome(0)
	p := w.provider(ProviderOptions{Admit: func(m MemberHello, peer string) Outcome {
		asked = append(asked, m.Host+" "+peer)
		return admit
	}})
	old := schema.Position{Epoch: position('d', 0, 0).Epoch, Seq: 9}
	for _, c := range []struct {
		admit, want Outcome
		code        schema.ResultCode
	}{
		{NotListed, NotListed, schema.UnwillingToPerform},
		{NotProvider, NotProvider, schema.UnwillingToPerform},
		{0, WaitingForRestore, schema.Busy},
	} {
		m := newMember(t, nil)
		m.at, admit = old, c.admit
		_, err := p.Sync(context.Background(), m.request(w, MemberHello{Host: "sec"}), m)
		wantCode(t, err, c.code)
		if m.meeting == nil || m.meeting.Outcome != c.want || m.meeting.Reason == "" || m.ends != 0 {
			t.Errorf("%v: %+v", c.want, m.meeting)
		}
	}
	if len(asked) != 3 || asked[0] != "sec 192.0.2.7:4711" {
		t.Errorf("asked about %q", asked)
	}
}

func TestAMemberThatAsksForSomethingElse(t *testing.T) {
	w := newMemSource(t)
	p := w.provider(ProviderOptions{})
	for name, c := range map[string]struct {
		change func(q *schema.SyncRequest)
		code   schema.ResultCode
	}{
		"a subtree":     {func(q *schema.SyncRequest) { q.Search.Base = w.key("cn=x," + memSuffix) }, schema.ProtocolError},
		"one level":     {func(q *schema.SyncRequest) { q.Search.Scope = schema.ScopeOne }, schema.ProtocolError},
		"a filter":      {func(q *schema.SyncRequest) { q.Search = w.search(memSuffix, schema.ScopeSub, "cn=x") }, schema.ProtocolError},
		"a poll":        {func(q *schema.SyncRequest) { q.Mode = schema.SyncRefreshOnly }, schema.ProtocolError},
		"no JSON":       {func(q *schema.SyncRequest) { q.Member = []byte("{") }, schema.ProtocolError},
		"empty":         {func(q *schema.SyncRequest) { q.Member = []byte{} }, schema.ProtocolError},
		"a later time":  {func(q *schema.SyncRequest) { q.Member = []byte(`{"version":2}`) }, schema.UnwillingToPerform},
		"before time":   {func(q *schema.SyncRequest) { q.Member = []byte(`{"version":0}`) }, schema.ProtocolError},
		"a broken past": {func(q *schema.SyncRequest) { q.Member = []byte(`{"version":1,"epochs":[{"id":"x"}]}`) }, schema.ProtocolError},
	} {
		m := newMember(t, nil)
		q := m.request(w, MemberHello{})
		c.change(q)
		if _, err := p.Sync(context.Background(), q, m); m.meeting != nil {
			t.Errorf("%s: %+v", name, m.meeting)
		} else {
			wantCode(t, err, c.code)
		}
	}
}

// What a member began and never wrote to does not keep it from following.
func TestAPromotionThatWasTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		p := w.provider(ProviderOptions{})
		m := newMember(t, nil)
		m.begin(w, p, MemberHello{Fresh: true})
		m.stop()
		m.epochs = append(m.epochs, schema.Epoch{ID: position('b', 0, 0).Epoch, Kind: schema.EpochPromoted, From: m.at.String()})
		m.at.Epoch = position('b', 0, 0).Epoch
		m.begin(w, p, MemberHello{})
		defer m.stop()
		if m.meeting.Outcome != Stream {
			t.Errorf("%v", m.meeting.Outcome)
		}
		m.level(w)
		w.commit(func(c *commit) { c.add("cn=x," + memSuffix) })
		synctest.Wait()
		m.level(w)
	})
}

func TestAMemberWhoseConnectionBreaks(t *testing.T) {
	w := newMemSource(t)
	p := w.provider(ProviderOptions{})
	broken := errors.New("broken")
	m := &breaking{newMember(t, nil), broken}
	if _, err := p.Sync(context.Background(), m.request(w, MemberHello{Fresh: true}), m); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	w.fails = broken
	if _, err := p.Sync(context.Background(), m.request(w, MemberHello{Fresh: true}), m); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// breaking is a member whose client is gone.
type breaking struct {
	*memberCopy
	err error
}

func (b *breaking) Flush() error { return b.err }
