package replica

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sunray-ds/utdsd/schema"
)

// gardener makes random changes. Names are few, so that they are used again.
type gardener struct {
	*rand.Rand
	used map[string]bool // names that inner entries had, or got, in this commit
	calm bool            // names of inner entries are not used again at once
}

func (g *gardener) pick(c *commit) string {
	list := slices.Sorted(maps.Keys(c.keys))
	return c.entries[c.keys[list[g.IntN(len(list))]]].dn
}

func (g *gardener) name(c *commit) string {
	under := g.pick(c)
	if strings.Count(under, ",") > 3 {
		under = memSuffix
	}
	return fmt.Sprintf("cn=%c,%s", 'a'+rune(g.IntN(5)), under)
}

func (g *gardener) attrs() (list []string) {
	if g.IntN(2) == 0 {
		list = append(list, "description: x")
	}
	if g.IntN(4) == 0 {
		list = append(list, "description: "+hiddenMark)
	}
	return append(list, fmt.Sprintf("l: %d", g.IntN(1000)))
}

// change makes one change if it can be made.
func (g *gardener) change(c *commit) {
	dn, to := g.pick(c), g.name(c)
	free := !c.exists(to) && !(g.calm && g.used[string(c.w.key(to))])
	switch g.IntN(6) {
	case 0, 1:
		if free {
			c.add(to, g.attrs()...)
		}
	case 2:
		c.modify(dn, g.attrs()...)
	case 3:
		if dn != memSuffix && !c.inner(c.w.key(dn)) {
			c.delete(dn)
		}
	default:
		if dn == memSuffix || !free || schema.KeyUnder(c.w.key(to), c.w.key(dn)) {
			return
		}
		if c.inner(c.w.key(dn)) {
			g.used[string(c.w.key(dn))], g.used[string(c.w.key(to))] = true, true
		}
		c.rename(dn, to)
	}
}

func (g *gardener) commit(w *memSource, most int) {
	g.used = map[string]bool{}
	w.commit(func(c *commit) {
		for range 1 + g.IntN(most) {
			g.change(c)
		}
	})
}

// saved is what a consumer had at some time.
type saved struct {
	cookie  string
	entries map[schema.UUID]string
}

// searches are of all kinds of content.
func (w *memSource) searches() map[string]*schema.Search {
	return map[string]*schema.Search{
		"everything":          w.search(memSuffix, schema.ScopeSub, ""),
		"by filter":           w.search(memSuffix, schema.ScopeSub, "description=x"),
		"below the suffix":    w.search(memSuffix, schema.ScopeChildren, ""),
		"a subtree":           w.search("cn=a,"+memSuffix, schema.ScopeSub, ""),
		"a subtree by filter": w.search("cn=b,"+memSuffix, schema.ScopeSub, "description=x"),
		"one level":           w.search("cn=c,"+memSuffix, schema.ScopeOne, ""),
		"the first level":     w.search(memSuffix, schema.ScopeOne, ""),
		"one entry":           w.search("cn=a,cn=b,"+memSuffix, schema.ScopeBase, ""),
	}
}

// Whatever changes, whenever they come back and with whatever they had, all
// consumers end with what a search finds.
func TestConsumersConverge(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { converge(t, seed) })
		})
	}
}

func converge(t *testing.T, seed uint64) {
	w := newMemSource(t)
	g := &gardener{Rand: rand.New(rand.NewPCG(seed, 4533))}
	p := w.provider(ProviderOptions{MaxChanges: 25})
	var all []*copied
	names := map[*copied]string{}
	past := map[*copied][]saved{}
	for _, blind := range []bool{false, true} {
		for name, q := range w.searches() {
			c := newCopy(t, q, rand.New(rand.NewPCG(seed, uint64(len(name)))))
			c.blind = blind
			names[c] = fmt.Sprintf("%s, blind %v", name, blind)
			all = append(all, c)
			defer c.stop()
		}
	}
	slices.SortFunc(all, func(a, b *copied) int { return strings.Compare(names[a], names[b]) })
	for range 60 {
		g.commit(w, 8)
		switch g.IntN(25) {
		case 0:
			w.trim(w.now.oldest + uint64(g.IntN(30)))
		case 1:
			w.promote()
		}
		synctest.Wait()
		for _, c := range all {
			g.visit(w, p, c, past[c])
			c.check(w, fmt.Sprintf("%s at %d", names[c], w.now.at.Seq))
			past[c] = append(past[c], saved{c.cookie, maps.Clone(c.entries)})
			c.story = nil
		}
	}
}

// visit lets a consumer come to what is now: by following, by coming back with
// what it had earlier, or by a poll.
func (g *gardener) visit(w *memSource, p *Provider, c *copied, past []saved) {
	following := c.cancel != nil
	if following {
		if _, over := c.over(); !over && g.IntN(4) > 0 {
			return // the session goes on
		}
		c.stop()
	}
	if len(past) > 0 && g.IntN(3) == 0 {
		s := past[g.IntN(len(past))]
		c.cookie, c.entries = s.cookie, maps.Clone(s.entries)
	}
	if g.IntN(2) == 0 {
		c.poll(p)
		return
	}
	c.begin(p)
	if _, over := c.over(); over { // there is no base: nothing can be followed
		c.poll(p)
	}
}

// A consumer that is a directory itself can make the changes one by one.
func TestChangesComeInAnOrderThatCanBeFollowed(t *testing.T) {
	commits, circles := 0, 0
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			w := newMemSource(t)
			g := &gardener{Rand: rand.New(rand.NewPCG(seed, 1)), calm: true}
			p := w.provider(ProviderOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
			c := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
			c.strict = newStrictTree(w.key(memSuffix))
			c.begin(p)
			defer c.stop()
			for range 40 {
				away := g.IntN(4) == 0
				if away {
					c.stop()
				}
				g.commit(w, 12)
				if away {
					c.begin(p)
				}
				synctest.Wait()
				commits++
				c.check(w, fmt.Sprintf("seed %d at %d", seed, w.now.at.Seq))
				if log.Len() > 0 { // there was no order; the provider says so
					circles++
					c.strict.replace(w.now)
				}
				for _, fault := range c.strict.faults {
					t.Fatalf("seed %d: %s\nwhat was sent:\n%s", seed, fault, strings.Join(c.story, "\n"))
				}
				log.Reset()
				c.story = nil
			}
		})
	}
	if circles > commits/1000 {
		t.Errorf("no order for %d of %d commits", circles, commits)
	}
}

// Where there is no order nothing that has something below it is taken away, the
// provider says so, and who knows entries by UUID has the right content.
func TestChangesThatHaveNoOrder(t *testing.T) {
	const s = "," + memSuffix
	for name, c := range map[string]struct {
		before, change func(c *commit)
		ordered        bool
		away           int
	}{
		"two leaves": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b" + s) },
			func(c *commit) {
				c.rename("cn=a"+s, "cn=t"+s)
				c.rename("cn=b"+s, "cn=a"+s)
				c.rename("cn=t"+s, "cn=b"+s)
			}, true, 1},
		"a leaf and a subtree": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b" + s); c.add("cn=x,cn=b" + s) },
			func(c *commit) {
				c.rename("cn=a"+s, "cn=t"+s)
				c.rename("cn=b"+s, "cn=a"+s)
				c.rename("cn=t"+s, "cn=b"+s)
			}, true, 1},
		"two subtrees": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b" + s); c.add("cn=x,cn=b" + s); c.add("cn=x,cn=a" + s) },
			func(c *commit) {
				c.rename("cn=a"+s, "cn=t"+s)
				c.rename("cn=b"+s, "cn=a"+s)
				c.rename("cn=t"+s, "cn=b"+s)
			}, false, 0},
		"a leaf in the place of its superior": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b,cn=a" + s) },
			func(c *commit) { c.rename("cn=b,cn=a"+s, "cn=t"+s); c.delete("cn=a" + s); c.rename("cn=t"+s, "cn=a"+s) }, true, 2},
		"a subtree in the place of its superior": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b,cn=a" + s); c.add("cn=x,cn=b,cn=a" + s) },
			func(c *commit) { c.rename("cn=b,cn=a"+s, "cn=t"+s); c.delete("cn=a" + s); c.rename("cn=t"+s, "cn=a"+s) }, false, 1},
		"a superior in the place of its subtree": {func(c *commit) { c.add("cn=a" + s); c.add("cn=b,cn=a" + s); c.add("cn=x,cn=b,cn=a" + s) },
			func(c *commit) { c.rename("cn=b,cn=a"+s, "cn=t"+s); c.rename("cn=a"+s, "cn=a,cn=t"+s) }, true, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			w := newMemSource(t)
			w.commit(c.before)
			p := w.provider(ProviderOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
			k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
			k.strict = newStrictTree(w.key(memSuffix))
			k.begin(p)
			defer k.stop()
			k.story = nil
			w.commit(c.change)
			synctest.Wait()
			k.check(w, name)
			if told := strings.Contains(log.String(), "took each other's names"); told == c.ordered || (len(k.strict.faults) == 0) != c.ordered {
				t.Errorf("%s: faults %q, log %q", name, k.strict.faults, log.String())
			}
			if n := strings.Count(strings.Join(k.story, "\n"), "gone "); n != c.away {
				t.Errorf("%s: %d are gone:\n%s", name, n, strings.Join(k.story, "\n"))
			}
		})
	}
}
