package replica

// A store in memory for the tests of the provider: every state that it ever had
// can be held.

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

const memSuffix = "o=world"

// memSource is the store.
type memSource struct {
	t      testing.TB
	schema *schema.Schema

	mu      sync.Mutex
	now     *memState
	wakes   map[chan<- struct{}]bool
	held    int
	last    byte   // of the UUIDs given
	damaged uint64 // record of the log that cannot be read
	fails   error
}

// memState is a state; it never changes.
type memState struct {
	w       *memSource
	at      schema.Position
	epochs  []schema.Epoch
	oldest  uint64
	csn     string
	entries map[schema.UUID]*memEntry
	keys    map[string]schema.UUID
	log     []schema.ChangeRecord // all of them; those before oldest are not shown
}

type memEntry struct {
	id    schema.UUID
	dn    string
	key   []byte
	attrs []string // "name: value"
	csn   string
}

func newMemSource(t testing.TB) *memSource {
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	w := &memSource{t: t, schema: s, wakes: map[chan<- struct{}]bool{}}
	epoch := schema.Epoch{ID: position('a', 0, 0).Epoch, Kind: schema.EpochInitial}
	w.now = &memState{w: w, at: schema.Position{Epoch: epoch.ID}, epochs: []schema.Epoch{epoch}, oldest: 1,
		entries: map[schema.UUID]*memEntry{}, keys: map[string]schema.UUID{}}
	w.commit(func(c *commit) { c.add(memSuffix, "o: world") })
	t.Cleanup(func() {
		if w.held != 0 || len(w.wakes) != 0 {
			t.Errorf("%d states are still held, %d subscriptions left", w.held, len(w.wakes))
		}
	})
	return w
}

func (w *memSource) key(dn string) []byte {
	key, err := w.schema.AppendDNKey(nil, []byte(dn))
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// provider serves the world.
func (w *memSource) provider(o ProviderOptions) *Provider {
	o.Source, o.Schema, o.Suffix = w, w.schema, memSuffix
	p, err := NewProvider(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// Hold implements Source.
func (w *memSource) Hold() (State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fails != nil {
		return nil, w.fails
	}
	w.held++
	return w.now, nil
}

// holds is how many states are held.
func (w *memSource) holds() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held
}

// Subscribe implements Source.
func (w *memSource) Subscribe(wake chan<- struct{}) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes[wake] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.wakes, wake)
	}
}

// replace makes a state the one of now.
func (w *memSource) replace(st *memState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = st
	for wake := range w.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// edit makes a copy of the state that can be changed.
func (st *memState) edit() *memState {
	c := *st
	c.entries, c.keys = maps.Clone(st.entries), maps.Clone(st.keys)
	c.log, c.epochs = slices.Clip(st.log), slices.Clip(st.epochs)
	return &c
}

// commit makes changes that become visible at once.
func (w *memSource) commit(change func(c *commit)) {
	c := &commit{w.now.edit()}
	change(c)
	w.replace(c.memState)
}

// promote begins an epoch.
func (w *memSource) promote() {
	w.commit(func(c *commit) {
		id := fmt.Sprintf("%032x", len(c.epochs))
		c.epochs = append(c.epochs, schema.Epoch{ID: id, Kind: schema.EpochPromoted, From: c.at.String()})
		c.at.Epoch = id
	})
}

// trim shortens the log.
func (w *memSource) trim(oldest uint64) {
	w.commit(func(c *commit) { c.oldest = min(oldest, c.at.Seq+1) })
}

// commit is a state on its way.
type commit struct{ *memState }

// record ends a change.
func (c *commit) record(rec schema.ChangeRecord) {
	c.at.Seq++
	c.csn = fmt.Sprintf("20261122184228.%06dZ#000000#000#000000", c.at.Seq)
	if e := c.entries[rec.UUID]; e != nil {
		changed := *e
		changed.csn = c.csn
		c.entries[rec.UUID] = &changed
	}
	c.at.Hash = c.hash()
	rec.Seq, rec.CSN, rec.Hash, rec.Time = c.at.Seq, c.csn, c.at.Hash, time.UnixMicro(int64(c.at.Seq)).UTC()
	rec.LDIF = []byte("change\n")
	c.log = append(c.log, rec)
}

func (c *commit) hash() (sum schema.StateHash) {
	for _, e := range c.entries {
		h := sha256.Sum256([]byte(e.text()))
		for i := range sum {
			sum[i] += h[i]
		}
	}
	return sum
}

func (e *memEntry) text() string {
	return e.dn + "\n" + strings.Join(e.attrs, "\n") + "\n" + e.csn
}

func (c *commit) find(dn string) *memEntry {
	id, ok := c.keys[string(c.w.key(dn))]
	if !ok {
		c.w.t.Fatalf("no entry %s", dn)
	}
	return c.entries[id]
}

func (c *commit) exists(dn string) bool {
	_, ok := c.keys[string(c.w.key(dn))]
	return ok
}

func (c *commit) add(dn string, attrs ...string) schema.UUID {
	if c.exists(dn) {
		c.w.t.Fatalf("entry %s is there", dn)
	}
	c.w.last++
	id := schema.UUID{c.w.last, byte(c.at.Seq), byte(c.at.Seq >> 8)}
	e := &memEntry{id: id, dn: dn, key: c.w.key(dn), attrs: append([]string{"objectClass: top"}, attrs...)}
	c.entries[e.id], c.keys[string(e.key)] = e, e.id
	c.record(schema.ChangeRecord{Kind: schema.ChangeAdd, UUID: e.id, DN: dn})
	return id
}

func (c *commit) modify(dn string, attrs ...string) {
	e := *c.find(dn)
	e.attrs = append([]string{"objectClass: top"}, attrs...)
	c.entries[e.id] = &e
	c.record(schema.ChangeRecord{Kind: schema.ChangeModify, UUID: e.id, DN: e.dn})
}

func (c *commit) delete(dn string) {
	e := c.find(dn)
	if c.inner(e.key) {
		c.w.t.Fatalf("entry %s has entries below it", dn)
	}
	delete(c.entries, e.id)
	delete(c.keys, string(e.key))
	c.record(schema.ChangeRecord{Kind: schema.ChangeDelete, UUID: e.id, DN: e.dn})
}

func (c *commit) inner(key []byte) bool {
	for other := range c.keys {
		if schema.KeyUnder([]byte(other), key) {
			return true
		}
	}
	return false
}

// rename moves an entry and all that is below it.
func (c *commit) rename(dn, to string) {
	top := c.find(dn)
	if c.exists(to) || schema.KeyUnder(c.w.key(to), top.key) {
		c.w.t.Fatalf("%s cannot become %s", dn, to)
	}
	was := top.key
	for _, id := range slices.Collect(maps.Values(c.keys)) {
		e := *c.entries[id]
		if !bytes.Equal(e.key, was) && !schema.KeyUnder(e.key, was) {
			continue
		}
		delete(c.keys, string(e.key))
		e.dn = strings.TrimSuffix(e.dn, dn) + to
		e.key = c.w.key(e.dn)
		c.entries[id] = &e
		defer func() { c.keys[string(e.key)] = id }() // when all old names are out
	}
	defer c.record(schema.ChangeRecord{Kind: schema.ChangeModifyDN, UUID: top.id, DN: dn, NewDN: to})
}

func (st *memState) Position() schema.Position { return st.at }
func (st *memState) Epochs() []schema.Epoch    { return slices.Clone(st.epochs) }
func (st *memState) ContextCSN() string        { return st.csn }
func (st *memState) Oldest() uint64            { return st.oldest }
func (st *memState) Entries() uint64           { return uint64(len(st.entries)) }

func (st *memState) Release() {
	st.w.mu.Lock()
	defer st.w.mu.Unlock()
	st.w.held--
}

func (st *memState) Changes(from uint64, f func(schema.ChangeRecord) bool) error {
	if from < st.oldest {
		return errors.New("trimmed")
	}
	for _, rec := range st.log[min(from-1, uint64(len(st.log))):] {
		if rec.Seq == st.w.damaged {
			return errors.New("damaged")
		}
		if !f(rec) {
			break
		}
	}
	return nil
}

func (st *memState) HashAt(seq uint64) (schema.StateHash, bool) {
	switch {
	case seq == st.at.Seq:
		return st.at.Hash, true
	case seq < st.oldest || seq > st.at.Seq:
		return schema.StateHash{}, false
	}
	return st.log[seq-1].Hash, true
}

func (st *memState) SeqOfCSN(csn string) (uint64, bool) {
	if csn == st.csn {
		return st.at.Seq, true
	}
	for _, rec := range st.log[st.oldest-1:] {
		if rec.CSN == csn {
			return rec.Seq, true
		}
	}
	return 0, false
}

func (st *memState) view(e *memEntry) *schema.View {
	v := &schema.View{UUID: e.id, DN: []byte(e.dn), Key: bytes.Clone(e.key)}
	for _, a := range e.attrs {
		name, value, _ := strings.Cut(a, ": ")
		v.User = schema.AppendAttribute(v.User, name, []byte(value))
	}
	v.Operational = schema.AppendAttribute(v.Operational, "entryCSN", []byte(e.csn))
	return v
}

func (st *memState) ByUUID(id schema.UUID, f func(*schema.View) error) (bool, error) {
	e := st.entries[id]
	if e == nil {
		return false, nil
	}
	return true, f(st.view(e))
}

// Search goes through all entries in the order of their keys.
func (st *memState) Search(q *schema.Search, r schema.Receiver) error {
	if !q.Resume.Started {
		if _, ok := st.keys[string(q.Base)]; !ok {
			return schema.Refuse(schema.NoSuchObject, "")
		}
		q.Resume.Started = true
	}
	keys := slices.Sorted(maps.Keys(st.keys))
	at := 0
	if q.Resume.Last != nil {
		at = sort.SearchStrings(keys, string(q.Resume.Last)+"\x00")
		for at < len(keys) && keys[at] <= string(q.Resume.Last) {
			at++
		}
	}
	for _, key := range keys[at:] {
		q.Resume.Last = append([]byte{}, key...)
		v := st.view(st.entries[st.keys[key]])
		if !schema.KeyInScope(v.Key, q.Base, q.Scope) || q.Filter.Match(st.w.schema, v) != schema.True {
			continue
		}
		switch r.Entry(v) {
		case schema.Pause:
			return nil
		case schema.Stop:
			q.Resume.Done = true
			return nil
		}
	}
	q.Resume.Done = true
	return nil
}

// search makes a search; filter is "" for everything, or "description=value".
func (w *memSource) search(base string, scope schema.Scope, filter string) *schema.Search {
	f := &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}}
	if name, value, ok := strings.Cut(filter, "="); ok {
		f.Nodes[0] = schema.FilterNode{Kind: schema.FilterEquality, End: 1, Attr: []byte(name), Value: []byte(value)}
	}
	f.Resolve(w.schema, nil)
	return &schema.Search{Base: w.key(base), Scope: scope, Filter: f}
}
