package backend_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// adapts applies b as of a provider of another make, and makes the new records
// again on a copy of the tree before.
func (m *member) adapts(b *schema.Batch) {
	m.Helper()
	before, from := treeOf(m), m.Position().Seq
	m.applies(b)
	if err := m.Changelog(from+1, func(rec schema.ChangeRecord) bool {
		before.change(&rec)
		return !m.Failed()
	}); err != nil {
		m.Fatal(err)
	}
	if after := treeOf(m).tree(); !maps.Equal(before.tree(), after) {
		m.Errorf("the records lead to\n%q\nand the store has\n%q", before.tree(), after)
	}
	if m.SyncCookie() != b.Cookie || !m.Following() {
		m.Errorf("cookie %q, want %q; following %v", m.SyncCookie(), b.Cookie, m.Following())
	}
}

// has wants m to have the content of other.
func (m *member) has(other *member) {
	m.Helper()
	if a, b := treeOf(m).tree(), treeOf(other).tree(); !maps.Equal(a, b) {
		m.Errorf("content\n%q\nwant\n%q", a, b)
	}
}

func TestStatesOfAnotherMakeGetAHistory(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	provider, consumer := newPair(t)
	r := newRandomTree(seed)
	kinds := map[schema.ChangeKind]int{}
	at := seqAt(0)
	for n := 0; at.Seq < 1200; n++ {
		b := foreign(provider.since(at), fmt.Sprint("csn", n))
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(b.Entries), func(i, j int) { b.Entries[i], b.Entries[j] = b.Entries[j], b.Entries[i] })
		at = provider.Position()
		consumer.adapts(b)
		if consumer.has(provider); t.Failed() {
			t.FailNow()
		}
		if n%10 == 0 {
			consumer.reopen()
		}
		provider.some(r, 1+r.IntN(1+r.IntN(80)), kinds)
	}
	if consumer.Epochs()[0].Kind != schema.EpochInitial || len(consumer.Epochs()) != 1 {
		t.Errorf("epochs %v", consumer.Epochs())
	}
	// What is made so can be followed by others.
	third := newMember(t, backend.Options{})
	third.applies(consumer.since(seqAt(0)))
	third.equals(consumer)
}

func TestNamesChangeHandsInStatesOfAnotherMake(t *testing.T) {
	for _, c := range hands {
		for _, order := range []string{"as it came", "backwards"} {
			t.Run(c.what+", "+order, func(t *testing.T) {
				provider, consumer := newPair(t)
				provider.makes(c.before)
				at := provider.Position()
				consumer.adapts(foreign(provider.since(seqAt(0)), "1"))
				provider.makes(c.changes)
				b := foreign(provider.since(at), "2")
				if order == "backwards" {
					slices.Reverse(b.Entries)
					slices.Reverse(b.Deleted)
				}
				consumer.adapts(b)
				consumer.has(provider)
			})
		}
	}
}

func TestStatesThatDoNotFitAreRefused(t *testing.T) {
	provider, consumer := newPair(t)
	for _, c := range []*schema.Change{unit("a"), unit("b,ou=a"), person("p"), person("q")} {
		provider.must(c)
	}
	at := provider.Position()
	consumer.adapts(foreign(provider.since(seqAt(0)), "1"))
	provider.must(person("n"))
	provider.must(replace("cn=p,"+people, "description", "new"))
	var other schema.UUID
	for _, c := range []struct {
		what  string
		spoil func(b *schema.Batch)
		want  error
	}{
		{"records", func(b *schema.Batch) { b.Records = provider.since(at).Records }, backend.ErrStructure},
		{"another position", func(b *schema.Batch) { b.From = at }, backend.ErrPosition},
		{"an entry without superior", func(b *schema.Batch) { b.Entries[0].DN = []byte("cn=x,cn=y," + people) }, backend.ErrStructure},
		{"an entry in a place that is taken", func(b *schema.Batch) { b.Entries[0].DN = []byte("cn=q," + people) }, backend.ErrStructure},
		{"an entry below itself", func(b *schema.Batch) { b.Entries[1].DN = []byte("cn=x,cn=p," + people) }, backend.ErrStructure},
		{"a superior that goes", func(b *schema.Batch) { b.Deleted = append(b.Deleted, consumer.get("ou=a,"+people).UUID) }, backend.ErrStructure},
		{"two entries of one name", func(b *schema.Batch) { v := b.Entries[0]; v.UUID = other; b.Entries = append(b.Entries, v) }, backend.ErrStructure},
		{"an entry twice", func(b *schema.Batch) { b.Entries = append(b.Entries, b.Entries[0]) }, backend.ErrStructure},
		{"an entry listed and deleted", func(b *schema.Batch) { b.Deleted = append(b.Deleted, b.Entries[1].UUID) }, backend.ErrStructure},
		{"another topmost entry", func(b *schema.Batch) {
			b.Entries[1].DN = []byte(suffix)
			b.Deleted = []schema.UUID{consumer.get(suffix).UUID}
		}, backend.ErrStructure},
		{"an entry outside", func(b *schema.Batch) { b.Entries[0].DN = []byte("o=else") }, backend.ErrStructure},
		{"attributes that are no BER", func(b *schema.Batch) { b.Entries[0].User = []byte{0x30, 0x84, 0xff} }, backend.ErrStructure},
		{"an attribute name that would be lines", func(b *schema.Batch) {
			b.Entries[0].User = schema.AppendAttribute(nil, "x: y\ndn", []byte("z"))
		}, backend.ErrStructure},
	} {
		t.Log(c.what)
		b := foreign(provider.since(at), "2")
		c.spoil(b)
		consumer.keepsOut(b, c.want)
		if consumer.SyncCookie() != "1" {
			t.Errorf("cookie %q", consumer.SyncCookie())
		}
	}
	consumer.adapts(foreign(provider.since(at), "2"))
	consumer.has(provider)
}

// TestStatesWithoutOperationalAttributes come from a provider that was not asked
// for them, or has none, and once more.
func TestStatesWithoutOperationalAttributes(t *testing.T) {
	provider, consumer := newPair(t)
	provider.must(person("a"))
	plain := func() *schema.Batch {
		b := foreign(provider.since(seqAt(0)), "1")
		for i := range b.Entries {
			b.Entries[i].Operational = schema.AppendAttribute(nil, "hasSubordinates", []byte("TRUE"))
			b.Entries[i].Operational = schema.AppendAttribute(b.Entries[i].Operational, "entryDN", b.Entries[i].DN)
		}
		return b
	}
	consumer.adapts(plain())
	v, position := consumer.get("cn=a,"+people), consumer.Position()
	for _, attr := range []string{"entryUUID", "createTimestamp", "entryCSN", "modifyTimestamp"} {
		if value(v, attr) == "" {
			t.Errorf("%s is missing", attr)
		}
	}
	if value(v, "hasSubordinates")+value(v, "entryDN") != "" || value(v, "entryCSN") > consumer.ContextCSN() {
		t.Errorf("computed attributes were stored, or CSN %s is beyond %s", value(v, "entryCSN"), consumer.ContextCSN())
	}
	consumer.adapts(plain())
	if consumer.Position() != position {
		t.Errorf("the same states again were changes: %v, was %v", consumer.Position(), position)
	}
	provider.must(replace("cn=a,"+people, "description", "x"))
	consumer.adapts(plain())
	w := consumer.get("cn=a," + people)
	if consumer.Position().Seq != position.Seq+1 || value(w, "entryCSN") <= value(v, "entryCSN") ||
		value(w, "createTimestamp") != value(v, "createTimestamp") || value(w, "entryCSN") != consumer.ContextCSN() {
		t.Errorf("position %v; CSN %s before, %s after, context %s", consumer.Position(), value(v, "entryCSN"), value(w, "entryCSN"), consumer.ContextCSN())
	}
}

func TestChangesKeepTheCSNOfTheirProvider(t *testing.T) {
	provider, consumer := newPair(t)
	consumer.adapts(foreign(provider.since(seqAt(0)), "1"))
	if a, b := consumer.ContextCSN(), provider.ContextCSN(); a != b {
		t.Errorf("CSN %s, the provider's is %s", a, b)
	}
}

// TestNumbersOfAnotherMakeAreNotThoseOfAMember begins an epoch where a store has
// followed a server of our own before.
func TestNumbersOfAnotherMakeAreNotThoseOfAMember(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	left := secondary.Position()
	primary.must(person("a"))
	secondary.adapts(foreign(primary.since(left), "1"))
	epochs := secondary.Epochs()
	if n := len(epochs); n != 2 || epochs[1].Kind != schema.EpochRestored || epochs[1].From != left.String() {
		t.Errorf("epochs %v", epochs)
	}
	primary.must(person("b"))
	secondary.adapts(foreign(primary.since(schema.Position{Seq: left.Seq + 1}), "2"))
	if !slices.Equal(secondary.Epochs(), epochs) {
		t.Errorf("epochs %v, were %v", secondary.Epochs(), epochs)
	}
	third := newMember(t, backend.Options{})
	third.applies(secondary.since(seqAt(0)))
	third.equals(secondary)
}

func TestCookieAloneIsKept(t *testing.T) {
	_, consumer := newPair(t)
	consumer.applies(&schema.Batch{Cookie: "rid=001,csn=1"})
	consumer.reopen()
	if consumer.SyncCookie() != "rid=001,csn=1" || !consumer.Following() || consumer.Position().Seq != 0 {
		t.Errorf("cookie %q, position %v", consumer.SyncCookie(), consumer.Position())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := consumer.ApplyBatch(ctx, &schema.Batch{Cookie: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	storetest.Check(t, consumer.Store)
}

func TestManyValuesAreNotWrittenAnewForOne(t *testing.T) {
	provider, consumer := newPair(t)
	lines := []string{}
	for i := range 500 {
		lines = append(lines, fmt.Sprint("telephoneNumber: ", i))
	}
	provider.must(person("a", lines...))
	at := provider.Position()
	consumer.adapts(foreign(provider.since(seqAt(0)), "1"))
	provider.must(&schema.Change{Kind: schema.ChangeModify, DN: "cn=a," + people, Mods: []schema.Modification{
		{Op: schema.ModDelete, Attr: "telephoneNumber", Values: [][]byte{[]byte("77")}},
		{Op: schema.ModAdd, Attr: "telephoneNumber", Values: [][]byte{[]byte("1000")}}}})
	consumer.adapts(foreign(provider.since(at), "2"))
	consumer.has(provider)
	if err := consumer.Changelog(consumer.Position().Seq, func(rec schema.ChangeRecord) bool {
		if n := strings.Count(string(rec.LDIF), "telephoneNumber:"); n != 2 {
			t.Errorf("%d lines for two values:\n%s", n, rec.LDIF)
		}
		return true
	}); err != nil {
		t.Error(err)
	}
}
