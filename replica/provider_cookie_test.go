package replica

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sunray-ds/utdsd/schema"
)

// grown is a store at change 21, with a log from change 11 on.
func grown(t *testing.T) *memSource {
	w := newMemSource(t)
	for i := range 20 {
		w.commit(func(c *commit) { c.add(fmt.Sprintf("cn=%d,%s", i, memSuffix)) })
	}
	w.trim(11)
	return w
}

func TestCookiesThatConsumersBring(t *testing.T) {
	w := grown(t)
	csnAt := func(seq uint64) string { return w.now.log[seq-1].CSN }
	posAt := func(seq uint64) schema.Position {
		return schema.Position{Epoch: w.now.at.Epoch, Seq: seq, Hash: w.now.log[seq-1].Hash}
	}
	other := posAt(15)
	other.Hash[0]++
	const delta, all, refused = "delta", "all", "refused"
	for _, c := range []struct {
		name, cookie string
		want         string // of a poll
		entries      int    // that are sent, with reload hint
	}{
		{"none", "", all, 21},
		{"a number of the consumer", "rid=017", all, 21},
		{"a change in the log", Cookie{RID: 17, CSN: csnAt(15)}.String(), delta, 6},
		{"the newest change", Cookie{RID: 17, CSN: csnAt(21)}.String(), delta, 0},
		{"just before the log, which no CSN tells", Cookie{RID: 17, CSN: csnAt(10)}.String(), refused, 21},
		{"a change that never was", "rid=017,csn=20301122184228.000015Z#000000#000#000000", refused, 21},
		{"a position in the log", Cookie{RID: 17, Position: posAt(15)}.String(), delta, 6},
		{"both", Cookie{RID: 17, CSN: csnAt(15), Position: posAt(15)}.String(), delta, 6},
		{"just before the log", Cookie{RID: 17, CSN: csnAt(10), Position: posAt(10)}.String(), delta, 11},
		{"before the log", Cookie{RID: 17, CSN: csnAt(9), Position: posAt(9)}.String(), refused, 21},
		{"a change that is there, of another state", Cookie{RID: 17, CSN: csnAt(15), Position: other}.String(), refused, 21},
		{"another epoch", Cookie{RID: 17, CSN: csnAt(15), Position: at('d', 15)}.String(), refused, 21},
		{"text", "cookie", refused, 21},
		{"a long text", strings.Repeat("x", 1<<20), refused, 21},
	} {
		for _, hint := range []bool{false, true} {
			p := w.provider(ProviderOptions{})
			k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
			k.cookie, k.blind = c.cookie, true
			q := k.request(schema.SyncRefreshOnly)
			q.ReloadHint = hint
			done, err := p.Sync(context.Background(), q, k)
			if c.want == refused && !hint {
				wantCode(t, err, schema.SyncRefreshRequired)
				continue
			}
			if err != nil || done.RefreshDeletes != (c.want == delta) || len(k.entries) != c.entries {
				t.Errorf("%s: %v, %+v, %d entries", c.name, err, done, len(k.entries))
			}
			got, err := ParseCookie(done.Cookie)
			rid := -1
			if strings.HasPrefix(c.cookie, "rid=") {
				rid = 17
			}
			if want := (Cookie{RID: rid, CSN: csnAt(21), Position: posAt(21)}); err != nil || got != want {
				t.Errorf("%s: the cookie is %q: %+v, %v", c.name, done.Cookie, got, err)
			}
		}
	}
}

func TestCookiesOfAnEarlierEpoch(t *testing.T) {
	w := grown(t)
	p := w.provider(ProviderOptions{})
	k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
	k.poll(p)
	w.promote()
	w.commit(func(c *commit) { c.add("cn=new," + memSuffix) })
	done, err := p.Sync(context.Background(), k.request(schema.SyncRefreshOnly), k)
	if err != nil || !done.RefreshDeletes || len(k.present) != 1 {
		t.Errorf("%+v, %v, %d entries", done, err, len(k.present))
	}
	k.check(w, "after a promotion")
}

// The newest change is known even if the log has nothing at all.
func TestCookieOfAStoreWithAnEmptyLog(t *testing.T) {
	w := grown(t)
	w.trim(100)
	p := w.provider(ProviderOptions{})
	k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
	k.cookie = Cookie{RID: -1, CSN: w.now.csn}.String()
	done, err := p.Sync(context.Background(), k.request(schema.SyncRefreshOnly), k)
	if err != nil || !done.RefreshDeletes || len(k.entries) != 0 {
		t.Errorf("%+v, %v, %d entries", done, err, len(k.entries))
	}
}

func TestAConsumerThatIsOvertaken(t *testing.T) {
	for name, overtake := range map[string]func(w *memSource){
		"by the trimming of the log": func(w *memSource) {
			w.commit(func(c *commit) { c.add("cn=x," + memSuffix); c.add("cn=y," + memSuffix); c.oldest = c.at.Seq })
		},
		"by too many changes": func(w *memSource) {
			w.commit(func(c *commit) {
				for i := range 30 {
					c.add(fmt.Sprintf("cn=x%d,%s", i, memSuffix))
				}
			})
		},
		"by another epoch": func(w *memSource) { w.promote() },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := grown(t)
			p := w.provider(ProviderOptions{MaxChanges: 25})
			k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
			k.begin(p)
			defer k.stop()
			overtake(w)
			synctest.Wait()
			err, over := k.over()
			if !over {
				t.Fatalf("%s: the session goes on", name)
			}
			wantCode(t, err, schema.SyncRefreshRequired)
			k.begin(p)
			k.check(w, name)
		})
	}
}

func TestAConsumerWhoseBaseIsGone(t *testing.T) {
	w := grown(t)
	p := w.provider(ProviderOptions{})
	k := newCopy(t, w.search("cn=19,"+memSuffix, schema.ScopeSub, ""), nil)
	k.poll(p)
	w.commit(func(c *commit) { c.rename("cn=19,"+memSuffix, "cn=elsewhere,"+memSuffix) })
	cookie, had := k.cookie, k.entries
	k.poll(p)
	k.check(w, "told of the difference")
	w.trim(100)
	k.cookie, k.entries = cookie, had
	q := k.request(schema.SyncRefreshOnly)
	q.ReloadHint = true
	done, err := p.Sync(context.Background(), q, k)
	if err != nil {
		t.Fatal(err)
	}
	k.refreshed(done.RefreshDeletes)
	k.check(w, "told of everything")
	k.cookie = ""
	_, err = p.Sync(context.Background(), k.request(schema.SyncRefreshOnly), k)
	if err == nil || !strings.Contains(err.Error(), "32") {
		t.Errorf("without a cookie: %v", err)
	}
}

// A consumer is told the name that it knows, and not where an entry went.
func TestNamesOfWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		p := w.provider(ProviderOptions{})
		w.commit(func(c *commit) {
			for _, dn := range []string{"cn=a", "cn=b,cn=a", "cn=c,cn=b,cn=a", "cn=z"} {
				c.add(dn + "," + memSuffix)
			}
		})
		k := newCopy(t, w.search("cn=a,"+memSuffix, schema.ScopeSub, ""), nil)
		k.begin(p)
		defer k.stop()
		k.story = nil
		w.commit(func(c *commit) { c.rename("cn=b,cn=a,"+memSuffix, "cn=hidden,cn=z,"+memSuffix) })
		synctest.Wait()
		k.check(w, "after the rename")
		story := strings.Join(k.story, "\n")
		below, top := strings.Index(story, " cn=c,cn=b,cn=a,"), strings.Index(story, " cn=b,cn=a,")
		if strings.Contains(story, "hidden") || below < 0 || top < below {
			t.Errorf("what was sent:\n%s", story)
		}
	})
}
