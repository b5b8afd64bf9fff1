package backend_test

// What tests of replication share: stores that follow each other.

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// member is a store whose path is known.
type member struct {
	*world
	path string
}

// newMember has no entries.
func newMember(t testing.TB, o backend.Options) *member {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dbm.ut", "id2entry.dbb")
	o.Create, o.Indexes, o.Schema = true, indexes, storetest.Schema(t)
	return &member{&world{t, storetest.Open(t, path, o), o.Schema}, path}
}

// newPair is a primary with the suffix and ou=people, and a store that has
// nothing.
func newPair(t testing.TB) (primary, secondary *member) {
	t.Helper()
	primary = newMember(t, backend.Options{})
	primary.must(add(suffix, "objectClass: organization", "o: utdata"))
	primary.must(add(people, "objectClass: organizationalUnit"))
	return primary, newMember(t, backend.Options{})
}

func (m *member) reopen() {
	m.Helper()
	storetest.Close(m, m.Store)
	m.Store = storetest.Open(m, m.path, backend.Options{Indexes: indexes, Schema: m.schema})
}

func (m *member) held() *backend.Held {
	m.Helper()
	h, err := m.Hold()
	if err != nil {
		m.Fatal(err)
	}
	return h
}

// since is the batch from position from to the present state, as a provider
// makes it.
func (m *member) since(from schema.Position) *schema.Batch {
	m.Helper()
	h := m.held()
	defer h.Release()
	b := &schema.Batch{From: from, To: h.Position(), Epochs: h.Epochs()}
	seen := map[schema.UUID]bool{}
	var touched []schema.UUID
	err := h.Changes(from.Seq+1, func(rec schema.ChangeRecord) bool {
		b.Records = append(b.Records, rec)
		if !seen[rec.UUID] {
			seen[rec.UUID] = true
			touched = append(touched, rec.UUID)
		}
		return true
	})
	for _, u := range touched {
		if err != nil {
			break
		}
		var found bool
		found, err = h.ByUUID(u, func(v *schema.View) error {
			b.Entries = append(b.Entries, schema.View{UUID: v.UUID, DN: bytes.Clone(v.DN), User: bytes.Clone(v.User), Operational: bytes.Clone(v.Operational)})
			return nil
		})
		if !found {
			b.Deleted = append(b.Deleted, u)
		}
	}
	if err != nil {
		m.Fatal(err)
	}
	return b
}

// foreign is b as a provider of another make has it.
func foreign(b *schema.Batch, cookie string) *schema.Batch {
	return &schema.Batch{Entries: b.Entries, Deleted: b.Deleted, Cookie: cookie}
}

// seqAt is a position of which only the number counts.
func seqAt(seq uint64) schema.Position { return schema.Position{Seq: seq} }

func (m *member) applies(b *schema.Batch) {
	m.Helper()
	if err := m.ApplyBatch(context.Background(), b); err != nil {
		m.Fatalf("batch: %v", err)
	}
}

// keepsOut wants b to be refused and nothing changed.
func (m *member) keepsOut(b *schema.Batch, want error) {
	m.Helper()
	before, position, epochs := m.dump(), m.Position(), len(m.Epochs())
	err := m.ApplyBatch(context.Background(), b)
	if err == nil {
		m.Fatalf("the batch was applied, want %v", want)
	}
	if !errors.Is(err, want) {
		m.Errorf("batch: %v, want %v", err, want)
	}
	if m.Position() != position || len(m.Epochs()) != epochs || m.dump() != before {
		m.Errorf("a refused batch (%v) has changed something", err)
	}
	storetest.Check(m, m.Store)
}

// dump is the text of the store, ids left out.
func (m *member) dump(change ...func(*backend.DumpOptions)) string {
	m.Helper()
	return dumpHeld(m, m.path, backend.NewHolder(m.Store), change...)
}

func dumpHeld(t testing.TB, path string, h interface {
	HoldState() ([]byte, func(), error)
}, change ...func(*backend.DumpOptions)) string {
	t.Helper()
	description, release, err := h.HoldState()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	state, err := backend.OpenHeld(path, description)
	if err != nil {
		t.Fatal(err)
	}
	o := backend.DumpOptions{NoIDs: true}
	for _, c := range change {
		c(&o)
	}
	var b bytes.Buffer
	_, err = state.WriteLDIF(context.Background(), &b, o)
	if err = errors.Join(err, state.Close()); err != nil {
		t.Fatalf("dump: %v", err)
	}
	return b.String()
}

// equals wants m to be a copy of other: position, history, entries to the last
// byte, and the records that both still have.
func (m *member) equals(other *member) {
	m.Helper()
	if m.Position() != other.Position() || m.ContextCSN() != other.ContextCSN() {
		m.Errorf("position %v, CSN %s; want %v, %s", m.Position(), m.ContextCSN(), other.Position(), other.ContextCSN())
	}
	if a, b := m.dump(), other.dump(); a != b {
		m.Errorf("the copy differs:\n%s\nwant\n%s", a, b)
	}
	first := max(m.Stats().FirstChange, other.Stats().FirstChange)
	want := map[uint64]string{}
	if err := other.Changelog(first, func(rec schema.ChangeRecord) bool { want[rec.Seq] = string(rec.AppendTo(nil)); return true }); err != nil {
		m.Fatal(err)
	}
	if err := m.Changelog(first, func(rec schema.ChangeRecord) bool {
		if want[rec.Seq] != string(rec.AppendTo(nil)) {
			m.Errorf("record %d differs", rec.Seq)
		}
		delete(want, rec.Seq)
		return true
	}); err != nil || len(want) > 0 {
		m.Errorf("%d records are missing (%v)", len(want), err)
	}
}
