package backend

// Which pages a commit has written: those that can be reached from its root and not
// from that of the commit before, since bbolt changes no page in place. Both trees
// are walked level by level, and only where they differ.

import (
	"hash/crc32"
	"slices"
)

// outOfStep is how far the lists of one level are searched for where they are alike
// again.
const outOfStep = 8

// treeDiff is the walk. Its memory is used again.
type treeDiff struct {
	pages *mapped
	found []uint32 // first numbers
	total uint32   // with overflow
	sum   uint32   // see proof
	// old and new are the pages of one level that are in one of the trees alone,
	// oldBelow and newBelow all those below them.
	old, new, oldBelow, newBelow []uint64
}

// between finds the pages of the tree at root that are not in the one at before. It
// gives up, with false, when there are more than maxOneFlush: then nothing is known.
func (d *treeDiff) between(pages *mapped, before, root uint64) bool {
	d.pages = pages
	d.found, d.total, d.sum = d.found[:0], 0, 0
	d.old, d.new = append(d.old[:0], before), append(d.new[:0], root)
	if before == root {
		return true
	}
	for range maxPageDepth {
		if len(d.found)+len(d.new) > maxOneFlush {
			return false
		}
		d.oldBelow, d.newBelow = d.oldBelow[:0], d.newBelow[:0]
		for _, id := range d.old {
			d.oldBelow = below(d.oldBelow, d.pages.page(id))
		}
		for _, id := range d.new {
			p := d.pages.page(id)
			d.found = append(d.found, uint32(id))
			d.total += uint32(uint64(len(p)) / d.pages.size)
			d.sum = crc32.Update(d.sum, castagnoli, p)
			d.newBelow = below(d.newBelow, p)
		}
		if d.unlike(); len(d.new) == 0 {
			return true
		}
	}
	return false
}

// below appends the pages that p leads to: those below a branch, or the roots of
// the buckets in a leaf. A leaf has buckets or values, never both.
func below(list []uint64, p []byte) []uint64 {
	count := int(native.Uint16(p[10:]))
	elements := p[pageHeader : pageHeader+count*pageElement]
	switch {
	case native.Uint16(p[8:]) == branchPage:
		for ; len(elements) > 0; elements = elements[pageElement:] {
			list = append(list, native.Uint64(elements[8:]))
		}
	case count > 0 && native.Uint32(elements) == bucketFlag:
		for i := range count {
			at := place{page: p, at: i, n: count, leaf: true}
			_, value := at.pair()
			if root := native.Uint64(value); root != 0 { // else the bucket is in the value
				list = append(list, root)
			}
		}
	}
	return list
}

// unlike makes d.old and d.new those pages of the level below that are in one of
// the lists alone. The lists are in the order of keys and nearly alike: pages are
// replaced, and now and then one is split or two become one.
func (d *treeDiff) unlike() {
	old, now := d.oldBelow, d.newBelow
	d.old, d.new = d.old[:0], d.new[:0]
	for len(old) > 0 && len(now) > 0 {
		if old[0] == now[0] {
			old, now = old[1:], now[1:]
			continue
		}
		gone, come := 1, 1
		for n := 1; n <= outOfStep; n++ {
			if n < len(now) && now[n] == old[0] {
				gone, come = 0, n
				break
			}
			if n < len(old) && old[n] == now[0] {
				gone, come = n, 0
				break
			}
		}
		d.old, old = append(d.old, old[:gone]...), old[gone:]
		d.new, now = append(d.new, now[:come]...), now[come:]
	}
	d.old, d.new = append(d.old, old...), append(d.new, now...)
	// Where the lists were out of step, pages that both have were taken for different.
	inOld := slices.Sorted(slices.Values(d.old))
	inNew := slices.Sorted(slices.Values(d.new))
	in := func(sorted []uint64) func(uint64) bool {
		return func(id uint64) bool { _, ok := slices.BinarySearch(sorted, id); return ok }
	}
	d.new = slices.DeleteFunc(d.new, in(inOld))
	d.old = slices.DeleteFunc(d.old, in(inNew))
}
