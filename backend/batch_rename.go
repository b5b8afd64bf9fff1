package backend

// Renames in the history that is made for a batch of states.

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// rename gives the entry cur, and with it all below, the name rdn below
// superior, and gives the entry as it is then. The old naming values go if the
// entry is not to have them.
func (a *adapter) rename(cur *schema.View, d *due, rdn, superior string, key []byte) (*schema.View, error) {
	s := a.s.schema
	name, err := s.ParseDN([]byte(rdn))
	if err != nil || len(name) != 1 {
		return nil, fmt.Errorf("%w: %q is no RDN", ErrStructure, rdn)
	}
	e := s.Entry(cur)
	before, err := s.ParseDN(cur.DN)
	if err != nil || len(before) == 0 {
		return nil, a.s.seals.entries.damage(idKey(cur.ID), "no name")
	}
	deleteOld := !hasNaming(d.target, before[0])
	if s.ApplyRename(e, name[0], deleteOld) != nil {
		e = s.Entry(cur) // a type that the schema does not know: the name alone changes
	}
	e.DN = rdn + "," + superior
	below, err := a.moved(cur.Key, key, e.DN)
	if err != nil {
		return nil, err
	}
	v := s.View(e, key)
	logged := schema.Change{Kind: schema.ChangeModifyDN, DN: string(cur.DN), NewRDN: rdn, DeleteOldRDN: deleteOld}
	if !bytes.Equal(schema.KeyParent(cur.Key), schema.KeyParent(key)) {
		logged.HasNewSuperior, logged.NewSuperior = true, superior
	}
	a.st.csn = a.st.csn.next(a.now)
	rec := &ChangeRecord{UUID: v.UUID, DN: logged.DN, NewDN: e.DN, NewRDN: rdn, DeleteOldRDN: deleteOld,
		HasNewSuperior: logged.HasNewSuperior, NewSuperior: logged.NewSuperior}
	return v, a.record(append([]edit{{old: cur, new: v}}, below...), &logged, rec)
}

// hasNaming tells whether e has all values of rdn.
func hasNaming(e *schema.Entry, rdn schema.RDN) bool {
	for i := range rdn {
		has := func(v []byte) bool { return bytes.Equal(v, rdn[i].Value) }
		if !slices.ContainsFunc(e.Get(rdn[i].Desc.String()), has) {
			return false
		}
	}
	return true
}

// park is for when nothing goes on, because entries have taken each other's
// names: one gives way, to a place right below the topmost entry, under a name
// that nobody else has.
func (a *adapter) park(left []*due) error {
	for _, d := range left {
		if d.target == nil || d.id == 0 || d.parked {
			continue
		}
		if err := a.rd.mustEntry(d.id); err != nil {
			return err
		}
		v := a.rd.view
		if bytes.Equal(v.Key, d.key) || bytes.Equal(v.Key, a.s.suffixKey) {
			continue
		}
		if found, err := a.rd.named(a.s.suffixKey); err != nil || !found {
			return err
		}
		top := string(a.rd.view.DN)
		name, err := a.s.schema.ParseDN(v.DN)
		if err != nil || len(name) == 0 {
			return a.s.seals.entries.damage(idKey(d.id), "no name")
		}
		rdn := schema.RDN{{Desc: name[0][0].Desc, Value: uuidText(v.UUID)}}
		key := a.s.schema.AppendRDNKey(append(bytes.Clone(a.s.suffixKey), 0), rdn)
		d.parked = true
		_, err = a.rename(&v, d, rdn.String(), top, key)
		return err
	}
	for _, d := range left {
		if d.target != nil {
			return fmt.Errorf("%w: %q has no superior, or its name is taken", ErrStructure, d.target.DN)
		}
	}
	return fmt.Errorf("%w: an entry goes and leaves entries below it", ErrStructure)
}
