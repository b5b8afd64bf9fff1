package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// generation is a provider of which each entry says which one it is.
func generation(t testing.TB, n, persons int) *member {
	m := newMember(t, backend.Options{})
	m.must(add(suffix, "objectClass: organization", fmt.Sprint("description: ", n)))
	m.must(add(people, "objectClass: organizationalUnit", fmt.Sprint("description: ", n)))
	var all sync.WaitGroup
	for i := range persons {
		all.Go(func() { m.must(person(fmt.Sprintf("p%03d", i), fmt.Sprint("description: ", n))) })
	}
	all.Wait()
	return m
}

// TestReadersSeeOneStoreWhileItIsReplaced searches in slices, by name and by
// index, while the store is replaced again and again. No search may see two
// stores, none may fail but because its store is gone, and no entry may be
// missing.
func TestReadersSeeOneStoreWhileItIsReplaced(t *testing.T) {
	const persons = 60
	providers := []*member{generation(t, 0, persons), generation(t, 1, persons)}
	f := newFollower(t, backend.Options{})
	f.refreshes(providers[0])
	w := f.now()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	var mu sync.Mutex
	whole, gone := 0, 0
	bases := map[string]int{suffix: persons, people: persons}
	for i := range 4 {
		readers.Go(func() {
			filters := []*schema.Filter{w.filter(present("cn")), w.filter(eq("objectClass", "person"))} // each has scratch memory
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				for base, want := range bases {
					got := &found{}
					q := w.query(base, schema.ScopeSub, filters[n%2])
					q.Examine = 7
					var err error
					for err == nil && !q.Resume.Done {
						err = f.Search(q, got)
					}
					seen := map[string]bool{}
					for _, v := range got.views {
						seen[value(v, "description")] = true
					}
					mu.Lock()
					switch r := resultOf(err); {
					case err == nil && len(got.dns) == want && len(seen) == 1:
						whole++
					case r != nil && r.Code == schema.Busy && len(seen) <= 1:
						gone++
					default:
						t.Errorf("search: %v, %d entries of stores %v", err, len(got.dns), seen)
					}
					mu.Unlock()
				}
				if err := f.Target(w.key(people), []byte(people), false, func(*schema.View) error { return nil }); err != nil {
					t.Errorf("target: %v", err)
				}
				h, err := f.Hold()
				if err != nil {
					t.Errorf("hold: %v", err)
					continue
				}
				if f.Position().Epoch == "" || f.ContextCSN() == "" || h.Entries() != persons+2 || len(f.Epochs()) == 0 || !f.Following() || f.Fresh() {
					t.Error("a question was answered by no store")
				}
				h.Release()
			}
		})
	}
	for i := range 12 {
		f.refreshes(providers[(i+1)%2])
	}
	close(stop)
	readers.Wait()
	if whole == 0 {
		t.Error("no search was ever whole")
	}
	t.Logf("%d searches, and %d of which the store was gone", whole, gone)
	f.now().equals(providers[0])
}

func TestSearchGoesOnInTheStoreWhereItBegan(t *testing.T) {
	f := newFollower(t, backend.Options{})
	f.refreshes(generation(t, 1, 10))
	w := f.now()
	queries := map[string]*schema.Search{
		"scan":  w.query(suffix, schema.ScopeSub, w.filter(present("cn"))),
		"tree":  w.query(people, schema.ScopeOne, w.filter(present("cn"))),
		"index": w.query(suffix, schema.ScopeSub, w.filter(eq("objectClass", "person"))),
	}
	answers := map[string]*found{}
	for what, q := range queries {
		q.Examine = 4
		answers[what] = &found{}
		if err := f.Search(q, answers[what]); err != nil || q.Resume.Done {
			t.Fatalf("%s: %v", what, err)
		}
	}
	late := w.query(people, schema.ScopeOne, w.filter(present("cn")))
	late.Examine = 4
	if err := f.Search(late, &found{}); err != nil {
		t.Fatal(err)
	}
	held, err := f.Hold()
	if err != nil {
		t.Fatal(err)
	}
	description, letGo, err := f.HoldState()
	if err != nil {
		t.Fatal(err)
	}
	ended, switched := make(chan struct{}), make(chan struct{})
	next := generation(t, 2, 3)
	if err := f.Refresh(context.Background(), strings.NewReader(next.dump()), contentOf(next), func() { close(switched); <-ended }); err != nil {
		t.Fatal(err)
	}
	<-switched
	if v := value(f.now().get(people), "description"); v != "2" {
		t.Errorf("a search begun now finds %q", v)
	}
	for what, q := range queries {
		for !q.Resume.Done {
			if err := f.Search(q, answers[what]); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		if n := len(answers[what].dns); n != 10 {
			t.Errorf("%s: %d entries, want 10", what, n)
		}
		for _, v := range answers[what].views {
			if value(v, "description") != "1" {
				t.Errorf("%s: an entry of the new store", what)
			}
		}
	}
	began := queries["scan"].Resume.Generation
	behind := w.query(people, schema.ScopeBase, w.filter(present("description")))
	behind.Resume.Generation = began
	if r := (&found{}); f.Search(behind, r) != nil || len(r.views) != 1 || value(r.views[0], "description") != "1" {
		t.Errorf("a search that is to be made in the old store finds %v", r.views)
	}
	if _, err := backend.OpenHeld(f.path, description); err == nil {
		t.Error("the state of the old store was opened in the new one's file")
	}
	letGo()
	// What is held stays, though nobody else is left.
	close(ended)
	for r := (*schema.Result)(nil); r == nil; {
		q := *late
		q.Resume.Last = append([]byte(nil), late.Resume.Last...)
		if r = resultOf(f.Search(&q, &found{})); r != nil && r.Code != schema.Busy {
			t.Errorf("a search whose store is gone: %v", r)
		}
	}
	n := uint64(0)
	if err := held.Changes(held.Oldest(), func(schema.ChangeRecord) bool { return true }); err != nil || held.Entries() != 12 {
		t.Errorf("held state: %v, %d entries", err, held.Entries())
	}
	q := w.query(suffix, schema.ScopeSub, w.filter(present("cn")))
	for got := (&found{}); !q.Resume.Done; n = uint64(len(got.dns)) {
		if err := held.Search(q, got); err != nil {
			t.Fatal(err)
		}
	}
	if n != 10 {
		t.Errorf("%d entries in the held state", n)
	}
	closed := make(chan error)
	go func() { closed <- f.Close() }()
	if err := held.Search(w.query(suffix, schema.ScopeBase, w.filter(present("objectClass"))), &found{}); err != nil {
		t.Error(err)
	}
	held.Release()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := f.Hold(); resultOf(err) == nil {
		t.Errorf("hold of what is closed: %v", err)
	}
	if err := f.Search(w.query(suffix, schema.ScopeSub, w.filter(present("cn"))), &found{}); resultOf(err) == nil {
		t.Errorf("search of what is closed: %v", err)
	}
	if _, _, err := f.HoldState(); resultOf(err) == nil {
		t.Errorf("state of what is closed: %v", err)
	}
	if err := f.Changelog(1, func(schema.ChangeRecord) bool { return true }); resultOf(err) == nil {
		t.Errorf("changelog of what is closed: %v", err)
	}
	if f.Position() != (schema.Position{}) || f.Epochs() != nil || f.Stats() != (backend.Stats{}) {
		t.Error("what is closed still has a position")
	}
}

func TestMetricsAreThoseOfThePath(t *testing.T) {
	registry := prometheus.NewRegistry()
	f := newFollower(t, backend.Options{Registry: registry})
	f.now().must(add(suffix, "objectClass: organization"))
	commits := func() uint64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, fam := range families {
			if fam.GetName() == "utds_store_commit_changes" {
				return fam.GetMetric()[0].GetHistogram().GetSampleCount()
			}
		}
		return 0
	}
	before := commits()
	provider := generation(t, 1, 5)
	ended := make(chan struct{})
	if err := f.Refresh(context.Background(), strings.NewReader(provider.dump()), contentOf(provider), func() { <-ended }); err != nil {
		t.Fatal(err)
	}
	if n := metric(t, registry, "utds_store_entries"); n != 7 {
		t.Errorf("%v entries while both stores are open, want 7", n)
	}
	if n := metric(t, registry, "utds_store_snapshots"); n != 2 {
		t.Errorf("%v snapshots while both stores are open, want 2", n)
	}
	close(ended)
	f.now().must(person("x"))
	if n := commits(); n != before+1 {
		t.Errorf("%d commits, %d before", n, before)
	}
	if _, err := backend.Serve(f.path, backend.Options{Schema: storetest.Schema(t)}); !errors.Is(err, backend.ErrLocked) {
		t.Errorf("served twice: %v", err)
	}
	other := newMember(t, backend.Options{})
	storetest.Close(t, other.Store)
	if _, err := backend.Serve(other.path, backend.Options{Schema: storetest.Schema(t), Registry: registry}); err == nil {
		t.Error("one registry for two stores")
	}
	storetest.CloseServed(t, f.Served)
	families, err := registry.Gather()
	if err != nil || len(families) != 0 {
		t.Errorf("%d metrics are left (%v)", len(families), err)
	}
	again := storetest.Serve(t, other.path, backend.Options{Registry: registry})
	again.Confirmed(1)
}

// TestConfirmationsCountForTheNextStore trims by what was said before the store
// was replaced.
func TestConfirmationsCountForTheNextStore(t *testing.T) {
	provider := generation(t, 1, 5)
	f := newFollower(t, backend.Options{ChangelogMin: 3})
	f.Confirmed(provider.Position().Seq + 2)
	f.refreshes(provider)
	for i := range 20 {
		f.now().must(replace(people, "description", fmt.Sprint(i)))
	}
	if first := f.Stats().FirstChange; first != provider.Position().Seq+3 {
		t.Errorf("the changelog begins with %d, want %d", first, provider.Position().Seq+3)
	}
}

func TestServedSearchDoesNotAllocate(t *testing.T) {
	f := newFollower(t, backend.Options{})
	f.refreshes(generation(t, 1, 50))
	w := f.now()
	key, filter := w.key("cn=p007,"+people), w.filter(present("objectClass"))
	top, uid := w.key(suffix), w.filter(eq("cn", "p007"))
	q, n := &schema.Search{}, &counter{}
	search := func(base []byte, scope schema.Scope, f2 *schema.Filter) {
		q.Reset()
		q.Base, q.Scope, q.Filter = base, scope, f2
		if err := f.Search(q, n); err != nil {
			t.Fatal(err)
		}
	}
	allocs := testing.AllocsPerRun(100, func() {
		search(key, schema.ScopeBase, filter)
		search(top, schema.ScopeSub, uid)
	})
	if allocs != 0 || n.entries == 0 {
		t.Errorf("%v allocations, %d entries", allocs, n.entries)
	}
}

func TestServeMakesAStoreOrSaysWhyNot(t *testing.T) {
	s := newLoadPlace(t)
	if _, err := backend.Serve(s.path, backend.Options{Schema: storetest.Schema(t)}); !errors.Is(err, backend.ErrNotThere) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := backend.Serve(s.path, backend.Options{}); err == nil {
		t.Error("served without a schema")
	}
	v := storetest.Serve(t, s.path, backend.Options{Create: true})
	storetest.CloseServed(t, v)
	if _, err := backend.Serve(s.path, backend.Options{Create: true, Schema: storetest.Schema(t)}); !errors.Is(err, backend.ErrExists) {
		t.Errorf("made twice: %v", err)
	}
	reader := storetest.Serve(t, s.path, backend.Options{ReadOnly: true})
	if err := reader.Refresh(context.Background(), io.LimitReader(nil, 0), backend.RefreshOptions{ForeignProvider: true}, nil); resultOf(err) == nil {
		t.Errorf("refresh of a store that is open for reading: %v", err)
	}
	if err := reader.MarkFresh(); resultOf(err) == nil {
		t.Errorf("mark of a store that is open for reading: %v", err)
	}
}
