package backend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

func TestScopes(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann"))
	w.must(add("ou=a,"+people, "objectClass: organizationalUnit"))
	w.must(add("ou=b,ou=a,"+people, "objectClass: organizationalUnit"))
	w.must(add("ou=people2,"+suffix, "objectClass: organizationalUnit"))
	any := w.filter(present("objectClass"))
	w.finds(w.query(people, schema.ScopeBase, any), people)
	w.finds(w.query(people, schema.ScopeOne, any), "cn=ann,"+people, "ou=a,"+people)
	w.finds(w.query(people, schema.ScopeSub, any), people, "cn=ann,"+people, "ou=a,"+people, "ou=b,ou=a,"+people)
	w.finds(w.query(people, schema.ScopeChildren, any), "cn=ann,"+people, "ou=a,"+people, "ou=b,ou=a,"+people)
	w.finds(w.query(suffix, schema.ScopeOne, any), people, "ou=people2,"+suffix)
	w.finds(w.query("ou=b,ou=a,"+people, schema.ScopeOne, any))
	if n := len(w.finds(w.query(suffix, schema.ScopeChildren, any), people, "cn=ann,"+people, "ou=a,"+people, "ou=b,ou=a,"+people, "ou=people2,"+suffix).dns); n != 5 {
		t.Errorf("children of the suffix: %d", n)
	}
}

func TestSearchOfWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	for base, matched := range map[string]string{"cn=x,cn=y," + people: people, "ou=none," + suffix: suffix, "o=other": "", "cn=x,o=other": ""} {
		for scope := schema.ScopeBase; scope <= schema.ScopeChildren; scope++ {
			_, err := w.search(w.query(base, scope, w.filter(present("objectClass"))))
			if r := resultOf(err); r == nil || r.Code != schema.NoSuchObject || r.MatchedDN != matched {
				t.Errorf("%q: %v, want noSuchObject with matchedDN %q", base, r, matched)
			}
		}
	}
	if err := w.Get(w.key("cn=x,"+people), func(*schema.View) error { return nil }); resultOf(err).MatchedDN != people {
		t.Errorf("get: %v", err)
	}
}

// TestEveryPlanFindsTheSame asks the same questions of a store with indexes
// and of one without.
func TestEveryPlanFindsTheSame(t *testing.T) {
	stores := []*world{newWorld(t), newWorldWith(t, backend.Options{}),
		newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"sn"}, Sub: []string{"sn", "cn", "mail"}}}),
		newWorldWith(t, backend.Options{Indexes: backend.Indexes{Eq: []string{"objectClass", "sn", "cn", "mail"}}})}
	for _, w := range stores {
		w.fill(300)
		for i := range 40 {
			name := fmt.Sprintf("odd %d", i)
			w.must(person(name, "uid: odd", fmt.Sprintf("description: group %d", i%4), "cn;lang-de: Kauz "+fmt.Sprint(i)))
		}
		w.must(person("long", "description: "+strings.Repeat("x", 2000), "uid: "+strings.Repeat("long", 300)))
		w.must(person("nul", "uid: a\x00b"))
		w.must(person("a", "uid: a"))
	}
	sub := func(attr string, parts ...schema.SubstringPart) func(w *world) *schema.Filter {
		return func(w *world) *schema.Filter {
			return w.filter(item(schema.FilterSubstrings, attr, ""), parts...)
		}
	}
	part := func(at schema.PartKind, text string) schema.SubstringPart {
		return schema.SubstringPart{At: at, Value: []byte(text)}
	}
	tree := func(nodes []schema.FilterNode) func(w *world) *schema.Filter {
		return func(w *world) *schema.Filter { return w.filter(nodes) }
	}
	and, or, not := schema.FilterAnd, schema.FilterOr, schema.FilterNot
	for i, c := range []struct {
		filter func(w *world) *schema.Filter
		count  int
	}{
		{tree(eq("uid", "user000123")), 1},
		{tree(eq("uid", "USER000123")), 1},
		{tree(eq("uid", "odd")), 40},
		{tree(eq("uid", "a")), 1},
		{tree(eq("uid", "a\x00b")), 1},
		{tree(eq("uid", strings.Repeat("long", 300))), 1},
		{tree(eq("uid", strings.Repeat("long", 299))), 0},
		{tree(eq("uid", "none")), 0},
		{tree(eq("nonsense", "x")), 0},
		{tree(eq("objectClass", "person")), 343},
		{tree(eq("objectClass", "top")), 345},
		{tree(eq("objectClass", "organizationalUnit")), 1},
		{tree(eq("cn", "odd 7")), 1},
		{tree(eq("cn;lang-de", "kauz 7")), 1},
		{tree(eq("cn", "kauz 7")), 1},
		{tree(eq("name", "odd 7")), 1},
		{tree(set(and, eq("objectClass", "inetOrgPerson"), eq("uid", "odd"), eq("description", "group 3"))), 10},
		{tree(set(and, eq("objectClass", "person"), set(not, eq("uid", "odd")))), 303},
		{tree(set(or, eq("uid", "odd"), eq("cn", "odd 3"), eq("cn", "user000003"))), 41},
		{tree(set(or, eq("uid", "odd"), eq("description", "group 1"))), 40},
		{tree(set(or, eq("nonsense", "odd"), eq("uid", "user000001"))), 1},
		{tree(set(and, eq("nonsense", "odd"), eq("uid", "user000001"))), 0},
		{tree(set(and)), 345},
		{tree(set(or)), 0},
		{tree(set(and, set(or, eq("uid", "user000005"), eq("uid", "user000006")), set(or, eq("cn", "user000006"), eq("cn", "user000007")))), 1},
		{tree(set(not, eq("nonsense", "x"))), 0},
		{sub("cn", part(schema.PartInitial, "user0001")), 100},
		{sub("cn", part(schema.PartFinal, "0123")), 1},
		{sub("cn", part(schema.PartInitial, "ODD"), part(schema.PartFinal, "3")), 4},
		{sub("cn", part(schema.PartAny, "r0"), part(schema.PartAny, "02")), 112},
		{sub("mail", part(schema.PartAny, "@EXAMPLE."), part(schema.PartFinal, "org")), 300},
		{sub("cn", part(schema.PartAny, "zzz")), 0},
		{sub("cn", part(schema.PartInitial, "ka")), 40},
	} {
		for _, base := range []string{suffix, people} {
			var want []string
			for n, w := range stores {
				f, err := w.search(w.query(base, schema.ScopeSub, c.filter(w)))
				if err != nil {
					t.Fatal(err)
				}
				got := slices.Sorted(slices.Values(f.dns))
				if n == 0 {
					want = got
				}
				if !slices.Equal(got, want) {
					t.Errorf("case %d, base %s: store %d finds %d entries, the first one %d", i, base, n, len(got), len(want))
				}
			}
			if base == suffix && len(want) != c.count {
				t.Errorf("case %d finds %d entries, want %d: %q", i, len(want), c.count, want)
			}
		}
	}
}

func TestSlicesGoOnWhileEntriesChange(t *testing.T) {
	for _, c := range []struct {
		what   string
		base   string
		filter []schema.FilterNode
		scope  schema.Scope
	}{
		{"all entries", suffix, present("cn"), schema.ScopeSub},
		{"a range of the tree", people, present("cn"), schema.ScopeSub},
		{"one level", people, present("cn"), schema.ScopeOne},
		{"a list of ids", suffix, eq("uid", "few"), schema.ScopeSub},
		{"an index", suffix, eq("uid", "many"), schema.ScopeSub},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			n := 60
			if c.what == "an index" {
				w.fill(20000) // so that 4,500 are worth an index
				n = 4500
			}
			done := make(chan struct{}, n)
			uid := "uid: few"
			if n > 60 {
				uid = "uid: many"
			}
			for i := range n {
				w.Apply(t.Context(), person(fmt.Sprintf("member%05d", i), uid), func(schema.ChangeDone) { done <- struct{}{} })
			}
			for range n {
				<-done
			}
			q := w.query(c.base, c.scope, w.filter(c.filter))
			if n == 60 {
				q.Examine = 7
			} else {
				q.Examine = 1000
			}
			f := &found{}
			slices, deleted, step := 0, 0, 0
			f.every = func() schema.Next {
				if step++; step%5 == 0 && n == 60 {
					return schema.Pause
				}
				return schema.Continue
			}
			for !q.Resume.Done {
				if err := w.Search(q, f); err != nil {
					t.Fatal(err)
				}
				slices++
				switch slices { // behind and before the place of the search
				case 2:
					w.must(remove(fmt.Sprintf("cn=member%05d,%s", n-1, people)))
					w.must(remove("cn=member00000," + people))
					deleted++
				case 3:
					w.must(replace("cn=member00001,"+people, "description", "changed"))
					w.must(replace(fmt.Sprintf("cn=member%05d,%s", n-2, people), "description", "changed"))
				}
			}
			seen := map[string]int{}
			for _, dn := range f.dns {
				if strings.HasPrefix(dn, "cn=member") {
					seen[dn]++
				}
			}
			if slices < 4 || len(seen) != n-deleted {
				t.Errorf("%d slices found %d members, want %d", slices, len(seen), n-deleted)
			}
			for dn, times := range seen {
				if times != 1 {
					t.Errorf("%q was found %d times", dn, times)
				}
			}
			if q.Examined < len(seen) {
				t.Errorf("%d candidates examined for %d entries", q.Examined, len(seen))
			}
		})
	}
}

func TestStopEndsASearch(t *testing.T) {
	w := newWorld(t)
	w.fill(10)
	f := &found{every: func() schema.Next { return schema.Stop }}
	q := w.query(suffix, schema.ScopeSub, w.filter(present("cn")))
	if err := w.Search(q, f); err != nil || !q.Resume.Done || len(f.dns) != 1 {
		t.Errorf("after Stop: done %v, %d entries, %v", q.Resume.Done, len(f.dns), err)
	}
	if err := w.Search(q, f); err != nil || len(f.dns) != 1 {
		t.Errorf("another slice after the end: %d entries, %v", len(f.dns), err)
	}
	q.Reset()
	q.Base, q.Scope, q.Filter = w.key("cn=user000004,"+people), schema.ScopeBase, w.filter(present("cn"))
	w.finds(q, "cn=user000004,"+people)
}

func TestComputedAttributes(t *testing.T) {
	w := newWorld(t)
	w.fill(5)
	w.must(add("cn=x,cn=user000002,"+people, "objectClass: person", "sn: x"))
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("numSubordinates", "5"))), people)
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(set(schema.FilterAnd, eq("hasSubordinates", "TRUE"), present("sn")))), "cn=user000002,"+people)
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("contextCSN", w.ContextCSN()))), suffix)
	err := w.Get(w.key(people), func(v *schema.View) error {
		if n := v.Live.NumSubordinates(v.Key, 3); n != 3 {
			t.Errorf("%d subordinates counted, want to stop at 3", n)
		}
		return schema.Refuse(schema.CompareFalse, "mine")
	})
	if r := resultOf(err); r == nil || r.Code != schema.CompareFalse || r.Diagnostic != "mine" {
		t.Errorf("error of the caller came back as %v", err)
	}
}

func TestPanicOfAReceiverIsNotSwallowed(t *testing.T) {
	w := newWorld(t)
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("recovered %v", p)
			}
		}()
		f := &found{every: func() schema.Next { panic("mine") }}
		_ = w.Search(w.query(suffix, schema.ScopeBase, w.filter(present("o"))), f)
	}()
	w.finds(w.query(suffix, schema.ScopeBase, w.filter(present("o"))), suffix)
}
