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
	seen   idSet
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
	v.walk(s.entries, v.entry)
	if v.failed == nil && v.written != s.state.entries {
		v.walk(s.names, v.name)
	}
	if v.failed != nil || v.written != s.state.entries || v.hash != s.state.hash || o.NoComments {
		return v.written, v.failed
	}
	return v.written, v.write([]byte(head.end(v.written)))
}

// walk calls f with all pairs of a bucket that can be reached.
func (v *salvage) walk(b pageBucket, f func(k, value []byte) error) {
	if b.inline != nil {
		v.pairs(0, b.inline, f)
		return
	}
	v.page(b.root, 0, f)
}

func (v *salvage) page(id uint64, depth int, f func(k, value []byte) error) {
	p, kind, n, err := v.read(id)
	switch {
	case err == nil && depth >= maxPageDepth:
		v.report(v.pages.err.bad(id, "tree too deep"))
	case err != nil:
		v.report(err)
	case kind == leafPage:
		v.pairs(id, p, f)
	case kind != branchPage:
		v.report(v.pages.err.bad(id, "neither branch nor leaf"))
	default:
		for i := 0; i < n && v.failed == nil; i++ {
			if _, _, err := v.pages.err.element(id, p, i, branchPage); err != nil {
				v.report(err)
				continue
			}
			v.page(native.Uint64(p[pageHeader+i*pageElement+8:]), depth+1, f)
		}
	}
}

// read gives a page with its kind and how many elements it has.
func (v *salvage) read(id uint64) (p []byte, kind uint16, n int, err error) {
	defer v.pages.guard(debugFaults(), &err)
	if p, err = v.pages.page(id); err == nil {
		kind, n = native.Uint16(p[8:]), int(native.Uint16(p[10:]))
	}
	return p, kind, n, err
}

func (v *salvage) pairs(id uint64, p []byte, f func(k, value []byte) error) {
	for i := 0; i < int(native.Uint16(p[10:])) && v.failed == nil; i++ {
		if v.failed = v.ctx.Err(); v.failed != nil {
			return
		}
		if err := v.pair(id, p, i, f); err != nil {
			v.report(err)
		}
	}
}

// pair calls f with one pair. A part of the file that the disk does not give is as
// damaged as any other.
func (v *salvage) pair(id uint64, p []byte, i int, f func(k, value []byte) error) (err error) {
	defer v.pages.guard(debugFaults(), &err)
	k, value, err := v.pages.err.element(id, p, i, leafPage)
	if err != nil {
		return err
	}
	return f(k, value)
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
		rdns := bytes.Split(k, []byte{0})
		slices.Reverse(rdns)
		return fmt.Errorf("%w: entry %d, %q", errLostEntry, id, bytes.Join(rdns, []byte{','}))
	}
	return nil
}

var errLostEntry = errors.New("lost")
