package backend

// Modify DN (RFC 4511 4.9): another RDN, another superior, or both, for an
// entry and everything below it.

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

func (b *batch) modifyDN(c *schema.Change, key []byte, done *schema.ChangeDone) error {
	s := b.s.schema
	name, err := s.ParseDN([]byte(c.NewRDN))
	if err != nil || len(name) != 1 {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid new RDN")
	}
	old, err := b.target(c, key)
	if err != nil {
		return err
	}
	if bytes.Equal(key, b.s.suffixKey) {
		return schema.Refuse(schema.UnwillingToPerform, "cannot rename the topmost entry")
	}
	newKey, superior, err := b.newPlace(c, key, name[0])
	if err != nil {
		return err
	}
	e := s.Entry(old)
	if err := s.ApplyRename(e, name[0], c.DeleteOldRDN); err != nil {
		return err
	}
	e.DN = name[0].String() + "," + superior
	if err := s.CheckEntry(e); err != nil {
		return err
	}
	below, err := b.moved(key, newKey, e.DN)
	if err != nil {
		return err
	}
	b.st.csn = b.nextCSN()
	b.s.stamp(nil, e, b.st.csn, b.now, c.Actor)
	v := s.View(e, newKey)
	done.Pre, done.Post = wanted(c.WantPreRead, old), wanted(c.WantPostRead, v)
	logged := *c
	logged.DN = string(old.DN)
	rec := &ChangeRecord{UUID: e.UUID, DN: logged.DN, NewDN: e.DN, NewRDN: c.NewRDN,
		DeleteOldRDN: c.DeleteOldRDN, HasNewSuperior: c.HasNewSuperior, NewSuperior: c.NewSuperior}
	return b.record(append([]edit{{old: old, new: v}}, below...), &logged, rec)
}

// newPlace finds the key that the entry is to have, and the name of its
// superior as typed. The place must be free.
func (b *batch) newPlace(c *schema.Change, key []byte, rdn schema.RDN) (newKey []byte, superior string, err error) {
	parent := schema.KeyParent(key)
	if c.HasNewSuperior {
		if parent, err = b.newSuperior(c, key); err != nil {
			return nil, "", err
		}
	}
	newKey = append(append([]byte(nil), parent...), 0)
	newKey = b.s.schema.AppendRDNKey(newKey, rdn)
	if len(newKey) > maxKey {
		return nil, "", schema.Refuse(schema.UnwillingToPerform, "the name is too long")
	}
	if superior, err = b.parent(newKey, "new superior is an alias"); err != nil {
		return nil, "", err
	}
	if bytes.Equal(newKey, key) { // other spelling of the same name
		return newKey, superior, nil
	}
	if _, _, found, err := b.rd.id(newKey); err != nil {
		return nil, "", err
	} else if found {
		return nil, "", schema.Refuse(schema.EntryAlreadyExists, "")
	}
	return newKey, superior, nil
}

// newSuperior finds the key of the new superior.
func (b *batch) newSuperior(c *schema.Change, key []byte) ([]byte, error) {
	parent, err := b.s.schema.AppendDNKey(nil, []byte(c.NewSuperior))
	switch {
	case err != nil:
		return nil, schema.Refuse(schema.InvalidDNSyntax, "invalid new superior")
	case !b.s.holds(parent):
		return nil, schema.Refuse(schema.AffectsMultipleDSAs, "the new superior is outside of this store")
	case bytes.Equal(parent, key) || schema.KeyUnder(parent, key):
		return nil, schema.Refuse(schema.UnwillingToPerform, "the new superior is the entry itself or below it")
	case !c.ManageDsaIT && b.special.referralAbove(parent) != nil: // RFC 3296 5.6
		return nil, schema.Refuse(schema.AffectsMultipleDSAs, "the new superior is at or below a referral")
	}
	return parent, nil
}

// moved reads everything below key and gives each entry the place it has when
// key becomes newKey and the name newDN. The RDNs stay as typed.
func (b *batch) moved(key, newKey []byte, newDN string) ([]edit, error) {
	var out []edit
	low := append(append([]byte(nil), key...), 0)
	c := b.names.Cursor()
	for k, val := c.Seek(low); schema.KeyUnder(k, key); k, val = c.Next() {
		id, _, err := b.s.openName(k, val)
		if err != nil {
			return nil, err
		}
		if err := b.rd.mustEntry(id); err != nil {
			return nil, err
		}
		old := b.rd.view
		if !bytes.Equal(old.Key, k) {
			return nil, b.s.seals.names.damage(k, "names another entry")
		}
		own, _, _ := schema.SplitDN(string(old.DN), schema.KeyDepth(k)-schema.KeyDepth(key))
		v := old
		v.Key = append(append(make([]byte, 0, len(newKey)+len(k)-len(key)), newKey...), k[len(key):]...)
		v.DN = append(append([]byte(own), ','), newDN...)
		if len(v.Key) > maxKey {
			return nil, schema.Refuse(schema.UnwillingToPerform, "the name of an entry below would be too long")
		}
		out = append(out, edit{old: &old, new: &v})
	}
	return out, nil
}
