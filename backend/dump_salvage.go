package backend

// What can be read of a damaged store.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// salvage is one reading of a State that goes on past all damage.
type salvage struct {
	*dump
	ctx    context.Context
	report func(error)
	maker  *textMaker
	seen   idSet // entries
	walked idSet // pages of the bucket
	failed error // of the output, or of ctx: the end
}

// Salvage writes all entries that can be read, in the order of their ids, and
// reports what cannot, with the names of the entries that are lost as far as they
// are known. If nothing is lost the dump is complete and has its last line. The
// number of entries written comes with any error.
func (s *State) Salvage(ctx context.Context, w io.Writer, o DumpOptions, report func(error)) (entries uint64, err error) {
	v := &salvage{dump: newDump(s, w, o), ctx: ctx, report: report}
	v.maker = newTextMaker(v.dump)
	head := s.head.untouched()
	if !o.NoComments {
		if err := v.comment(head.text()); err != nil {
			return 0, err
		}
	}
	v.page(s.entries, 0, v.entry)
	switch {
	case v.failed != nil:
		return v.written, v.failed
	case v.written != s.state.entries:
		v.walked = idSet{}
		v.page(s.names, 0, v.name)
		return v.written, v.failed
	case v.hash != s.state.hash:
		report(errOtherEntries())
		return v.written, nil
	case o.NoComments:
		return v.written, nil
	}
	return v.written, v.write([]byte(head.end(v.written)))
}

// page calls f with all pairs that can be reached from the page at which b begins.
func (v *salvage) page(b pageBucket, depth int, f func(k, value []byte) error) {
	p, err := v.read(b)
	switch {
	case err != nil:
	case depth >= maxPageDepth:
		err = v.pages.err.bad(b.root, "tree too deep")
	case !v.walked.add(b.root): // or a page that leads to itself would have no end
		err = v.pages.err.bad(b.root, "in two places of the tree")
	}
	if err != nil {
		v.report(err)
		return
	}
	kind := native.Uint16(p[8:])
	if kind != leafPage && kind != branchPage {
		v.report(v.pages.err.bad(b.root, "neither branch nor leaf"))
		return
	}
	for i := 0; i < int(native.Uint16(p[10:])) && v.failed == nil; i++ {
		if v.failed = v.ctx.Err(); v.failed != nil {
			return
		}
		k, value, err := v.pages.err.element(b.root, p, i, kind)
		switch {
		case err != nil:
		case kind == branchPage:
			v.page(pageBucket{root: native.Uint64(p[pageHeader+i*pageElement+8:])}, depth+1, f)
		default:
			err = f(k, value)
		}
		if err != nil {
			v.report(err)
		}
	}
}

// read copies a page: what the disk does not give is an error here and a fault
// nowhere else.
func (v *salvage) read(b pageBucket) (p []byte, err error) {
	defer v.pages.guard(debugFaults(), &err)
	if b.inline != nil {
		return bytes.Clone(b.inline), nil
	}
	p, err = v.pages.page(b.root)
	return bytes.Clone(p), err
}

// entry writes an entry. The error is that it cannot be read.
func (v *salvage) entry(k, value []byte) error {
	rec, err := v.maker.seal.open(k, value)
	if err != nil {
		return err
	}
	var e schema.View
	if len(k) != idSize || !readRecord(rec, &e) {
		return v.maker.seal.damage(k, "not a record")
	}
	if e.ID = binary.BigEndian.Uint64(k); v.seen.has(e.ID) {
		return v.maker.seal.damage(k, "is there twice")
	}
	text, err := v.maker.entry(nil, &e)
	if err != nil {
		return err
	}
	if v.failed = v.write(text); v.failed != nil {
		return nil
	}
	v.seen.add(e.ID)
	addHash(&v.hash, entryHash(&e))
	v.written++
	v.opts.Progress(v.written, v.state.entries)
	return nil
}

// name reports an entry that was not written.
func (v *salvage) name(k, value []byte) error {
	seal := newSeal(bucketNames)
	rec, err := seal.open(k, value)
	if err != nil {
		return err
	}
	id, _, ok := readName(rec)
	if !ok {
		return seal.damage(k, "not an id")
	}
	if !v.seen.has(id) {
		return fmt.Errorf("%w: entry %d, %q", errLostEntry, id, keyText(k))
	}
	return nil
}

// keyText is about the name that has the key.
func keyText(k []byte) []byte {
	rdns := bytes.Split(k, []byte{0})
	slices.Reverse(rdns)
	return bytes.Join(rdns, []byte{','})
}

var errLostEntry = errors.New("lost")
