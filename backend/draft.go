package backend

// Drafts: a modify worked out before its turn. While the writer is at work, or
// waits for the disk, those who queue changes have time, and there are other
// cores. A draft is made from a snapshot, so the entry may be another when its
// turn comes; the record then differs, and the modify is worked out again.

import (
	"bytes"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// draftFrom is how many changes have to wait until drafts are made. With fewer the
// writer waits for the disk most of the time, and drafts would keep it from a core
// when the disk is ready.
const draftFrom = 64

// maxDraft is the size of the largest record, with what is to be changed, of which
// drafts are made: they wait in memory, and of those of one entry only the first
// one holds.
const maxDraft = 16 << 10

// draft is all of a modify that does not depend on other changes.
type draft struct {
	csn           csn
	base          []byte // the entry as stored, if it was read in a snapshot
	old, new      *schema.View
	record        []byte // of new, as it is to be stored
	before, after schema.StateHash
	changed       [][]byte // attributes
	ldif          []byte   // of the changelog
}

// entryMemory are entries taken apart, whose memory the next change uses again.
var entryMemory = sync.Pool{New: func() any { return new(schema.Entry) }}

// work makes the draft of a modify of old. The error refuses the change.
func (s *Store) work(c *schema.Change, old *schema.View, csn csn, now time.Time) (*draft, error) {
	e := entryMemory.Get().(*schema.Entry)
	defer func() {
		if len(old.User)+len(old.Operational) < maxDraft { // the memory of a large one is not kept
			e.Forget()
			entryMemory.Put(e)
		}
	}()
	s.schema.TakeApart(e, old)
	if err := s.schema.ApplyMods(e, c.Mods); err != nil {
		return nil, err
	}
	if err := s.schema.CheckEntry(e); err != nil {
		return nil, err
	}
	mods := append(make([]schema.Modification, 0, len(c.Mods)+stampMods), c.Mods...)
	mods = s.stamp(mods, e, csn, now, c.Actor)
	d := &draft{csn: csn, old: old}
	d.record, d.new = s.recordOf(e, old.Key)
	d.before, d.after = entryHash(old), entryHash(d.new)
	d.changed = changedAttributes(make([][]byte, 0, usualChanged), old, d.new)
	logged := schema.Change{Kind: c.Kind, DN: e.DN, Mods: mods}
	d.ldif = ldif.AppendChange(make([]byte, 0, usualLDIF), &logged)
	return d, nil
}

// usualChanged is how many attributes a modify changes, those of stamp included.
const usualChanged = 5

// sizeOf is the number of bytes of all values.
func sizeOf(mods []schema.Modification) (n int) {
	for i := range mods {
		for _, v := range mods[i].Values {
			n += len(v)
		}
	}
	return n
}

// sealedRecord is v as it is stored in id2entry.
func (s *Store) sealedRecord(v *schema.View) []byte {
	return s.seals.entries.close(idKey(v.ID), appendRecord(make([]byte, 0, recordSize(v)), v))
}

// recordOf is e as it is stored in id2entry, and v the same, which shares its memory.
func (s *Store) recordOf(e *schema.Entry, key []byte) (record []byte, v *schema.View) {
	user, operational := schema.StoredSize(e.Attributes), schema.StoredSize(e.Operational)
	size := recordHeader + len(key) + len(e.DN) + user + operational
	record = appendHead(make([]byte, 0, size+sealSize), e.Kind(s.schema), &e.UUID, len(key), len(e.DN), user, operational)
	record = schema.AppendStored(append(append(record, key...), e.DN...), e.Attributes)
	record = schema.AppendStored(record, e.Operational)
	v = &schema.View{ID: e.ID}
	if !readRecord(record, v) {
		panic("a record that was just made is not well formed")
	}
	return s.seals.entries.close(idKey(e.ID), record), v
}

// draft makes the draft of j, which is queued and drafting; nil if there is
// something about it that the writer has to find out.
func (s *Store) draft(j *job) (d *draft) {
	rd, err := s.reader()
	if err != nil {
		return nil
	}
	var failed error // a panic of damaged pages; the rest is for the writer to say
	defer func() {
		if failed != nil {
			d = nil
		}
	}()
	defer rd.done(&failed)
	found, err := rd.named(j.key)
	if err != nil || !found || recordSize(&rd.view)+sizeOf(j.change.Mods) > maxDraft {
		return nil
	}
	base, old := bytes.Clone(rd.record), new(schema.View)
	if !readRecord(base[:len(base)-sealSize], old) {
		return nil
	}
	old.ID = rd.view.ID
	if d, err = s.work(j.change, old, j.csn, j.at); err != nil || d.new.Kind != old.Kind {
		return nil
	}
	d.base = base
	return d
}

// holds tells whether d is true in the transaction: nothing has changed the
// entry, nor used its CSN or a later one.
func (b *batch) holds(d *draft) bool {
	if d == nil {
		return false
	}
	ok := b.st.csn.before(d.csn) && bytes.Equal(b.entries.Get(idKey(d.new.ID)), d.base)
	if b.s.opts.onDraft != nil {
		b.s.opts.onDraft(ok)
	}
	return ok
}
