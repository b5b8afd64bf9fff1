package replica

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/sunray-ds/utdsd/schema"
)

// watched is the client of a persistent search.
type watched struct {
	t     testing.TB
	blind bool
	seen  []string
	after int // which Change is answered by Stop; 0: none
}

func (w *watched) Entry(v *schema.View, _ schema.SyncState, _ string) (schema.Next, bool) {
	w.t.Errorf("%s with a state", v.DN)
	return schema.Continue, true
}
func (w *watched) Gone(dn string, _ schema.UUID, _ string) { w.t.Errorf("%s is gone", dn) }
func (w *watched) Intermediate(oid string, _ []byte)       { w.t.Errorf("message %s", oid) }
func (w *watched) Flush() error                            { return nil }

func (w *watched) Change(v *schema.View, rec *schema.ChangeRecord) (schema.Next, bool) {
	switch {
	case v == nil:
		w.seen = append(w.seen, fmt.Sprintf("%d %s", rec.Kind, rec.DN))
	case w.blind && slices.Contains([]string{"cn=secret," + memSuffix}, string(v.DN)):
		return schema.Continue, false
	case rec == nil:
		w.seen = append(w.seen, "there "+string(v.DN))
	default:
		w.seen = append(w.seen, fmt.Sprintf("%d %s", rec.Kind, v.DN))
	}
	if len(w.seen) == w.after {
		return schema.Stop, true
	}
	return schema.Pause, true
}

func TestPersistentSearches(t *testing.T) {
	const s = "," + memSuffix
	all := schema.Watch{Kinds: 15}
	steps := []func(c *commit){
		func(c *commit) { c.add("cn=b"+s, "description: x"); c.add("cn=c" + s) },
		func(c *commit) { c.modify("cn=a"+s, "description: y") },
		func(c *commit) { c.modify("cn=c"+s, "description: x"); c.rename("cn=c"+s, "cn=d"+s) },
		func(c *commit) { c.add("cn=e,cn=b"+s, "description: x"); c.rename("cn=b"+s, "cn=f"+s) },
		func(c *commit) { c.add("cn=short" + s); c.delete("cn=short" + s) },
		func(c *commit) { c.delete("cn=e,cn=f" + s); c.delete("cn=f" + s); c.delete("cn=a" + s) },
	}
	for name, c := range map[string]struct {
		base   string
		scope  schema.Scope
		filter string
		watch  schema.Watch
		blind  bool
		want   []string
	}{
		"everything": {memSuffix, schema.ScopeSub, "", all, false, []string{"there " + memSuffix, "there cn=a" + s, "there cn=secret" + s,
			"1 cn=b" + s, "1 cn=c" + s, "3 cn=a" + s, "3 cn=d" + s, "4 cn=d" + s, "1 cn=e,cn=f" + s, "4 cn=f" + s, "2 cn=e,cn=f" + s, "2 cn=f" + s, "2 cn=a" + s}},
		"only changes, and only adds": {memSuffix, schema.ScopeSub, "", schema.Watch{Kinds: 1, ChangesOnly: true}, false,
			[]string{"1 cn=b" + s, "1 cn=c" + s, "1 cn=e,cn=f" + s}},
		"only deletes of what matches": {memSuffix, schema.ScopeSub, "description=x", schema.Watch{Kinds: 2, ChangesOnly: true}, false,
			[]string{"2 cn=e,cn=f" + s, "2 cn=f" + s}},
		"by filter": {memSuffix, schema.ScopeSub, "description=x", all, false, []string{"there cn=a" + s,
			"1 cn=b" + s, "3 cn=d" + s, "4 cn=d" + s, "1 cn=e,cn=f" + s, "4 cn=f" + s, "2 cn=e,cn=f" + s, "2 cn=f" + s}},
		"below a name that comes": {"cn=f" + s, schema.ScopeSub, "", schema.Watch{Kinds: 15, ChangesOnly: true}, false, nil}, // no such base
		"an entry":                {"cn=a" + s, schema.ScopeBase, "", all, false, []string{"there cn=a" + s, "3 cn=a" + s, "2 cn=a" + s}},
		"what may be seen": {memSuffix, schema.ScopeSub, "", schema.Watch{Kinds: 2}, true, []string{"there " + memSuffix, "there cn=a" + s,
			"2 cn=e,cn=f" + s, "2 cn=f" + s, "2 cn=a" + s}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemSource(t)
			w.commit(func(c *commit) { c.add("cn=a"+s, "description: x"); c.add("cn=secret" + s) })
			p := w.provider(ProviderOptions{})
			k := &watched{t: t, blind: c.blind}
			ctx, cancel := context.WithCancel(context.Background())
			end := make(chan error, 1)
			go func() {
				_, err := p.Sync(ctx, &schema.SyncRequest{Search: w.search(c.base, c.scope, c.filter), Watch: &c.watch}, k)
				end <- err
			}()
			synctest.Wait()
			for _, step := range steps {
				w.commit(step)
				synctest.Wait()
			}
			if c.blind {
				w.commit(func(c *commit) { c.delete("cn=secret" + s) })
				synctest.Wait()
			}
			cancel()
			if err := <-end; err == nil {
				t.Errorf("%s: ended without a reason", name)
			}
			if !slices.Equal(k.seen, c.want) {
				t.Errorf("%s:\n%q, want\n%q", name, k.seen, c.want)
			}
		})
	}
}

// What comes with a renamed subtree is not told of, but what happens to it then.
func TestPersistentSearchOfASubtreeThatAnotherJoins(t *testing.T) {
	const s = "," + memSuffix
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		w.commit(func(c *commit) { c.add("cn=a" + s); c.add("cn=b" + s); c.add("cn=c,cn=b" + s); c.add("cn=d,cn=b" + s) })
		p := w.provider(ProviderOptions{})
		k := &watched{t: t}
		ctx, cancel := context.WithCancel(context.Background())
		end := make(chan error, 1)
		go func() {
			q := &schema.SyncRequest{Search: w.search("cn=a"+s, schema.ScopeSub, ""), Watch: &schema.Watch{Kinds: 15, ChangesOnly: true}}
			_, err := p.Sync(ctx, q, k)
			end <- err
		}()
		synctest.Wait()
		for _, step := range []func(c *commit){
			func(c *commit) { c.rename("cn=b"+s, "cn=b,cn=a"+s) },
			func(c *commit) { c.delete("cn=c,cn=b,cn=a" + s) },
			func(c *commit) { c.rename("cn=b,cn=a"+s, "cn=b"+s) },
			func(c *commit) { c.delete("cn=d,cn=b" + s) },
		} {
			w.commit(step)
			synctest.Wait()
		}
		cancel()
		if err := <-end; err == nil {
			t.Error("ended without a reason")
		}
		if want := []string{"4 cn=b,cn=a" + s, "2 cn=c,cn=b,cn=a" + s}; !slices.Equal(k.seen, want) {
			t.Errorf("%q, want %q", k.seen, want)
		}
	})
}

func TestPersistentSearchBeyondItsSize(t *testing.T) {
	w := newMemSource(t)
	p := w.provider(ProviderOptions{})
	k := &watched{t: t, after: 1}
	_, err := p.Sync(context.Background(), &schema.SyncRequest{Search: w.search(memSuffix, schema.ScopeSub, ""), Watch: &schema.Watch{Kinds: 15}}, k)
	if err == nil || len(k.seen) != 1 {
		t.Errorf("%v, %q", err, k.seen)
	}
}
