package backend

// Add, delete and modify (RFC 4511 4.6 to 4.8).

import (
	"bytes"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// add makes a new entry. The order of the checks is slapd's.
func (b *batch) add(c *schema.Change, key []byte, done *schema.ChangeDone) error {
	s := b.s.schema
	e, err := s.NewEntry(c.DN, c.Attributes, false)
	if err != nil {
		return err
	}
	if err := s.CheckEntry(e); err != nil {
		return err
	}
	if _, _, found, err := b.rd.id(key); err != nil {
		return err
	} else if found {
		return schema.Refuse(schema.EntryAlreadyExists, "")
	}
	if !bytes.Equal(key, b.s.suffixKey) {
		superior, err := b.parent(key, "parent is an alias")
		if err != nil {
			return err
		}
		// Like slapd: all entries of a subtree spell its name alike.
		rdn, _, _ := schema.SplitDN(e.DN, 1)
		e.DN = rdn + "," + superior
	}
	e.ID, e.UUID = b.st.nextID, newUUID(b.now)
	next := b.nextCSN()
	stamp, csn, actor := generalizedTime(b.now), []byte(next.String()), []byte(c.Actor)
	s.SetOperational(e, "entryUUID", uuidText(e.UUID))
	s.SetOperational(e, "createTimestamp", stamp)
	s.SetOperational(e, "creatorsName", actor)
	s.SetOperational(e, "entryCSN", csn)
	s.SetOperational(e, "modifyTimestamp", stamp)
	s.SetOperational(e, "modifiersName", actor)
	v := s.View(e, key)
	if err := b.assert(c, v); err != nil {
		return err
	}
	b.st.nextID++
	b.st.csn = next
	done.Post = wanted(c.WantPostRead, v)
	logged := schema.Change{Kind: c.Kind, DN: e.DN, Attributes: rawAttributes(e)}
	return b.record([]edit{{new: v}}, &logged, &ChangeRecord{UUID: e.UUID, DN: e.DN})
}

// parent reads the parent of key, which must exist and be no alias, and gives
// its name as typed.
func (b *batch) parent(key []byte, isAlias string) (string, error) {
	parent := schema.KeyParent(key)
	found, err := b.rd.named(parent)
	if err != nil {
		return "", err
	}
	if !found {
		return "", b.rd.noSuchObject(key)
	}
	if b.rd.view.Kind&schema.KindAlias != 0 {
		res := schema.Refuse(schema.AliasProblem, isAlias)
		res.MatchedDN = string(b.rd.view.DN)
		return "", res
	}
	return string(b.rd.view.DN), nil
}

// target reads the entry that c is about. Its parts lie in the transaction's
// memory and stay valid to its end.
func (b *batch) target(c *schema.Change, key []byte) (*schema.View, error) {
	found, err := b.rd.named(key)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, b.rd.noSuchObject(key)
	}
	v := b.rd.view
	return &v, b.assert(c, &v)
}

// assert evaluates the assertion control (RFC 4528).
func (b *batch) assert(c *schema.Change, v *schema.View) error {
	if c.Assertion == nil {
		return nil
	}
	v.Live = b.rd
	if c.Assertion.Match(b.s.schema, v) != schema.True {
		return schema.Refuse(schema.AssertionFailed, "")
	}
	return nil
}

func (b *batch) delete(c *schema.Change, key []byte, done *schema.ChangeDone) error {
	v, err := b.target(c, key)
	if err != nil {
		return err
	}
	if b.rd.NumSubordinates(key, 1) > 0 {
		return schema.Refuse(schema.NotAllowedOnNonLeaf, "subordinate objects must be deleted first")
	}
	b.st.csn = b.nextCSN()
	done.Pre = wanted(c.WantPreRead, v)
	logged := schema.Change{Kind: c.Kind, DN: string(v.DN)}
	return b.record([]edit{{old: v}}, &logged, &ChangeRecord{UUID: v.UUID, DN: logged.DN})
}

func (b *batch) modify(c *schema.Change, key []byte, done *schema.ChangeDone) error {
	old, err := b.target(c, key)
	if err != nil {
		return err
	}
	d, err := b.s.work(c, old, b.nextCSN(), b.now)
	if err != nil {
		return err
	}
	done.Pre, done.Post = wanted(c.WantPreRead, old), wanted(c.WantPostRead, d.new)
	return b.recordDraft(d, c)
}

// recordDraft makes the modify that d is the draft of.
func (b *batch) recordDraft(d *draft, c *schema.Change) error {
	b.st.csn = d.csn
	return b.record([]edit{{old: d.old, new: d.new, draft: d}}, c, &ChangeRecord{UUID: d.new.UUID, DN: string(d.new.DN), LDIF: d.ldif})
}

// stamp sets the attributes that tell of the last change of e, and appends them to
// mods, as modifications for the changelog.
func (s *Store) stamp(mods []schema.Modification, e *schema.Entry, csn csn, now time.Time, actor string) []schema.Modification {
	text := csn.append(make([]byte, 0, csnLength+len(actor)+timeLength)) // one piece of memory
	csnEnd := len(text)
	text = append(text, actor...)
	actorEnd := len(text)
	text = appendGeneralizedTime(text, now)
	values := [...][]byte{text[:csnEnd:csnEnd], text[csnEnd:actorEnd:actorEnd], text[actorEnd:]}
	for i, name := range [...]string{"entryCSN", "modifiersName", "modifyTimestamp"} {
		one := values[i : i+1 : i+1]
		s.schema.SetOperational(e, name, one...)
		mods = append(mods, schema.Modification{Op: schema.ModReplace, Attr: name, Values: one})
	}
	return mods
}

// stampMods is how many modifications stamp appends.
const stampMods = 3

// wanted is a copy of v for a pre-read or post-read control (RFC 4527).
func wanted(want bool, v *schema.View) *schema.View {
	if !want {
		return nil
	}
	return v.Clone()
}

// rawAttributes lists what an added entry has, operational attributes last.
func rawAttributes(e *schema.Entry) []schema.RawAttribute {
	var out []schema.RawAttribute
	for _, list := range [...][]schema.Attribute{e.Attributes, e.Operational} {
		for i := range list {
			out = append(out, schema.RawAttribute{Attr: list[i].Desc.String(), Values: list[i].Values})
		}
	}
	return out
}
