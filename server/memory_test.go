package server

// A store in memory, with places at which a test can hold it.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

type memory struct {
	schema *schema.Schema
	queue  chan *job
	ended  chan struct{}

	// Hooks, called without a lock. beforeSlice is told the number of the
	// slice, from 1; an error of it is what Search returns.
	beforeSlice atomic.Pointer[func(q *schema.Search, slice int) error]
	beforeApply atomic.Pointer[func(c *schema.Change)] // in the writer, when it has taken c
	onApply     atomic.Pointer[func(c *schema.Change)] // in the caller of Apply

	mu      sync.RWMutex
	entries map[string]*schema.View
	keys    []string // of entries, sorted
}

type job struct {
	change *schema.Change
	done   func(schema.ChangeDone)
	stop   func() bool
	taken  atomic.Bool // by the writer or by its own cancellation
}

// defaultSchema is parsed once: it never changes.
var defaultSchema = sync.OnceValues(schema.Default)

func newMemory(t testing.TB) *memory {
	s, err := defaultSchema()
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{schema: s, entries: map[string]*schema.View{}, queue: make(chan *job, 4096), ended: make(chan struct{})}
	go m.write()
	return m
}

func (m *memory) close() {
	close(m.queue)
	<-m.ended
}

// put stores an entry from lines "attribute: value".
func (m *memory) put(t testing.TB, dn string, lines ...string) {
	t.Helper()
	e, err := m.schema.NewEntry(dn, rawAttributes(lines...), true)
	if err != nil {
		t.Fatalf("entry %q: %v", dn, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(e)
}

func rawAttributes(lines ...string) []schema.RawAttribute {
	var out []schema.RawAttribute
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		if n := len(out) - 1; n >= 0 && out[n].Attr == name {
			out[n].Values = append(out[n].Values, []byte(value))
		} else {
			out = append(out, schema.RawAttribute{Attr: name, Values: [][]byte{[]byte(value)}})
		}
	}
	return out
}

// keep stores e under its name; mu is held.
func (m *memory) keep(e *schema.Entry) {
	key, err := m.schema.AppendDNKey(nil, []byte(e.DN))
	if err != nil {
		panic(err)
	}
	v := m.schema.View(e, key)
	v.Live = m
	if i, found := slices.BinarySearch(m.keys, string(key)); !found {
		m.keys = slices.Insert(m.keys, i, string(key))
	}
	m.entries[string(key)] = v
}

func (m *memory) drop(key string) {
	delete(m.entries, key)
	if i, found := slices.BinarySearch(m.keys, key); found {
		m.keys = slices.Delete(m.keys, i, i+1)
	}
}

// NumSubordinates is asked with mu held: a View is used within a search.
func (m *memory) NumSubordinates(key []byte, _ int) int {
	n := 0
	for k := range m.entries {
		if schema.KeyInScope([]byte(k), key, schema.ScopeOne) {
			n++
		}
	}
	return n
}

func (m *memory) ContextCSN(dst []byte) []byte { return dst }

// Search does not allocate for a base object.
func (m *memory) Search(q *schema.Search, r schema.Receiver) error {
	res := &q.Resume
	res.Plan++ // counts the slices
	if f := m.beforeSlice.Load(); f != nil {
		if err := (*f)(q, int(res.Plan)); err != nil {
			return err
		}
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !res.Started {
		if err := m.found(q.Base, q.BaseDN, q.ManageDsaIT, &q.Scope); err != nil {
			return err
		}
		res.Started = true
	}
	if q.Scope == schema.ScopeBase {
		res.Done = true
		m.offer(q, r, m.entries[string(q.Base)])
		return nil
	}
	i, _ := slices.BinarySearch(m.keys, string(q.Base))
	if len(res.Last) > 0 {
		at, found := slices.BinarySearch(m.keys, string(res.Last))
		if i = at; found {
			i++
		}
	}
	for n := 1; i < len(m.keys); i++ {
		v := m.entries[m.keys[i]]
		res.Last = append(res.Last[:0], v.Key...)
		q.Examined++
		switch m.offer(q, r, v) {
		case schema.Stop:
			res.Done = true
			return nil
		case schema.Pause:
			return nil
		}
		if n++; n > q.Examine && q.Examine > 0 {
			return nil
		}
	}
	res.Done = true
	return nil
}

func (m *memory) offer(q *schema.Search, r schema.Receiver, v *schema.View) schema.Next {
	if !schema.KeyInScope(v.Key, q.Base, q.Scope) {
		return schema.Continue
	}
	if v.Kind&schema.KindReferral != 0 && !q.ManageDsaIT {
		below := schema.ScopeSub
		if q.Scope == schema.ScopeOne {
			below = schema.ScopeBase
		}
		return r.Reference(v, below)
	}
	if q.Filter.Match(m.schema, v) != schema.True {
		return schema.Continue
	}
	return r.Entry(v)
}

// found tells why there is no entry of that key; mu is held.
func (m *memory) found(key, dn []byte, manageDsaIT bool, scope *schema.Scope) error {
	if len(m.entries) == 0 {
		return errors.New("the store is broken")
	}
	for k := key; len(k) > 0 && !manageDsaIT; k = schema.KeyParent(k) {
		if v := m.entries[string(k)]; v != nil && v.Kind&schema.KindReferral != 0 {
			ref, _ := v.Find("ref")
			url, _, _ := schema.NextValue(ref.Values)
			to, _ := schema.ReferralURL(url, string(dn), scope)
			return &schema.Result{Code: schema.ReferralResult, Referrals: []string{to}}
		}
	}
	if m.entries[string(key)] != nil {
		return nil
	}
	r := schema.Refuse(schema.NoSuchObject, "")
	for k := schema.KeyParent(key); len(k) > 0; k = schema.KeyParent(k) {
		if v := m.entries[string(k)]; v != nil {
			r.MatchedDN = string(v.DN)
			break
		}
	}
	return r
}

func (m *memory) Target(key, dn []byte, manageDsaIT bool, f func(v *schema.View) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.found(key, dn, manageDsaIT, nil); err != nil {
		return err
	}
	return f(m.entries[string(key)])
}

func (m *memory) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	if f := m.onApply.Load(); f != nil {
		(*f)(c)
	}
	j := &job{change: c, done: done}
	j.stop = context.AfterFunc(ctx, func() {
		if j.taken.CompareAndSwap(false, true) {
			done(schema.ChangeDone{Result: *schema.Refuse(schema.Canceled, "canceled in the queue")})
		}
	})
	m.queue <- j
}

// write is the writer's goroutine.
func (m *memory) write() {
	defer close(m.ended)
	for j := range m.queue {
		j.stop()
		if !j.taken.CompareAndSwap(false, true) {
			continue
		}
		if f := m.beforeApply.Load(); f != nil {
			(*f)(j.change)
		}
		j.done(m.change(j.change))
	}
}

func (m *memory) change(c *schema.Change) (out schema.ChangeDone) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pre, post, err := m.apply(c)
	var r *schema.Result
	switch {
	case errors.As(err, &r):
		out.Result = *r
	case err != nil:
		out.Result = *schema.Refuse(schema.Other, err.Error())
	default:
		if pre != nil && c.WantPreRead {
			out.Pre = pre.Clone()
		}
		if post != nil && c.WantPostRead {
			out.Post = post.Clone()
		}
	}
	return out
}

func (m *memory) apply(c *schema.Change) (pre, post *schema.View, err error) {
	key, err := m.schema.AppendDNKey(nil, []byte(c.DN))
	if err != nil {
		return nil, nil, err
	}
	var e *schema.Entry
	if c.Kind == schema.ChangeAdd {
		if m.entries[string(key)] != nil {
			return nil, nil, schema.Refuse(schema.EntryAlreadyExists, "")
		}
		e, err = m.schema.NewEntry(c.DN, c.Attributes, false)
	} else if err = m.found(key, []byte(c.DN), c.ManageDsaIT, nil); err == nil {
		pre = m.entries[string(key)]
		e = m.schema.Entry(pre)
	}
	if err != nil {
		return nil, nil, err
	}
	if c.Assertion != nil && c.Assertion.Match(m.schema, m.schema.View(e, key)) != schema.True {
		return nil, nil, schema.Refuse(schema.AssertionFailed, "")
	}
	switch c.Kind {
	case schema.ChangeDelete:
		m.drop(string(key))
		return pre, nil, nil
	case schema.ChangeModify:
		err = m.schema.ApplyMods(e, c.Mods)
	case schema.ChangeModifyDN:
		err = m.rename(e, c)
	}
	if err == nil {
		err = m.schema.CheckEntry(e)
	}
	if err != nil {
		return nil, nil, err
	}
	m.drop(string(key))
	m.keep(e)
	newKey, err := m.schema.AppendDNKey(nil, []byte(e.DN))
	return pre, m.entries[string(newKey)], err
}

func (m *memory) rename(e *schema.Entry, c *schema.Change) error {
	rdn, err := m.schema.ParseDN([]byte(c.NewRDN))
	if err != nil || len(rdn) != 1 {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid new RDN")
	}
	return m.schema.ApplyRename(e, rdn[0], c.DeleteOldRDN)
}
