package replica

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

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
