package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// randomTree makes random changes of all kinds in a tree of few names, so that
// they are given up and taken again all the time.
type randomTree struct {
	*rand.Rand
	names []string // some that may be there
}

func newRandomTree(seed uint64) *randomTree {
	r := &randomTree{Rand: rand.New(rand.NewPCG(seed, 0))}
	var grow func(above string, depth int)
	grow = func(above string, depth int) {
		for c := range 3 {
			dn := fmt.Sprintf("ou=%c,%s", 'a'+c, above)
			if r.names = append(r.names, dn); depth > 1 {
				grow(dn, depth-1)
			}
		}
	}
	grow(people, 3)
	return r
}

func (r *randomTree) dn() string { return r.names[r.IntN(len(r.names))] }

// next is a change that may be refused.
func (r *randomTree) next() *schema.Change {
	dn := r.dn()
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		kinds := [...][]string{
			{"objectClass: organizationalUnit", "description: " + fmt.Sprint(r.IntN(100))},
			{"objectClass: organizationalUnit", "telephoneNumber: 1", "telephoneNumber: 2", "telephoneNumber: 3", "telephoneNumber: 4", "telephoneNumber: 5"},
			{"objectClass: referral", "objectClass: extensibleObject", "ref: ldap://other.example/"},
			{"objectClass: alias", "objectClass: extensibleObject", "aliasedObjectName: " + people},
		}
		return admin1(add(dn, kinds[min(r.IntN(12), 3+r.IntN(2))%4]...))
	case 4, 5:
		return admin1(remove(dn))
	case 6:
		return admin1(replace(dn, "description", fmt.Sprint(r.IntN(100))))
	case 7:
		return admin1(&schema.Change{Kind: schema.ChangeModify, DN: dn, Mods: []schema.Modification{
			{Op: schema.ModDelete, Attr: "telephoneNumber", Values: [][]byte{fmt.Append(nil, 1+r.IntN(5))}}}})
	case 8:
		c := rename(dn, fmt.Sprintf("OU=%c", 'A'+r.IntN(3))) // another spelling, too
		c.DeleteOldRDN = r.IntN(2) == 0
		return admin1(c)
	}
	return admin1(move(dn, fmt.Sprintf("ou=%c", 'a'+r.IntN(3)), r.dn()))
}

// some has n random changes made, and counts the kinds of those that were not
// refused.
func (m *member) some(r *randomTree, n int, kinds map[schema.ChangeKind]int) {
	type made struct {
		kind schema.ChangeKind
		code schema.ResultCode
	}
	results := make(chan made, n)
	for range n {
		c := r.next()
		c.Actor = admin
		m.Apply(context.Background(), c, func(d schema.ChangeDone) { results <- made{c.Kind, d.Result.Code} })
	}
	for range n {
		if d := <-results; d.code == schema.Success {
			kinds[d.kind]++
		}
	}
}

// admin1 has the rights for referrals.
func admin1(c *schema.Change) *schema.Change {
	c.ManageDsaIT = true
	return c
}

func TestBatchesMakeAnExactCopy(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	primary, secondary := newPair(t)
	r := newRandomTree(seed)
	secondary.applies(primary.since(seqAt(0)))
	kinds := map[schema.ChangeKind]int{}
	for batches := 0; primary.Position().Seq < 3000; batches++ {
		primary.some(r, 1+r.IntN(1+r.IntN(120)), kinds)
		secondary.applies(primary.since(secondary.Position()))
		if secondary.Position() != primary.Position() {
			t.Fatalf("batch %d: position %v, want %v", batches, secondary.Position(), primary.Position())
		}
		if batches%25 == 0 {
			secondary.equals(primary)
			secondary.reopen()
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	secondary.equals(primary)
	if len(kinds) != 4 || kinds[schema.ChangeModifyDN] < 100 {
		t.Errorf("changes made: %v", kinds)
	}
}

// hands are changes that make names change hands within one batch.
var hands = []struct {
	what    string
	before  []*schema.Change
	changes []*schema.Change
}{
	{"two entries swap names", []*schema.Change{person("a"), person("b")},
		[]*schema.Change{rename("cn=a,"+people, "cn=tmp"), rename("cn=b,"+people, "cn=a"), rename("cn=tmp,"+people, "cn=b")}},
	{"three entries take each other's names", []*schema.Change{person("a"), person("b"), person("c")},
		[]*schema.Change{rename("cn=a,"+people, "cn=tmp"), rename("cn=b,"+people, "cn=a"), rename("cn=c,"+people, "cn=b"), rename("cn=tmp,"+people, "cn=c")}},
	{"two subtrees swap names", []*schema.Change{unit("a"), unit("b"), unit("x,ou=a"), unit("y,ou=b")},
		[]*schema.Change{rename("ou=a,"+people, "ou=tmp"), rename("ou=b,"+people, "ou=a"), rename("ou=tmp,"+people, "ou=b")}},
	{"an entry is deleted and another of its name added", []*schema.Change{person("a")},
		[]*schema.Change{remove("cn=a," + people), person("a", "description: another")}},
	{"an entry takes the name of a deleted one", []*schema.Change{person("a"), person("b")},
		[]*schema.Change{remove("cn=a," + people), rename("cn=b,"+people, "cn=a")}},
	{"a child takes the name of its deleted superior", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a")},
		[]*schema.Change{move("ou=b,ou=a,"+people, "ou=tmp", people), remove("ou=a," + people), rename("ou=tmp,"+people, "ou=a")}},
	{"a subtree is renamed", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a"), unit("d,ou=c,ou=b,ou=a")},
		[]*schema.Change{rename("ou=a,"+people, "ou=z")}},
	{"a subtree is renamed inside a renamed one", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a")},
		[]*schema.Change{rename("ou=a,"+people, "ou=z"), rename("ou=b,ou=z,"+people, "ou=y"), rename("ou=z,"+people, "ou=x")}},
	{"a subtree goes there and back", []*schema.Change{unit("a"), unit("b,ou=a"), unit("z")},
		[]*schema.Change{move("ou=a,"+people, "ou=a", "ou=z,"+people), move("ou=a,ou=z,"+people, "ou=a", people)}},
	{"superior and inferior change places", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a"), unit("d,ou=a")},
		[]*schema.Change{move("ou=b,ou=a,"+people, "ou=b", people), move("ou=a,"+people, "ou=a", "ou=b,"+people)}},
	{"superior and inferior take each other's names and places", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a")},
		[]*schema.Change{move("ou=b,ou=a,"+people, "ou=t", people), move("ou=a,"+people, "ou=b", "ou=t,"+people), rename("ou=t,"+people, "ou=a")}},
	{"a superior goes and what was below it stays", []*schema.Change{unit("a"), unit("b,ou=a"), unit("c,ou=b,ou=a")},
		[]*schema.Change{move("ou=b,ou=a,"+people, "ou=b", people), remove("ou=a," + people)}},
	{"a superior is moved and then deleted", []*schema.Change{unit("a"), unit("b,ou=a"), unit("z")},
		[]*schema.Change{move("ou=a,"+people, "ou=a", "ou=z,"+people), remove("ou=b,ou=a,ou=z," + people), remove("ou=a,ou=z," + people)}},
	{"an entry comes, is renamed, and goes", []*schema.Change{unit("a")},
		[]*schema.Change{unit("b,ou=a"), rename("ou=a,"+people, "ou=z"), rename("ou=b,ou=z,"+people, "ou=c"), remove("ou=c,ou=z," + people)}},
	{"an entry goes below one that came", []*schema.Change{person("a")},
		[]*schema.Change{unit("n"), move("cn=a,"+people, "cn=a", "ou=n,"+people), rename("ou=n,"+people, "ou=m")}},
	{"another spelling of a name", []*schema.Change{unit("a"), unit("b,ou=a"), person("c")},
		[]*schema.Change{rename("ou=a,"+people, "OU=A"), rename("cn=c,"+people, "cn=C")}},
	{"referrals and aliases take each other's names", []*schema.Change{
		admin1(add("cn=r,"+people, "objectClass: referral", "objectClass: extensibleObject", "ref: ldap://x/")),
		add("cn=l,"+people, "objectClass: alias", "objectClass: extensibleObject", "aliasedObjectName: "+suffix), person("p")},
		[]*schema.Change{admin1(rename("cn=r,"+people, "cn=t")), rename("cn=l,"+people, "cn=r"), rename("cn=p,"+people, "cn=l"), admin1(rename("cn=t,"+people, "cn=p"))}},
	{"an entry becomes a referral", []*schema.Change{person("p")},
		[]*schema.Change{admin1(remove("cn=p," + people)), admin1(add("cn=p,"+people, "objectClass: referral", "objectClass: extensibleObject", "ref: ldap://x/"))}},
	{"everything goes and comes again", []*schema.Change{person("p")},
		[]*schema.Change{remove("cn=p," + people), remove(people), remove(suffix), add(suffix, "objectClass: organization"), add(people, "objectClass: organizationalUnit"), person("p")}},
}

// unit is an organizationalUnit below ou=people.
func unit(name string) *schema.Change {
	return add("ou="+name+","+people, "objectClass: organizationalUnit")
}

// makes has changes made in their order, which must succeed. They are queued at
// once and share commits.
func (m *member) makes(changes []*schema.Change) {
	m.Helper()
	results := make(chan schema.ChangeDone, len(changes))
	for _, c := range changes {
		own := *c
		own.Actor = admin
		m.Apply(context.Background(), &own, func(d schema.ChangeDone) { results <- d })
	}
	for i := range changes {
		if d := <-results; d.Result.Code != schema.Success {
			m.Fatalf("change %d: %v", i, &d.Result)
		}
	}
}

func TestNamesChangeHandsInOneBatch(t *testing.T) {
	for _, c := range hands {
		t.Run(c.what, func(t *testing.T) {
			primary, secondary := newPair(t)
			primary.makes(c.before)
			secondary.applies(primary.since(seqAt(0)))
			primary.makes(c.changes)
			secondary.applies(primary.since(secondary.Position()))
			secondary.equals(primary)
			primary.must(person("later"))
			secondary.applies(primary.since(secondary.Position()))
			secondary.equals(primary)
		})
	}
}

func TestBatchThatDoesNotBeginHereIsRefused(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	here := secondary.Position()
	primary.must(person("a"))
	for what, from := range map[string]schema.Position{
		"another epoch":  {Epoch: strings.Repeat("0", 32), Seq: here.Seq, Hash: here.Hash},
		"another number": {Epoch: here.Epoch, Seq: here.Seq + 1, Hash: here.Hash},
		"another hash":   {Epoch: here.Epoch, Seq: here.Seq, Hash: schema.StateHash{1}},
	} {
		b := primary.since(here)
		b.From = from
		t.Log(what)
		secondary.keepsOut(b, backend.ErrPosition)
	}
	again := primary.since(here)
	secondary.applies(again)
	secondary.keepsOut(again, backend.ErrPosition)
	secondary.equals(primary)
}

func TestBatchThatIsWrongChangesNothing(t *testing.T) {
	primary, secondary := newPair(t)
	for _, c := range []*schema.Change{unit("a"), unit("b,ou=a"), person("p"), person("q")} {
		primary.must(c)
	}
	secondary.applies(primary.since(seqAt(0)))
	for _, c := range []*schema.Change{person("n"), replace("cn=p,"+people, "description", "new"), remove("cn=q," + people), rename("ou=a,"+people, "ou=z")} {
		primary.must(c)
	}
	last := func(b *schema.Batch) *schema.ChangeRecord { return &b.Records[len(b.Records)-1] }
	var other schema.UUID
	for _, c := range []struct {
		what  string
		spoil func(b *schema.Batch)
		want  error
	}{
		{"another hash", func(b *schema.Batch) { b.To.Hash[3]++; last(b).Hash = b.To.Hash }, backend.ErrHash},
		{"an attribute that differs", func(b *schema.Batch) { b.Entries[0].User = b.Entries[1].User }, backend.ErrHash},
		{"an entry that is not listed", func(b *schema.Batch) { b.Entries = b.Entries[1:] }, backend.ErrHash},
		{"a deletion that is not listed", func(b *schema.Batch) { b.Deleted = nil }, backend.ErrHash},
		{"hashes of record and position that differ", func(b *schema.Batch) { last(b).Hash[0]++ }, backend.ErrStructure},
		{"a record too many", func(b *schema.Batch) { b.To.Seq-- }, backend.ErrStructure},
		{"a gap", func(b *schema.Batch) { b.Records[1].Seq++ }, backend.ErrStructure},
		{"no record", func(b *schema.Batch) { b.Records, b.To.Seq = nil, b.From.Seq }, backend.ErrStructure},
		{"an unknown kind of record", func(b *schema.Batch) { b.Records[0].Kind = 9 }, backend.ErrStructure},
		{"a record without a CSN", func(b *schema.Batch) { b.Records[0].CSN = "now" }, backend.ErrStructure},
		{"a rename of no name", func(b *schema.Batch) { last(b).NewDN = "nobody" }, backend.ErrStructure},
		{"a rename from outside", func(b *schema.Batch) { last(b).DN = "o=else" }, backend.ErrStructure},
		{"an entry twice", func(b *schema.Batch) { b.Entries = append(b.Entries, b.Entries[0]) }, backend.ErrStructure},
		{"an entry listed and deleted", func(b *schema.Batch) { b.Deleted = append(b.Deleted, b.Entries[0].UUID) }, backend.ErrStructure},
		{"two entries of one name", func(b *schema.Batch) { v := b.Entries[0]; v.UUID = other; b.Entries = append(b.Entries, v) }, backend.ErrStructure},
		{"an entry outside of the suffix", func(b *schema.Batch) { b.Entries[0].DN = []byte("o=else") }, backend.ErrStructure},
		{"an entry without a name", func(b *schema.Batch) { b.Entries[0].DN = nil }, backend.ErrStructure},
		{"a name that is none", func(b *schema.Batch) { b.Entries[0].DN = []byte("=,") }, backend.ErrStructure},
		{"an entry without superior", func(b *schema.Batch) { b.Entries[0].DN = []byte("cn=x,cn=y," + people) }, backend.ErrStructure},
		{"a superior that goes", func(b *schema.Batch) {
			b.Deleted = append(b.Deleted, secondary.get("ou=a,"+people).UUID)
			b.Entries = b.Entries[:2]
		}, backend.ErrStructure},
		{"another epoch", func(b *schema.Batch) { b.To.Epoch = strings.Repeat("1", 32) }, backend.ErrStructure},
		{"a history of nothing", func(b *schema.Batch) { b.Epochs = []schema.Epoch{} }, backend.ErrStructure},
		{"a history of no ids", func(b *schema.Batch) { b.Epochs = []schema.Epoch{{ID: b.To.Epoch[1:], Kind: schema.EpochInitial}} }, backend.ErrStructure},
		{"a history of unknown kind", func(b *schema.Batch) { b.Epochs[0].Kind = "holy" }, backend.ErrStructure},
		{"a history that begins nowhere", func(b *schema.Batch) { b.Epochs[0].From = "here" }, backend.ErrStructure},
	} {
		t.Log(c.what)
		b := primary.since(secondary.Position())
		c.spoil(b)
		secondary.keepsOut(b, c.want)
	}
	secondary.applies(primary.since(secondary.Position()))
	secondary.equals(primary)
}

func TestBatchWithAnotherHistoryAndNoChange(t *testing.T) {
	primary, secondary := newPair(t)
	primary.must(person("a"))
	secondary.applies(primary.since(seqAt(0)))
	from := secondary.Position()
	b := &schema.Batch{From: from, To: from, Epochs: append(primary.Epochs(), schema.Epoch{ID: strings.Repeat("e", 32), Kind: schema.EpochPromoted, From: from.String()})}
	b.To.Epoch = strings.Repeat("e", 32)
	entries := secondary.dump(func(o *backend.DumpOptions) { o.NoComments = true })
	secondary.applies(b)
	secondary.reopen()
	if got := secondary.Position(); got != b.To || !slices.Equal(secondary.Epochs(), b.Epochs) || !secondary.Following() {
		t.Errorf("position %v, epochs %v", got, secondary.Epochs())
	}
	if secondary.dump(func(o *backend.DumpOptions) { o.NoComments = true }) != entries {
		t.Error("entries have changed")
	}
	var commits int
	backend.SetCommit(secondary.Store, func(tx *bbolt.Tx) error { commits++; return backend.CommitBolt(tx) })
	secondary.applies(&schema.Batch{From: b.To, To: b.To})
	if commits != 0 {
		t.Error("a batch with nothing in it was written")
	}
}

// TestEpochWithoutChangesDoesNotCount follows a provider again after a promotion
// in which nothing was changed.
func TestEpochWithoutChangesDoesNotCount(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	left := secondary.Position()
	if err := secondary.Promote(context.Background()); err != nil {
		t.Fatal(err)
	}
	primary.must(person("a"))
	secondary.applies(primary.since(left))
	secondary.equals(primary)
	if !slices.Equal(secondary.Epochs(), primary.Epochs()) {
		t.Errorf("epochs %v, want %v", secondary.Epochs(), primary.Epochs())
	}
	secondary.must(person("own"))
	primary.must(person("b"))
	secondary.keepsOut(primary.since(left), backend.ErrPosition)
}

func TestBatchesStandInLineWithChanges(t *testing.T) {
	primary, secondary := newPair(t)
	secondary.applies(primary.since(seqAt(0)))
	primary.must(person("from the primary"))
	b := primary.since(secondary.Position())
	release := secondary.hold() // a change of its own, which ends the following
	ctx, cancel := context.WithCancel(context.Background())
	cancelled, behind, own := make(chan error, 1), make(chan error, 1), make(chan schema.ChangeDone, 1)
	go func() { cancelled <- secondary.ApplyBatch(ctx, b) }()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	secondary.Apply(context.Background(), person("first"), func(d schema.ChangeDone) { own <- d })
	go func() { behind <- secondary.Promote(context.Background()) }()
	release()
	if d := <-own; d.Result.Code != schema.Success {
		t.Errorf("change before: %v", &d.Result)
	}
	if err := <-behind; err != nil {
		t.Errorf("task behind: %v", err)
	}
	secondary.must(person("last"))
	secondary.refused(remove("cn=from the primary,"+people), schema.NoSuchObject)
	secondary.keepsOut(b, backend.ErrPosition)
}

func TestBatchOnAFullDiskAndOnAFailedOne(t *testing.T) {
	primary := newMember(t, backend.Options{})
	primary.must(add(suffix, "objectClass: organization"))
	fatal := make(chan error, 1)
	secondary := newMember(t, backend.Options{Fatal: func(err error) { fatal <- err }})
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	backend.SetCommit(secondary.Store, func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), full) })
	err := secondary.ApplyBatch(context.Background(), primary.since(seqAt(0)))
	if r := resultOf(err); r == nil || r.Code != schema.UnwillingToPerform || secondary.Position().Seq != 0 {
		t.Errorf("full disk: %v, position %v", err, secondary.Position())
	}
	backend.SetCommit(secondary.Store, backend.CommitBolt)
	secondary.applies(primary.since(seqAt(0)))
	secondary.equals(primary)
	primary.must(add(people, "objectClass: organizationalUnit"))
	b := primary.since(secondary.Position())
	backend.SetCommit(secondary.Store, func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), syscall.EIO) })
	if err := secondary.ApplyBatch(context.Background(), b); err == nil {
		t.Error("acknowledged by a store that has failed")
	}
	if err := <-fatal; !errors.Is(err, syscall.EIO) {
		t.Errorf("fatal got %v", err)
	}
	if r := resultOf(secondary.ApplyBatch(context.Background(), b)); r == nil || r.Code != schema.Unavailable {
		t.Errorf("after the failure: %v", r)
	}
	secondary.reopen()
	secondary.applies(b)
	secondary.equals(primary)
}

func TestBatchForAStoreThatTakesNone(t *testing.T) {
	primary, secondary := newPair(t)
	b := primary.since(seqAt(0))
	storetest.Close(t, secondary.Store)
	if r := resultOf(secondary.ApplyBatch(context.Background(), b)); r == nil || r.Code != schema.Unavailable {
		t.Errorf("closed: %v", r)
	}
	reader := storetest.Open(t, secondary.path, backend.Options{ReadOnly: true})
	if r := resultOf(reader.ApplyBatch(context.Background(), b)); r == nil || r.Code != schema.UnwillingToPerform {
		t.Errorf("read-only: %v", r)
	}
}
