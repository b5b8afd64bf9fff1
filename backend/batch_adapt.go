package backend

// Batches of a provider of another make: states without a history. One is made
// of them, change by change, each of which is possible where it stands.

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// due is an entry of a batch that has not its new state yet.
type due struct {
	id     uint64        // in the store; 0 if it is to be added
	target *schema.Entry // the state that it is to have; nil if it is to go
	key    []byte        // of its new place
	rdn    string        // of its new name, as it came
	parked bool          // it has given way to another, see park
}

// adapter makes one batch.
type adapter struct {
	*batch
	waiting map[uint64]struct{} // ids of all that are due and in the store
}

// adapt makes the batch of a provider of another make.
func (b *batch) adapt(ctx context.Context, in *schema.Batch) error {
	if len(in.Records) > 0 {
		return fmt.Errorf("%w: it has records of no position", ErrStructure)
	}
	b.followForeign(in.Cookie)
	a := &adapter{b, map[uint64]struct{}{}}
	left, err := a.due(ctx, in)
	for err == nil && len(left) > 0 {
		before := len(left)
		if left, err = a.pass(ctx, left); err == nil && len(left) == before {
			err = a.park(left)
		}
	}
	return err
}

// followForeign notes whom the store follows. Where a server of our own has
// given the numbers, giving others in its epoch would make two histories of one.
func (b *batch) followForeign(cookie string) {
	lin := *b.lin
	if lin.follows == followsMember {
		lin = *lin.begin(newEpoch(schema.EpochRestored, b.now, b.position().String()))
	}
	lin.follows, lin.cookie, lin.fresh = followsForeign, cookie, 0
	if lin.follows != b.lin.follows || lin.cookie != b.lin.cookie || lin.fresh != b.lin.fresh || len(lin.epochs) != len(b.lin.epochs) {
		b.lin = &lin
	}
}

// due lists what is to be done: what goes, from below, then the rest from above.
func (a *adapter) due(ctx context.Context, in *schema.Batch) ([]*due, error) {
	var out []*due
	seen := make(map[schema.UUID]struct{}, len(in.Entries)+len(in.Deleted))
	for i, u := range in.Deleted {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		if _, twice := seen[u]; twice {
			continue
		}
		seen[u] = struct{}{}
		old, err := a.byUUID(u)
		if err != nil {
			return nil, err
		}
		if old != nil {
			out = append(out, &due{id: old.ID, key: old.Key})
			a.waiting[old.ID] = struct{}{}
		}
	}
	gone := len(out)
	for i := range in.Entries {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		v := &in.Entries[i]
		if _, twice := seen[v.UUID]; twice {
			return nil, fmt.Errorf("%w: entry %s is listed twice", ErrStructure, uuidText(v.UUID))
		}
		seen[v.UUID] = struct{}{}
		d := &due{}
		var err error
		if d.key, err = a.keyOf(v.DN); err != nil {
			return nil, err
		}
		if d.target, err = a.target(v); err != nil {
			return nil, err
		}
		d.rdn, _, _ = schema.SplitDN(string(v.DN), 1)
		old, err := a.byUUID(v.UUID)
		if err != nil {
			return nil, err
		}
		if old != nil {
			d.id = old.ID
			a.waiting[old.ID] = struct{}{}
		}
		out = append(out, d)
	}
	byDepth := func(x, y *due) int { return schema.KeyDepth(x.key) - schema.KeyDepth(y.key) }
	slices.SortStableFunc(out[:gone], func(x, y *due) int { return byDepth(y, x) })
	slices.SortStableFunc(out[gone:], byDepth)
	return out, nil
}

// pass does what can be done now, and gives what is left.
func (a *adapter) pass(ctx context.Context, list []*due) ([]*due, error) {
	var left []*due
	for i, d := range list {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		var done bool
		var err error
		switch {
		case d.target == nil:
			done, err = a.remove(d)
		case d.id == 0:
			done, err = a.insert(d)
		default:
			done, err = a.change(d)
		}
		if err != nil {
			return nil, err
		}
		if !done {
			left = append(left, d)
		}
	}
	return left, nil
}

// superior gives the name of the superior of key; ready is false as long as
// something is due with it, or with one above it.
func (a *adapter) superior(key []byte) (dn string, ready bool, err error) {
	if bytes.Equal(key, a.s.suffixKey) {
		return "", true, nil
	}
	parent := schema.KeyParent(key)
	for at := parent; a.s.holds(at); at = schema.KeyParent(at) {
		id, _, found, err := a.rd.id(at)
		if !found || err != nil {
			return "", false, err
		}
		if _, is := a.waiting[id]; is {
			return "", false, nil
		}
	}
	if _, err := a.rd.named(parent); err != nil {
		return "", false, err
	}
	return string(a.rd.view.DN), true, nil
}

// remove deletes an entry, when nothing is left below it.
func (a *adapter) remove(d *due) (done bool, err error) {
	if err := a.rd.mustEntry(d.id); err != nil {
		return false, err
	}
	v := a.rd.view
	if a.rd.NumSubordinates(v.Key, 1) > 0 {
		return false, nil
	}
	delete(a.waiting, d.id)
	a.st.csn = a.st.csn.next(a.now)
	logged := schema.Change{Kind: schema.ChangeDelete, DN: string(v.DN)}
	return true, a.record([]edit{{old: &v}}, &logged, &ChangeRecord{UUID: v.UUID, DN: logged.DN})
}

// insert adds an entry, when its superior is there and its name is free.
func (a *adapter) insert(d *due) (done bool, err error) {
	superior, ready, err := a.superior(d.key)
	if !ready || err != nil {
		return false, err
	}
	if _, _, taken, err := a.rd.id(d.key); taken || err != nil {
		return false, err
	}
	e := d.target
	if superior != "" { // like an add: a subtree spells its name alike
		e.DN = d.rdn + "," + superior
	}
	e.ID = a.st.nextID
	a.st.nextID++
	a.stamp(e, a.complete(e, nil))
	v := a.s.schema.View(e, d.key)
	logged := schema.Change{Kind: schema.ChangeAdd, DN: e.DN, Attributes: rawAttributes(e)}
	return true, a.record([]edit{{new: v}}, &logged, &ChangeRecord{UUID: e.UUID, DN: e.DN})
}

// change renames and modifies an entry, when its superior is there and its name
// is free.
func (a *adapter) change(d *due) (done bool, err error) {
	superior, ready, err := a.superior(d.key)
	if !ready || err != nil {
		return false, err
	}
	if err := a.rd.mustEntry(d.id); err != nil {
		return false, err
	}
	v := a.rd.view
	cur := &v
	topmost := bytes.Equal(d.key, a.s.suffixKey)
	stays := bytes.Equal(v.Key, d.key)
	if topmost && !stays {
		return false, nil // no rename makes an entry the topmost one
	}
	if rdn, _, _ := schema.SplitDN(string(v.DN), 1); !topmost && (!stays || rdn != d.rdn) {
		if !stays {
			if _, _, taken, err := a.rd.id(d.key); taken || err != nil {
				return false, err
			}
		}
		if cur, err = a.rename(&v, d, d.rdn, superior, d.key); err != nil {
			return false, err
		}
	}
	delete(a.waiting, d.id)
	return true, a.modify(cur, d.target)
}

// modify gives the entry cur the attributes of e.
func (a *adapter) modify(cur *schema.View, e *schema.Entry) error {
	old := a.s.schema.Entry(cur)
	e.ID, e.DN = cur.ID, old.DN
	missing := a.complete(e, old)
	if len(difference(old, e)) == 0 {
		return nil
	}
	a.stamp(e, missing)
	v := a.s.schema.View(e, cur.Key)
	logged := schema.Change{Kind: schema.ChangeModify, DN: e.DN, Mods: difference(old, e)}
	return a.record([]edit{{old: cur, new: v}}, &logged, &ChangeRecord{UUID: e.UUID, DN: e.DN})
}
