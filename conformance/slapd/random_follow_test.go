package slapd

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// gardener makes random changes below a base. Names are few, so that they are
// used again and again.
type gardener struct {
	*rand.Rand
	w     *writer
	base  string
	round int
	names map[string]int // of all entries, with the round in which they came
	// resting are names that entries with something below them had or got in
	// this round: no order of single changes leads through their exchange.
	resting map[string]bool
	serial  int
}

func (g *gardener) inner(dn string) bool {
	for name := range g.names {
		if strings.HasSuffix(name, ","+dn) {
			return true
		}
	}
	return false
}

func (g *gardener) pick() string {
	all := slices.Sorted(maps.Keys(g.names))
	return all[g.IntN(len(all))]
}

// change makes one change, if what came to mind can be done.
func (g *gardener) change() {
	dn, under := g.pick(), g.pick()
	if strings.Count(under, ",") > strings.Count(g.base, ",")+3 {
		under = g.base
	}
	rdn := fmt.Sprintf("cn=%c", 'a'+rune(g.IntN(5)))
	to := rdn + "," + under
	_, taken := g.names[to]
	free := !taken && !g.resting[to]
	g.serial++
	switch g.IntN(6) {
	case 0, 1:
		if free {
			g.w.person(rdn[3:], under)
			g.names[to] = g.round
		}
	case 2:
		if dn != g.base {
			g.w.describe(dn, fmt.Sprint(g.serial))
		}
	case 3:
		if dn != g.base && !g.inner(dn) {
			g.w.delete(dn)
			delete(g.names, dn)
		}
	default:
		if dn == g.base || !free || under == dn || strings.HasSuffix(under, ","+dn) {
			return
		}
		if g.inner(dn) {
			// slapd 2.5 cannot rename the entry that it added last if there is
			// something below it ("DN index add failed").
			if g.names[dn] > g.round-2 {
				return
			}
			g.resting[dn], g.resting[to] = true, true
		}
		g.w.rename(dn, rdn, under)
		for _, name := range slices.Collect(maps.Keys(g.names)) {
			if name == dn || strings.HasSuffix(name, ","+dn) {
				g.names[strings.TrimSuffix(name, dn)+to] = g.names[name]
				delete(g.names, name)
			}
		}
	}
}

// grow makes the changes of a round, of which one is an add.
func (g *gardener) grow() {
	g.round++
	g.resting = map[string]bool{}
	g.w.person(fmt.Sprintf("round %d", g.round), g.base)
	for range 60 {
		g.change()
	}
}

func TestSlapdFollowsRandomChanges(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{})
	base := "utname=users," + farm
	g := &gardener{Rand: rand.New(rand.NewPCG(4, 533)), w: write(t, u), base: base, names: map[string]int{base: 0}}
	s := follow(t, u, followOptions{})
	s.Restart(t)
	for range 6 {
		g.grow()
		s.level(t, u)
		s.Stop(t)
		g.grow()
		s.Restart(t)
		s.level(t, u)
	}
}
