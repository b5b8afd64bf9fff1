package replica

// A store in memory for the tests of the consumer: Applier and State. It
// verifies what a store of our own would verify.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// modelState is one state: entries as text, under their UUID.
type modelState struct {
	position schema.Position
	epochs   []schema.Epoch
	entries  map[schema.UUID]modelEntry
	records  []schema.ChangeRecord // the last ones
	cookie   string
}

type modelEntry struct{ dn, text string }

func modelID(n byte) (id schema.UUID) {
	for i := range id {
		id[i] = n
	}
	return id
}

// modelView is an entry of the n-th UUID.
func modelView(n byte, dn string, attrs ...string) schema.View {
	v := schema.View{UUID: modelID(n), DN: []byte(dn)}
	for _, a := range attrs {
		name, value, _ := strings.Cut(a, ": ")
		v.User = schema.AppendAttribute(v.User, name, []byte(value))
	}
	v.Operational = schema.AppendAttribute(v.Operational, "entryUUID", []byte(uuidText(v.UUID)))
	return v
}

func entryOf(v *schema.View) modelEntry {
	var b strings.Builder
	for _, list := range [...][]byte{v.User, v.Operational} {
		for a, rest, ok := schema.NextAttribute(list); ok; a, rest, ok = schema.NextAttribute(rest) {
			for value, more, ok := schema.NextValue(a.Values); ok; value, more, ok = schema.NextValue(more) {
				fmt.Fprintf(&b, "%s: %s\n", a.Desc, value)
			}
		}
	}
	return modelEntry{string(v.DN), b.String()}
}

func (s *modelState) hash() (h schema.StateHash) {
	for id, e := range s.entries {
		sum := sha256.Sum256([]byte(string(id[:]) + e.dn + "\n" + e.text))
		for i := range h {
			h[i] += sum[i]
		}
	}
	return h
}

func (s *modelState) clone() *modelState {
	c := *s
	c.entries, c.records, c.epochs = maps.Clone(s.entries), slices.Clone(s.records), slices.Clone(s.epochs)
	return &c
}

// modelStore is a store that changes.
type modelStore struct {
	mu      sync.Mutex
	state   *modelState
	fresh   bool
	batches []schema.Batch
	loads   []RefreshOptions
	texts   []string
	fail    error         // of the next ApplyBatch or Refresh
	gate    chan struct{} // if not nil, ApplyBatch waits for it
	news    chan struct{} // poked after each change
}

// newModelStore is at change n of epoch e, with the suffix entry alone.
func newModelStore(e byte, n uint64) *modelStore {
	s := &modelState{entries: map[schema.UUID]modelEntry{}}
	v := modelView(1, "o=utdata", "o: utdata")
	s.entries[v.UUID] = entryOf(&v)
	s.epochs = []schema.Epoch{{ID: position(e, 0, 0).Epoch, Kind: schema.EpochInitial}}
	s.position = schema.Position{Epoch: s.epochs[0].ID, Seq: n, Hash: s.hash()}
	return &modelStore{state: s, news: make(chan struct{}, 1)}
}

// change makes a state one change later in which v is as given; a nil DN
// deletes.
func (s *modelState) change(kind schema.ChangeKind, v schema.View) *modelState {
	n := s.clone()
	if v.DN == nil {
		delete(n.entries, v.UUID)
	} else {
		n.entries[v.UUID] = entryOf(&v)
	}
	n.position.Seq++
	n.position.Hash = n.hash()
	n.records = append(n.records, schema.ChangeRecord{Seq: n.position.Seq, Kind: kind, UUID: v.UUID, CSN: csn, DN: string(v.DN), Time: time.Unix(1795372800, 0).UTC(),
		Hash: n.position.Hash, LDIF: []byte("description: change\n")})
	return n
}

func (m *modelStore) now() *modelState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *modelStore) Position() schema.Position { return m.now().position }
func (m *modelStore) Fresh() bool               { return m.fresh }
func (m *modelStore) SyncCookie() string        { return m.now().cookie }
func (m *modelStore) Hold() (State, error)      { return held{m.now()}, nil }

func (m *modelStore) ApplyBatch(ctx context.Context, b *schema.Batch) error {
	if m.gate != nil {
		select {
		case <-m.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail; err != nil {
		m.fail = nil
		return err
	}
	n := m.state.clone()
	if b.From.Epoch != "" && b.From != n.position {
		return ErrPosition
	}
	for _, id := range b.Deleted {
		if _, ok := n.entries[id]; !ok {
			return ErrStructure
		}
		delete(n.entries, id)
	}
	for i := range b.Entries {
		n.entries[b.Entries[i].UUID] = entryOf(&b.Entries[i])
	}
	n.position.Hash = n.hash()
	if b.To.Epoch != "" {
		if n.position.Hash != b.To.Hash {
			return fmt.Errorf("model: %w", ErrHash)
		}
		n.position = b.To
	} else {
		n.position.Seq++
	}
	if b.Epochs != nil {
		n.epochs = slices.Clone(b.Epochs)
	}
	n.records, n.cookie = append(n.records, b.Records...), b.Cookie
	m.batches = append(m.batches, *b)
	m.state = n
	poke(m.news)
	return nil
}

func (m *modelStore) Refresh(_ context.Context, src io.Reader, o RefreshOptions) error {
	text, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail; err != nil {
		m.fail = nil
		return err
	}
	if o.From.Epoch != "" && o.From != m.state.position {
		return ErrPosition
	}
	n := &modelState{position: o.Position, epochs: o.Epochs, entries: map[schema.UUID]modelEntry{}}
	for r := ldif.NewReader(bytes.NewReader(text)); ; {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := n.load(rec); err != nil {
			return err
		}
	}
	if o.ForeignProvider {
		n.position = schema.Position{Epoch: position('f', 0, 0).Epoch, Hash: n.hash()}
	} else if n.hash() != o.Position.Hash {
		return fmt.Errorf("model: %w", ErrHash)
	}
	m.loads, m.texts, m.state = append(m.loads, o), append(m.texts, string(text)), n
	poke(m.news)
	return nil
}

func (s *modelState) load(rec *ldif.Record) error {
	e := modelEntry{dn: rec.DN}
	var id schema.UUID
	for _, a := range rec.Attributes {
		for _, v := range a.Values {
			e.text += a.Attr + ": " + string(v) + "\n"
		}
		if a.Attr == "entryUUID" {
			b, err := hex.DecodeString(strings.ReplaceAll(string(a.Values[0]), "-", ""))
			if err != nil {
				return err
			}
			copy(id[:], b)
		}
	}
	s.entries[id] = e
	return nil
}

// held is a State of the model.
type held struct{ s *modelState }

func (h held) Position() schema.Position { return h.s.position }
func (h held) Epochs() []schema.Epoch    { return h.s.epochs }
func (h held) ContextCSN() string        { return csn }
func (h held) Entries() uint64           { return uint64(len(h.s.entries)) }
func (h held) Release()                  {}
func (h held) SeqOfCSN(string) (uint64, bool) {
	return 0, false
}

func (h held) Oldest() uint64 {
	if len(h.s.records) == 0 {
		return h.s.position.Seq + 1
	}
	return h.s.records[0].Seq
}

func (h held) Changes(from uint64, f func(schema.ChangeRecord) bool) error {
	for _, r := range h.s.records {
		if r.Seq >= from && !f(r) {
			break
		}
	}
	return nil
}

func (h held) HashAt(seq uint64) (schema.StateHash, bool) {
	for _, r := range h.s.records {
		if r.Seq == seq {
			return r.Hash, true
		}
	}
	return schema.StateHash{}, false
}

func (h held) ByUUID(id schema.UUID, f func(v *schema.View) error) (bool, error) {
	e, ok := h.s.entries[id]
	if !ok {
		return false, nil
	}
	return true, f(&schema.View{UUID: id, DN: []byte(e.dn)})
}

func (h held) Search(q *schema.Search, r schema.Receiver) error {
	for id, e := range h.s.entries {
		r.Entry(&schema.View{UUID: id, DN: []byte(e.dn)})
	}
	q.Resume.Done = true
	return nil
}
