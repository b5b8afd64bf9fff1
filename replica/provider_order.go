package replica

// In which order changes with renames can be told one after the other.
//
// The state knows where each entry is, and the changelog how it came there. Read
// from its end it gives the tree as it was before: entries are nodes whose
// superior is a node and no name, so that a renamed subtree is one step. What
// must come before what follows from the two trees:
//
//   - an entry comes after its superior, if that changed
//   - an entry comes after the one that had its place before
//   - a delete comes after all that was below it before
//
// Entries that took each other's places make a circle. One of them that had
// nothing below it is told to be gone first and to be there again later. Where
// each has something below it there is no order: they come as they are, which
// is right for every consumer that knows entries by entryUUID alone. OpenLDAP's
// does not.

import (
	"bytes"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// outOfOrder is logged when there is no order.
const outOfOrder = "entries took each other's names together with what is below them: a consumer that cannot follow needs a fresh start"

// maxDepth bounds the walks up a tree; names have fewer RDNs.
const maxDepth = 1 << 10

// step is one thing to tell.
type step struct {
	change int  // place in collector.list
	away   bool // only that it is gone; it comes again
}

// node is an entry of both trees.
type node struct {
	change int // place in collector.list, -1: did not change
	// Where it is in the tree that is being turned back; superior is nil where
	// it is not in it.
	superior *node
	rdn      string
	below    map[string]*node
	// Where it is in the state; nil: it is not.
	superiorNow *node
	rdnNow      string
}

// rewind is the tree on its way back.
type rewind struct {
	root    *node
	changed []*node // by place in collector.list
}

// order gives the steps of a difference with renames.
func (d *difference) order() ([]step, error) {
	w, err := d.rewind()
	if err != nil {
		return nil, err
	}
	q := newQueue(len(d.list))
	for i, n := range w.changed {
		d.precede(q, i, n)
	}
	steps := q.ready(nil)
	for q.left > 0 {
		circles := q.circles()
		for _, i := range circles {
			if !q.done[i] && !q.away[i] && d.now[i].wanted && d.had(&d.list[i]) && d.bare(w, q, i) {
				q.sendAway(i)
				steps = q.ready(append(steps, step{i, true}))
			}
		}
		for _, i := range circles {
			if !q.done[i] {
				d.p.o.Log.Warn(outOfOrder, "consumer", d.q.Peer, "entry", d.list[i].dn)
				q.take(i)
				steps = q.ready(append(steps, step{i, false}))
			}
		}
	}
	return steps, nil
}

// precede notes what comes before and after change i.
func (d *difference) precede(q *queue, i int, n *node) {
	leaves := !d.now[i].wanted
	if n == nil {
		return
	}
	above := n.superiorNow
	for depth := 0; above != nil && above.change < 0 && depth < maxDepth; depth++ {
		above = above.superiorNow
	}
	if above != nil && above.change >= 0 {
		switch other := !d.now[above.change].wanted; {
		case leaves && other:
			q.before(i, above.change, false)
		case !leaves:
			q.before(above.change, i, true)
		}
	}
	if to := n.superiorNow; to != nil && !leaves && (n.superior != to || n.rdn != n.rdnNow) {
		if had := to.below[n.rdnNow]; had != nil && had.change >= 0 {
			q.before(had.change, i, false)
		}
	}
	if !leaves {
		return
	}
	for _, c := range n.below {
		if c.change >= 0 && c.superiorNow != n {
			q.before(c.change, i, false)
		}
	}
}

// bare tells whether a consumer that has taken the steps so far has nothing
// below a changed entry.
func (d *difference) bare(w *rewind, q *queue, i int) bool {
	n := w.changed[i]
	for _, c := range n.below {
		if c.change < 0 || c.superiorNow == n || (!q.done[c.change] && !q.away[c.change]) {
			return false
		}
	}
	s := &schema.Search{Base: d.now[i].key, Scope: schema.ScopeOne, ManageDsaIT: true, Filter: anyEntry(d.p.o.Schema)}
	r := unchanged{of: d.collector}
	return d.st.Search(s, &r) == nil && !r.found
}

// unchanged sees whether a search finds an entry that did not change.
type unchanged struct {
	of    *collector
	found bool
}

// Entry implements schema.Receiver.
func (r *unchanged) Entry(v *schema.View) schema.Next {
	if _, changed := r.of.at[v.UUID]; changed {
		return schema.Continue
	}
	r.found = true
	return schema.Stop
}

// Reference implements schema.Receiver.
func (r *unchanged) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }

// anyEntry is the filter that every entry matches.
func anyEntry(s *schema.Schema) *schema.Filter {
	f := &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}}
	f.Resolve(s, nil)
	return f
}

// rewind turns the tree back to what it was before the changes. It has the
// nodes that the changelog names and no others.
func (d *difference) rewind() (*rewind, error) {
	type event struct {
		kind     schema.ChangeKind
		change   int
		was, now []byte
	}
	var (
		events []event
		broken error
	)
	key := func(dn string) []byte {
		k, err := d.p.o.Schema.AppendDNKey(nil, []byte(dn))
		if err != nil {
			broken = fmt.Errorf("name in the changelog: %w", err)
		}
		return k
	}
	err := d.st.Changes(d.sent.Seq+1, func(rec schema.ChangeRecord) bool {
		e := event{kind: rec.Kind, change: d.at[rec.UUID], was: key(rec.DN)}
		if rec.Kind == schema.ChangeModifyDN {
			e.now = key(rec.NewDN)
		}
		events = append(events, e)
		return broken == nil
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("read the changelog: %w", err)
	}
	w := &rewind{root: &node{change: -1}, changed: make([]*node, len(d.list))}
	for i := len(events) - 1; i >= 0; i-- {
		switch e := &events[i]; e.kind {
		case schema.ChangeAdd:
			w.know(w.find(e.was), e.change).leave()
		case schema.ChangeDelete:
			n := w.changed[e.change]
			if n == nil {
				n = w.know(&node{change: -1}, e.change)
			}
			n.enter(w.find(schema.KeyParent(e.was)), string(schema.KeyLeaf(e.was)))
		case schema.ChangeModifyDN:
			n := w.know(w.find(e.now), e.change)
			n.leave()
			n.enter(w.find(schema.KeyParent(e.was)), string(schema.KeyLeaf(e.was)))
		default:
			w.know(w.find(e.was), e.change)
		}
	}
	return w, nil
}

// find gives the node with a name. One that is not there was not touched since:
// it is in the state where it is now.
func (w *rewind) find(key []byte) *node {
	n := w.root
	for len(key) > 0 {
		var rdn []byte
		rdn, key, _ = bytes.Cut(key, []byte{0})
		next := n.below[string(rdn)]
		if next == nil {
			next = &node{change: -1, superiorNow: n, rdnNow: string(rdn)}
			next.enter(n, string(rdn))
		}
		n = next
	}
	return n
}

// know notes which changed entry a node is.
func (w *rewind) know(n *node, change int) *node {
	n.change = change
	w.changed[change] = n
	return n
}

// leave takes a node out of its place, with all that is below it.
func (n *node) leave() {
	if n.superior != nil && n.superior.below[n.rdn] == n {
		delete(n.superior.below, n.rdn)
	}
	n.superior = nil
}

// enter puts a node in a place.
func (n *node) enter(superior *node, rdn string) {
	n.leave()
	if superior.below == nil {
		superior.below = map[string]*node{}
	}
	superior.below[rdn] = n
	n.superior, n.rdn = superior, rdn
}
