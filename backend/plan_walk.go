package backend

// Substrings without an index of their own. The equality index has the normal
// forms of all values side by side: to look through them costs much less than to
// look through the entries.

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

// walkShare: an entry costs as much as this many keys of an index.
const walkShare = 8

// planWalk makes a better plan than to look at all entries in scope, if equality
// indexes leave few of them. whole tells that all entries are in scope, most how
// many are too many.
func (sl *slice) planWalk(whole bool, most int) error {
	p := &sl.probe
	keys, times := uint64(0), uint64(1)
	for i := range sl.q.Filter.Nodes {
		node := &sl.q.Filter.Nodes[i]
		if node.Kind == schema.FilterAnd || node.Kind == schema.FilterOr {
			times++ // list looks through everything below once more
		}
		place, ok := sl.walkable(node)
		switch {
		case ok && p.initial:
			keys += min(sl.t.st.indexKeys[place], uint64(most))
		case ok:
			keys += sl.t.st.indexKeys[place]
		}
	}
	keys *= times
	few := int(keys/walkShare) + 1
	if keys == 0 || few > int(sl.t.st.entries) || !whole && sl.countTree(few) < few {
		return nil // it would cost more than to look at the entries
	}
	p.walking, p.walked = true, nil
	defer func() { p.walking, p.walked = false, nil }()
	n, usable, err := sl.count(sl.q.Filter, 0, most)
	if err != nil || !usable || n >= most {
		return err
	}
	return sl.planList(n)
}

// walkable finds the equality index that can be walked through for node.
func (sl *slice) walkable(node *schema.FilterNode) (place int, ok bool) {
	if node.Kind != schema.FilterSubstrings || node.Undefined {
		return 0, false
	}
	places, ok := sl.s.indexOf[node.Desc.Type]
	if !ok || places[equalityIndex] < 0 {
		return 0, false
	}
	p := &sl.probe
	p.needle, p.initial = sl.q.Filter.Needle(p.needle[:0], node)
	return places[equalityIndex], len(p.needle) > 0
}

// countWalk is countItem by a walk through an equality index. What it finds is
// kept, because list asks for it again.
func (sl *slice) countWalk(node *schema.FilterNode, limit int) (n int, usable bool, err error) {
	p := &sl.probe
	if p.walked == node {
		return min(len(p.found), limit), true, nil
	}
	place, ok := sl.walkable(node)
	if !ok {
		return 0, false, nil
	}
	p.walked = nil
	if err := sl.walk(place, limit); err != nil {
		return 0, false, err
	}
	if len(p.found) < limit {
		p.walked = node
	}
	return len(p.found), true, nil
}

// walk sets probe.found to the ids of the terms in index i that contain the needle,
// or begin with it; from max of them on it looks no further.
func (sl *slice) walk(i, max int) error {
	p, ix := &sl.probe, sl.s.indexes[i]
	needle := p.needle[:min(len(p.needle), keptForm)]
	from := []byte(nil)
	if p.initial {
		from = needle
	}
	p.found = p.found[:0]
	return sl.eachKey(i, from, func(k, gaps []byte) (more bool, err error) {
		term := len(k) - idSize - 1
		switch {
		case p.initial && !bytes.HasPrefix(k, needle):
			return false, nil
		case p.initial || term >= maxForm || bytes.Contains(k[:term], needle):
			var ok bool
			if p.found, ok = appendIDs(p.found, idOf(k), gaps); !ok {
				return false, ix.seal.damage(k, "not a list of ids")
			}
		}
		return len(p.found) < max, nil
	})
}
