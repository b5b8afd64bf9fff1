package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// memberCopy is a member: it makes of each batch what a store would.
type memberCopy struct {
	t       testing.TB
	random  *rand.Rand
	entries map[schema.UUID]copiedEntry
	at      schema.Position
	epochs  []schema.Epoch

	meeting *Meeting
	refresh bool // the entries are those of a refresh
	batch   map[schema.UUID]copiedEntry
	deleted []schema.UUID
	records []schema.ChangeRecord
	beats   []Heartbeat
	ends    int
	largest int // message
	paused  bool
	gate    chan struct{} // Flush waits until it is closed; nil: it does not

	cancel context.CancelFunc
	end    chan error
}

type copiedEntry struct{ dn, rest string }

func newMember(t testing.TB, random *rand.Rand) *memberCopy {
	return &memberCopy{t: t, random: random, entries: map[schema.UUID]copiedEntry{}}
}

func copiedEntryOf(v *schema.View) copiedEntry {
	return copiedEntry{string(v.DN), strings.TrimPrefix(viewText(v), string(v.DN))}
}

func (m *memberCopy) Entry(v *schema.View, state schema.SyncState, cookie string) (schema.Next, bool) {
	if m.paused || m.meeting == nil || cookie != "" || (state != schema.SyncAdd && state != schema.SyncModify) {
		m.t.Errorf("%s: state %d, cookie %q, paused %v", v.DN, state, cookie, m.paused)
	}
	if _, twice := m.batch[v.UUID]; twice {
		m.t.Errorf("%s twice", v.DN)
	}
	m.batch[v.UUID] = copiedEntryOf(v)
	if m.paused = m.random != nil && m.random.IntN(3) == 0; m.paused {
		return schema.Pause, true
	}
	return schema.Continue, true
}

func (m *memberCopy) Gone(string, schema.UUID, string) { m.t.Error("a deleted entry as an entry") }

func (m *memberCopy) Change(*schema.View, *schema.ChangeRecord) (schema.Next, bool) {
	m.t.Error("a notification of a persistent search")
	return schema.Continue, false
}

func (m *memberCopy) Flush() error {
	m.paused = false
	if m.gate != nil {
		<-m.gate
	}
	return nil
}

func (m *memberCopy) Intermediate(oid string, value []byte) {
	if m.paused {
		m.t.Errorf("%s although a flush was asked for", oid)
	}
	if (oid == OIDOutcome) != (m.meeting == nil) {
		m.t.Errorf("the outcome is not the first message: %s", oid)
	}
	m.largest = max(m.largest, len(value))
	switch oid {
	case OIDOutcome:
		meeting, err := DecodeMeeting(value)
		if err != nil {
			m.t.Error(err)
		}
		m.meeting, m.refresh = &meeting, meeting.Outcome == Refresh || meeting.Outcome == Diverged
	case wire.OIDSyncInfo:
		var info wire.SyncInfoValue
		if err := info.Decode(value); err != nil || info.Choice != wire.SyncInfoIDSet || !info.RefreshDeletes || len(info.UUIDs) > idSetSize {
			m.t.Errorf("%+v, %v", info, err)
		}
		m.deleted = append(m.deleted, info.UUIDs...)
	case OIDRecords:
		records, err := DecodeRecords(value)
		if err != nil || len(records) == 0 {
			m.t.Errorf("%d records: %v", len(records), err)
		}
		m.records = append(m.records, records...)
	case OIDEnd:
		at, err := schema.ParsePosition(string(value))
		if err != nil {
			m.t.Error(err)
		}
		m.finish(at)
	case OIDHeartbeat:
		h, err := DecodeHeartbeat(value)
		if err != nil {
			m.t.Error(err)
		}
		m.beats = append(m.beats, h)
	default:
		m.t.Errorf("message %s", oid)
	}
}

// finish is the end of a batch or a refresh.
func (m *memberCopy) finish(at schema.Position) {
	m.ends++
	if m.refresh {
		m.entries = maps.Clone(m.batch)
		if len(m.deleted)+len(m.records) > 0 || uint64(len(m.batch)) != m.meeting.Entries || at != m.meeting.Position {
			m.t.Errorf("a refresh of %d entries, of which %d were announced, with %d deletes and %d records", len(m.batch), m.meeting.Entries, len(m.deleted), len(m.records))
		}
	} else {
		m.apply(at)
	}
	m.refresh, m.at, m.epochs = false, at, m.meeting.Epochs
	m.clear()
}

func (m *memberCopy) clear() {
	m.batch, m.deleted, m.records = map[schema.UUID]copiedEntry{}, nil, nil
}

// apply is what schema.Batch says: what is not listed moves with the nearest
// superior that is.
func (m *memberCopy) apply(at schema.Position) {
	if uint64(len(m.records)) != at.Seq-m.at.Seq {
		m.t.Errorf("%d records from %d to %d", len(m.records), m.at.Seq, at.Seq)
	}
	for i, rec := range m.records {
		if rec.Seq != m.at.Seq+1+uint64(i) {
			m.t.Errorf("record %d in the place of %d", rec.Seq, m.at.Seq+1+uint64(i))
		}
	}
	if n := len(m.records); n > 0 && m.records[n-1].Hash != at.Hash {
		m.t.Error("the last record has another hash than the position")
	}
	was := maps.Clone(m.entries)
	byName := map[string]schema.UUID{}
	for id, e := range was {
		byName[e.dn] = id
	}
	for _, id := range m.deleted {
		if _, ok := was[id]; !ok {
			m.t.Errorf("%x is deleted and was not there", id[:2])
		}
		delete(m.entries, id)
	}
	for id, e := range was {
		if _, listed := m.batch[id]; listed || slices.Contains(m.deleted, id) {
			continue
		}
		for under := e.dn; ; {
			_, rest, ok := strings.Cut(under, ",")
			if !ok {
				break
			}
			under = rest
			if now, listed := m.batch[byName[under]]; listed {
				e.dn = strings.TrimSuffix(e.dn, under) + now.dn
				m.entries[id] = e
				break
			}
		}
	}
	maps.Copy(m.entries, m.batch)
}

// request is what the member asks for.
func (m *memberCopy) request(w *memSource, hello MemberHello) *schema.SyncRequest {
	m.meeting, m.paused, m.beats, m.ends = nil, false, nil, 0
	m.clear()
	hello.Version, hello.Position, hello.Epochs = MemberVersion, m.at, m.epochs
	return &schema.SyncRequest{Search: w.search(memSuffix, schema.ScopeSub, ""), Mode: schema.SyncRefreshAndPersist, Member: hello.Encode(), Peer: "192.0.2.7:4711"}
}

// begin starts to follow; in a synctest bubble.
func (m *memberCopy) begin(w *memSource, p *Provider, hello MemberHello) {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.end = cancel, make(chan error, 1)
	q := m.request(w, hello)
	go func() {
		_, err := p.Sync(ctx, q, m)
		m.end <- err
	}()
	synctest.Wait()
}

func (m *memberCopy) stop() {
	if m.cancel != nil {
		m.cancel()
		if err := <-m.end; err == nil {
			m.t.Error("a session ended without a reason")
		}
		m.cancel = nil
	}
}

// ended is why the session ended.
func (m *memberCopy) ended() error {
	m.t.Helper()
	select {
	case err := <-m.end:
		m.cancel()
		m.cancel = nil
		return err
	default:
		m.t.Fatal("the session goes on")
		return nil
	}
}

// level compares the member with the store.
func (m *memberCopy) level(w *memSource) {
	m.t.Helper()
	want := map[schema.UUID]copiedEntry{}
	for id, e := range w.now.entries {
		want[id] = copiedEntryOf(w.now.view(e))
	}
	if m.at != w.now.at || !slices.Equal(m.epochs, w.now.epochs) {
		m.t.Fatalf("the member is at %v %v, the store at %v %v", m.at, m.epochs, w.now.at, w.now.epochs)
	}
	if !maps.Equal(want, m.entries) {
		m.t.Fatalf("at %d the member has\n%v\nand the store\n%v", m.at.Seq, m.entries, want)
	}
}

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
