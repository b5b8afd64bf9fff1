package backend

// Planning: which entries a search has to look at. No counts of values are
// kept; instead each term of an And is read a little way, further and further,
// until one ends: that is the smallest.

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	firstProbe  = 16   // ids read of each term at first
	probeGrowth = 8    // and this many times as many each round
	maxListed   = 4096 // ids of one term that are listed and not read as they go; parts always are
	worthwhile  = 4    // an index is used if it leaves less than 1/4 of the entries
)

// probe is scratch memory of planning.
type probe struct {
	ids  []uint64 // under the term read last
	term []byte
	// Of the substring item or term looked at last: where its smallest term is.
	index int
	best  []byte
	rough bool // estimates will do
	// See choose.
	chosen *schema.FilterNode // nil: none
	grams  [2]gram
	more   []uint64
	fact   []byte // key of the fact that was asked for last
	// See planWalk.
	walking bool
	walked  *schema.FilterNode // all whose ids are in found; nil: none
	found   []uint64
	needle  []byte
	initial bool
}

// plan decides how the current base is searched.
func (sl *slice) plan() error {
	q, res, t := sl.q, &sl.q.Resume, sl.t
	res.Seq, res.LastID, res.Last, res.IDs = t.st.seq, 0, res.Last[:0], res.IDs[:0]
	res.References = !q.ManageDsaIT && len(t.special.outer) > 0 && res.Scope != schema.ScopeBase
	if res.Scope == schema.ScopeBase {
		res.Plan = planIDs
		id, _, found, err := sl.id(res.Base)
		if found {
			res.IDs = append(res.IDs, id)
		}
		return err
	}
	whole := bytes.Equal(res.Base, sl.s.suffixKey) && res.Scope != schema.ScopeOne
	res.Plan = planTree
	if whole {
		res.Plan = planAll
	}
	most := max(int(t.st.entries/worthwhile), firstProbe)
	sl.probe.chosen = nil
	for limit := firstProbe; ; limit = min(limit*probeGrowth, most) {
		sl.probe.rough = true
		n, usable, err := sl.count(q.Filter, 0, limit)
		sl.probe.rough = false
		if err != nil {
			return err
		}
		if usable && n < limit {
			if len(q.Filter.Nodes) > 1 { // list asks for each item again, and not roughly
				if n, _, err = sl.count(q.Filter, 0, limit); err != nil {
					return err
				}
			}
			return sl.useIndex(n)
		}
		if !usable || limit == most || !whole && sl.countTree(limit) < limit {
			return sl.planWalk(whole, most)
		}
	}
}

// useIndex makes the plan for a filter whose terms leave n candidates.
func (sl *slice) useIndex(n int) error {
	f, res := sl.q.Filter, &sl.q.Resume
	if len(f.Nodes) == 0 {
		res.Plan = planIDs // Undefined: matches nothing
		return nil
	}
	if k := f.Nodes[0].Kind; (k == schema.FilterEquality || k == schema.FilterSubstrings) && !f.Nodes[0].Undefined && n <= maxListed {
		if k == schema.FilterSubstrings {
			if err := sl.intersect(); err != nil {
				return err
			}
		}
		res.Plan, res.IDs = planIDs, append(res.IDs, sl.probe.ids...)
		return nil
	}
	if n > maxListed {
		if i := sl.only(f, 0, n); i >= 0 {
			// Sets probe.index and probe.best.
			if _, _, err := sl.count(f, i, n+1); err != nil {
				return err
			}
			if p := &sl.probe; !sl.s.indexes[p.index].isPart(p.best) {
				res.Plan, res.Index, res.Term = planIndex, p.index, append(res.Term[:0], p.best...)
				return nil
			}
		}
	}
	return sl.planList(n)
}

// planList plans to look at the n candidates that were counted.
func (sl *slice) planList(n int) error {
	res := &sl.q.Resume
	ids, err := sl.list(res.IDs, sl.q.Filter, 0, n)
	slices.Sort(ids)
	res.Plan, res.IDs = planIDs, slices.Compact(ids)
	return err
}

// count tells how many entries the indexes leave for node i of f; limit means
// that many or more. Not usable means that they do not bound it.
func (sl *slice) count(f *schema.Filter, i int32, limit int) (n int, usable bool, err error) {
	if len(f.Nodes) == 0 {
		return 0, true, nil // Undefined: matches nothing
	}
	node := &f.Nodes[i]
	switch node.Kind {
	case schema.FilterAnd:
		n = limit
		for c := i + 1; c < node.End; c = f.Nodes[c].End {
			m, ok, err := sl.count(f, c, n)
			if err != nil {
				return 0, false, err
			}
			if ok {
				n, usable = min(n, m), true
			}
		}
		return n, usable, nil
	case schema.FilterOr:
		for c := i + 1; c < node.End; c = f.Nodes[c].End {
			m, ok, err := sl.count(f, c, limit)
			if err != nil || !ok {
				return 0, false, err
			}
			n += m
		}
		return min(n, limit), true, nil
	case schema.FilterNot:
		return 0, false, nil
	}
	return sl.countItem(f, node, limit)
}

// countItem is count for an item.
func (sl *slice) countItem(f *schema.Filter, node *schema.FilterNode, limit int) (n int, usable bool, err error) {
	if node.Undefined {
		return 0, true, nil
	}
	var kind int
	switch node.Kind {
	case schema.FilterEquality, schema.FilterApprox:
		kind = equalityIndex
	case schema.FilterSubstrings:
		if kind = substringIndex; sl.probe.walking {
			return sl.countWalk(node, limit)
		}
	default:
		return 0, false, nil
	}
	p := &sl.probe
	place, ok := sl.s.indexOf[node.Desc.Type]
	if !ok || place[kind] < 0 {
		return 0, false, nil
	}
	p.index = place[kind]
	if kind == equalityIndex {
		p.best = appendTerm(p.best[:0], node.Form)
		return sl.countTerm(f, node, limit)
	}
	if p.chosen != node && !sl.choose(f, node) {
		return 0, false, nil
	}
	p.best = append(p.best[:0], p.grams[0].term...)
	if p.rough && p.grams[0].ids >= limit {
		return limit, true, nil
	}
	p.ids, err = sl.listed(p.ids[:0], p.index, p.best, limit)
	return len(p.ids), true, err
}

// countTerm is count for the term at probe.best in the equality index probe.index.
func (sl *slice) countTerm(f *schema.Filter, node *schema.FilterNode, limit int) (n int, usable bool, err error) {
	p := &sl.probe
	if id, err := sl.listedAlone(f, node, p.index, p.best); id != 0 || err != nil {
		p.ids = append(p.ids[:0], id)
		return 1, true, err
	}
	p.ids, err = sl.listTerm(p.ids[:0], p.index, p.best, 0, limit)
	if len(p.ids) == 1 && limit > 1 && err == nil {
		sl.s.facts.remember(p.fact, p.ids[0])
	}
	return len(p.ids), true, err
}

// only finds the one item below node i of f that leaves n candidates; -1 if
// they come from several, by way of an Or.
func (sl *slice) only(f *schema.Filter, i int32, n int) int32 {
	node := &f.Nodes[i]
	switch node.Kind {
	case schema.FilterOr:
		return -1
	case schema.FilterAnd:
		for c := i + 1; c < node.End; c = f.Nodes[c].End {
			if m, ok, err := sl.count(f, c, n+1); err == nil && ok && m == n {
				return sl.only(f, c, n)
			}
		}
		return -1
	}
	return i
}

// list appends the ids of the n candidates for node i of f to dst.
func (sl *slice) list(dst []uint64, f *schema.Filter, i int32, n int) ([]uint64, error) {
	if n == 0 {
		return dst, nil
	}
	node := &f.Nodes[i]
	switch node.Kind {
	case schema.FilterAnd:
		for c := i + 1; c < node.End; c = f.Nodes[c].End {
			m, ok, err := sl.count(f, c, n+1)
			if err != nil {
				return dst, err
			}
			if ok && m == n {
				return sl.list(dst, f, c, n)
			}
		}
		return dst, fmt.Errorf("plan: no item leaves the %d candidates that were counted", n)
	case schema.FilterOr:
		for c := i + 1; c < node.End; c = f.Nodes[c].End {
			m, _, err := sl.count(f, c, n+1)
			if err == nil {
				dst, err = sl.list(dst, f, c, m)
			}
			if err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	if _, _, err := sl.countItem(f, node, n+1); err != nil {
		return dst, err
	}
	if sl.probe.walked == node {
		return append(dst, sl.probe.found...), nil
	}
	return sl.listed(dst, sl.probe.index, sl.probe.best, n)
}

// countTree counts the entries in scope, up to limit.
func (sl *slice) countTree(limit int) int {
	res := &sl.q.Resume
	if res.Scope == schema.ScopeOne {
		return sl.NumSubordinates(res.Base, limit)
	}
	c := sl.on(&sl.children, sl.t.names)
	n := 0
	for k, _ := c.Seek(res.Base); n < limit && k != nil; k, _ = c.Next() {
		if !schema.KeyUnder(k, res.Base) && !bytes.Equal(k, res.Base) {
			break
		}
		n++
	}
	return n
}
