package backend

// What a batch moves without naming it: the entries below a renamed one.

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// renaming is a modify DN of the changelog.
type renaming struct {
	key    []byte // before
	depth  int    // of key
	newKey []byte
	newDN  string
}

// moves applies renamings to names, one after the other, as the provider did:
// the own RDNs of an entry stay as typed.
type moves struct {
	list []renaming
	// by remembers, by the key of a superior, which of list have moved it: they
	// have moved all entries right below it too.
	by map[string][]int
}

// follow adds the entries below renamed ones that are not listed to edits.
func (b *batch) follow(ctx context.Context, edits []edit, records []ChangeRecord) ([]edit, error) {
	m := moves{by: map[string][]int{}}
	var roots [][]byte
	for i := range records {
		rec := &records[i]
		if rec.Kind != schema.ChangeModifyDN {
			continue
		}
		r := renaming{newDN: rec.NewDN}
		var err error
		if r.key, err = b.keyOf([]byte(rec.DN)); err != nil {
			return nil, err
		}
		if r.newKey, err = b.keyOf([]byte(rec.NewDN)); err != nil {
			return nil, err
		}
		r.depth = schema.KeyDepth(r.key)
		m.list = append(m.list, r)
		old, err := b.byUUID(rec.UUID)
		if err != nil {
			return nil, err
		}
		if old != nil {
			roots = append(roots, old.Key)
		}
	}
	if len(roots) == 0 {
		return edits, nil
	}
	listed := make(map[uint64]struct{}, len(edits))
	for _, e := range edits {
		if e.old != nil {
			listed[e.old.ID] = struct{}{}
		}
	}
	slices.SortFunc(roots, bytes.Compare)
	var last []byte
	for _, root := range roots {
		if last != nil && (bytes.Equal(root, last) || schema.KeyUnder(root, last)) {
			continue // walked already
		}
		last = root
		var err error
		if edits, err = b.below(ctx, root, listed, &m, edits); err != nil {
			return nil, err
		}
	}
	return edits, nil
}

// below adds the entries below root that are not listed and have other names
// now.
func (b *batch) below(ctx context.Context, root []byte, listed map[uint64]struct{}, m *moves, edits []edit) ([]edit, error) {
	c := b.names.Cursor()
	i := 0
	for k, val := c.Seek(append(bytes.Clone(root), 0)); schema.KeyUnder(k, root); k, val = c.Next() {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		i++
		id, _, err := b.s.openName(k, val)
		if err != nil {
			return nil, err
		}
		if _, is := listed[id]; is {
			continue
		}
		if err := b.rd.mustEntry(id); err != nil {
			return nil, err
		}
		old := b.rd.view
		if !bytes.Equal(old.Key, k) {
			return nil, b.s.seals.names.damage(k, "names another entry")
		}
		v := old
		if v.Key, v.DN = m.apply(k, old.DN); bytes.Equal(v.DN, old.DN) {
			continue
		}
		if len(v.Key) > maxKey {
			return nil, fmt.Errorf("%w: %q is too long", ErrStructure, v.DN)
		}
		edits = append(edits, edit{old: &old, new: &v})
	}
	return edits, nil
}

// apply gives an entry the name that it has after all moves.
func (m *moves) apply(key, dn []byte) ([]byte, []byte) {
	parent := schema.KeyParent(key)
	which, known := m.by[string(parent)]
	if !known {
		for i := range m.list {
			if r := &m.list[i]; bytes.Equal(parent, r.key) || schema.KeyUnder(parent, r.key) {
				parent = append(bytes.Clone(r.newKey), parent[len(r.key):]...)
				which = append(which, i)
			}
		}
		m.by[string(schema.KeyParent(key))] = which
	}
	for _, i := range which {
		r := &m.list[i]
		own, _, _ := schema.SplitDN(string(dn), schema.KeyDepth(key)-r.depth)
		dn = append(append([]byte(own), ','), r.newDN...)
		key = append(bytes.Clone(r.newKey), key[len(r.key):]...)
	}
	return key, dn
}

// checkPlaces tells, when edits are made, whether each entry has a superior.
func (b *batch) checkPlaces(edits []edit) error {
	for _, e := range edits {
		if e.keepsName() {
			continue
		}
		if e.new != nil && !bytes.Equal(e.new.Key, b.s.suffixKey) && b.names.Get(schema.KeyParent(e.new.Key)) == nil {
			return fmt.Errorf("%w: %q has no superior", ErrStructure, e.new.DN)
		}
		if e.old != nil && b.names.Get(e.old.Key) == nil && b.rd.NumSubordinates(e.old.Key, 1) > 0 {
			return fmt.Errorf("%w: %q goes and leaves entries below it", ErrStructure, e.old.DN)
		}
	}
	return nil
}
