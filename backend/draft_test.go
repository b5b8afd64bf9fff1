package backend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// TestDraftsChangeNothing makes the same random changes one by one in one store,
// and hundreds at a time, most of them with drafts, in another.
func TestDraftsChangeNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var held, stale atomic.Int64
	var now atomic.Int64 // the same in both stores
	clock := func() time.Time { return time.Unix(1700000000+now.Load(), 0) }
	path := filepath.Join(t.TempDir(), "drafts")
	o := backend.Options{Create: true, Indexes: indexes, Clock: clock}
	drafts := &world{t, storetest.Open(t, path, backend.OnDraft(o, func(ok bool) {
		if ok {
			held.Add(1)
		} else {
			stale.Add(1)
		}
	})), storetest.Schema(t)}
	alone := newWorldWith(t, backend.Options{Indexes: indexes, Clock: clock})
	drafts.must(add(suffix, "objectClass: organization", "o: utdata"))
	drafts.must(add(people, "objectClass: organizationalUnit"))
	const entries = 150
	name := func() string { return fmt.Sprintf("cn=p%d,%s", r.IntN(entries), people) }
	for i := range entries {
		for _, w := range []*world{drafts, alone} {
			w.must(person(fmt.Sprintf("p%d", i), "uid: u", "description: first"))
		}
	}
	change := func() *schema.Change {
		dn := name()
		switch r.IntN(40) {
		case 0:
			return remove(dn)
		case 1:
			return person(strings.TrimPrefix(strings.TrimSuffix(dn, ","+people), "cn="), "uid: again")
		case 2:
			return rename(dn, fmt.Sprintf("cn=p%d", r.IntN(entries)))
		case 3:
			return replace(dn, "uid") // may have none already
		case 4:
			return replace(dn, "sn") // must have one
		case 5:
			return replace(dn, "cn", "not its name")
		case 6:
			return replace(strings.Replace(dn, "cn=", "CN= ", 1), "description", "by another spelling")
		}
		return replace(dn, []string{"description", "uid", "mail"}[r.IntN(3)], fmt.Sprintf("v%d@x.org", r.IntN(50)))
	}
	for round := range 12 {
		now.Add(1)
		changes := make([]*schema.Change, 400)
		for i := range changes {
			changes[i] = change()
			changes[i].Actor = admin
		}
		got := drafts.together(changes...)
		for i, c := range changes {
			again := *c
			again.Mods = slices.Clone(c.Mods)
			want := alone.do(&again)
			if got[i].Result.Code != want.Result.Code || got[i].Result.Diagnostic != want.Result.Diagnostic || got[i].Result.MatchedDN != want.Result.MatchedDN {
				t.Fatalf("round %d, change %d of %q: %v, alone %v", round, i, c.DN, &got[i].Result, &want.Result)
			}
		}
		same(t, drafts, alone)
	}
	t.Logf("%d drafts held, %d did not", held.Load(), stale.Load())
	if held.Load() < 500 || stale.Load() < 50 {
		t.Error("too few drafts held, or too few did not, to show anything")
	}
	var records int
	err := drafts.Changelog(1, func(backend.ChangeRecord) bool { records++; return true })
	if err != nil || uint64(records) != drafts.Position().Seq {
		t.Errorf("%d records of %d, %v", records, drafts.Position().Seq, err)
	}
	storetest.Check(t, drafts.Store)
}

// same compares all people but for what tells of the moment: ids and CSNs.
func same(t *testing.T, a, b *world) {
	t.Helper()
	all := func(w *world) map[string]string {
		out := map[string]string{}
		f, err := w.search(w.query(people, schema.ScopeSub, w.filter(present("objectClass"))))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range f.views {
			out[string(v.DN)] = fmt.Sprintf("%q %s %s", v.User, value(v, "modifyTimestamp"), value(v, "modifiersName"))
		}
		return out
	}
	of := all(b)
	for dn, text := range all(a) {
		if of[dn] != text {
			t.Fatalf("%s is\n%s and alone\n%s", dn, text, of[dn])
		}
		delete(of, dn)
	}
	for dn := range of {
		t.Fatalf("%s is missing", dn)
	}
}

// TestDraftsAreMadeByManyAtOnce: callers from everywhere, as connections are.
func TestDraftsAreMadeByManyAtOnce(t *testing.T) {
	var held atomic.Int64
	o := backend.OnDraft(backend.Options{Indexes: indexes}, func(ok bool) {
		if ok {
			held.Add(1)
		}
	})
	w := newWorldWith(t, o)
	const callers, own, each = 16, 10, 40
	for i := range callers * own {
		w.must(person(fmt.Sprintf("c%d", i), "description: 0"))
	}
	release := w.hold()
	results := make(chan schema.ChangeDone, callers*each)
	started := make(chan struct{})
	for i := range callers {
		go func() {
			for n := range each {
				c := replace(fmt.Sprintf("cn=c%d,%s", i*own+n%own, people), "description", fmt.Sprint(n+1))
				c.Actor = admin
				w.Apply(context.Background(), c, func(d schema.ChangeDone) { results <- d })
			}
			started <- struct{}{}
		}()
	}
	for range callers {
		<-started
	}
	release()
	var last uint64
	for range callers * each {
		d := <-results
		if d.Result.Code != schema.Success || d.Position.Seq != last+1 && last != 0 {
			t.Fatalf("%v at %d after %d", &d.Result, d.Position.Seq, last)
		}
		last = d.Position.Seq
	}
	for i := range callers * own {
		want := fmt.Sprint(each - own + i%own + 1)
		if got := value(w.get(fmt.Sprintf("cn=c%d,%s", i, people)), "description"); got != want {
			t.Errorf("the last change of c%d is %s, not %s", i, got, want)
		}
	}
	if held.Load() < callers {
		t.Errorf("only %d drafts held", held.Load())
	}
}

// TestDraftsMeetDamage: a page that a draft cannot read is the draft's end, and
// not that of the writer, who waits for it.
func TestDraftsMeetDamage(t *testing.T) {
	var held atomic.Int64
	path := filepath.Join(t.TempDir(), "damage")
	o := backend.OnDraft(backend.Options{Create: true, Indexes: indexes}, func(bool) { held.Add(1) })
	w := &world{t, storetest.Open(t, path, o), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization", "o: utdata"))
	w.must(add(people, "objectClass: organizationalUnit"))
	const entries = 200
	w.fill(entries)
	release := w.hold()
	// The snapshot still reads this page; the commit that is held up has another.
	page, err := backend.RootOf(path, "id2entry")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(page) * int64(os.Getpagesize())
	was := make([]byte, 16)
	if _, err := f.ReadAt(was, at); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 16), at); err != nil {
		t.Fatal(err)
	}
	results := make(chan schema.ChangeDone, entries)
	for i := range entries {
		c := replace(fmt.Sprintf("cn=user%06d,%s", i, people), "description", "new")
		c.Actor = admin
		w.Apply(t.Context(), c, func(d schema.ChangeDone) { results <- d })
	}
	if _, err := f.WriteAt(was, at); err != nil {
		t.Fatal(err)
	}
	release()
	for range entries {
		if d := <-results; d.Result.Code != schema.Success {
			t.Fatal(&d.Result)
		}
	}
	if held.Load() > 0 {
		t.Errorf("%d drafts were made from a damaged page", held.Load())
	}
}
