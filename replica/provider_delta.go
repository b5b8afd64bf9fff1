package replica

// A part of the changelog as messages to a consumer that is not of our group.

import (
	"context"
	"fmt"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// difference is what changed between two states, and is to be told in an order
// that a consumer can follow that makes one change after the other: no entry
// without its superior, no entry deleted that has entries below it, no name
// taken that is not free.
type difference struct {
	*consumption
	*collector
	st State

	// Of a difference with renames.
	now     []place
	renamed map[string]bool // keys of the renamed entries
}

// place is where a changed entry is in the state.
type place struct {
	key    []byte // nil: nowhere
	wanted bool   // it is in the content
}

// had tells whether the consumer may have an entry from before.
func (d *difference) had(c *change) bool {
	return c.first != schema.ChangeAdd && d.has.has(c.id)
}

// plain is for changes without a rename: deletes in the order in which they
// happened, then the others in the order of their first change, by which a new
// superior comes before what is new below it.
func (d *difference) plain(ctx context.Context) error {
	var key []byte
	for _, i := range d.byEnd() {
		c := &d.list[i]
		if c.last != schema.ChangeDelete {
			continue
		}
		had := d.had(c)
		if had && d.has.kind == notKnown {
			var err error
			if key, err = d.p.o.Schema.AppendDNKey(key[:0], []byte(c.dn)); err == nil && !d.whole {
				had = schema.KeyInScope(key, d.q.Search.Base, d.q.Search.Scope)
			}
		}
		if had {
			d.gone(c.id, c.dn)
		}
		d.has.drop(c.id)
		if err := d.yield(ctx, false); err != nil {
			return err
		}
	}
	for i := range d.list {
		if c := &d.list[i]; c.last != schema.ChangeDelete {
			if err := d.entry(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry tells of one changed entry as it is now.
func (d *difference) entry(ctx context.Context, c *change) error {
	had := d.had(c)
	found, err := d.st.ByUUID(c.id, func(v *schema.View) error {
		if d.wanted(v) {
			d.tell(v, had, c.dn)
		} else if had {
			d.gone(c.id, c.dn)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read a changed entry: %w", err)
	}
	if !found {
		if had {
			d.gone(c.id, c.dn)
		}
		d.has.drop(c.id)
	}
	return d.yield(ctx, false)
}

// ordered is for changes with renames.
func (d *difference) ordered(ctx context.Context) error {
	if err := d.locate(); err != nil {
		return err
	}
	steps, err := d.order()
	if err != nil {
		return err
	}
	for _, s := range steps {
		c := &d.list[s.change]
		if s.away {
			d.gone(c.id, c.dn)
			continue
		}
		if c.moved && d.now[s.change].key != nil {
			err = d.subtree(ctx, s.change)
		} else {
			err = d.entry(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// locate finds out where the changed entries are.
func (d *difference) locate() error {
	d.now = make([]place, len(d.list))
	d.renamed = map[string]bool{}
	for i := range d.list {
		_, err := d.st.ByUUID(d.list[i].id, func(v *schema.View) error {
			d.now[i] = place{append([]byte(nil), v.Key...), d.wanted(v)}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read a changed entry: %w", err)
		}
		if d.list[i].moved && d.now[i].key != nil {
			d.renamed[string(d.now[i].key)] = true
		}
	}
	return nil
}

// subtree tells of a renamed entry and of what is below it: all of that has
// another name now, may have left the content or come into it.
func (d *difference) subtree(ctx context.Context, i int) error {
	c := &d.list[i]
	var name string // of the entry now
	if _, err := d.st.ByUUID(c.id, func(v *schema.View) error { name = string(v.DN); return nil }); err != nil {
		return fmt.Errorf("read a renamed entry: %w", err)
	}
	if !d.whole {
		type left struct {
			id schema.UUID
			dn string
		}
		var all []left
		err := d.below(ctx, i, func(v *schema.View) {
			if d.has.has(v.UUID) && !d.wanted(v) {
				all = append(all, left{v.UUID, strings.TrimSuffix(string(v.DN), name) + c.dn})
			}
		})
		if err != nil {
			return err
		}
		for n := len(all) - 1; n >= 0; n-- { // from below
			d.gone(all[n].id, all[n].dn)
			if err := d.yield(ctx, false); err != nil {
				return err
			}
		}
	}
	if err := d.entry(ctx, c); err != nil {
		return err
	}
	return d.below(ctx, i, func(v *schema.View) {
		if d.wanted(v) {
			d.tell(v, d.has.has(v.UUID), strings.TrimSuffix(string(v.DN), name)+c.dn)
		}
	})
}

// below hands the entries below a renamed one to f, superiors first, but for
// those that changed themselves and those below another renamed one: each of
// these has a step of its own.
func (d *difference) below(ctx context.Context, i int, f func(v *schema.View)) error {
	base := d.now[i].key
	q := &schema.Search{Base: base, Scope: schema.ScopeChildren, ManageDsaIT: true, Filter: anyEntry(d.p.o.Schema)}
	return d.search(ctx, d.st, q, func(v *schema.View) {
		if _, changed := d.at[v.UUID]; changed {
			return
		}
		for key := schema.KeyParent(v.Key); len(key) > len(base); key = schema.KeyParent(key) {
			if d.renamed[string(key)] {
				return
			}
		}
		f(v)
	})
}
