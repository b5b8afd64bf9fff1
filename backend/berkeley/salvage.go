// Salvage: first the tree as far as it goes, then every page it did not lead to.

package berkeley

// Salvage gives every entry that can be read, wherever it is: those that the
// tree leads to, in its order, then those on leaf pages that it does not lead
// to. Of an entry that comes again on such a page the first is believed, and
// the page is reported, for it is an old copy. Deleted entries stay deleted.
//
// All that could not be read is reported, as in Entries, and the walk goes on
// unless report is nil. An entry whose key and text are of two ids is given, with
// the one that suits the order of the keys, so that an id may come twice; on a
// page that is itself damaged only entries are given that have nothing wrong
// with them. Memory grows by one bit for an id.
func (f *File) Salvage(each func(id uint64, text []byte) error, report func(*Problem) error) error {
	w := f.newWalk(each, report)
	w.seen = idSet{}
	if err := w.first(); err != nil {
		return err
	}
	if err := w.tree(); err != nil {
		return err
	}
	w.stray = true
	for n := uint32(1); n < f.pages; n++ {
		if w.visited.has(n) || w.chained.has(n) {
			continue
		}
		err := w.scan(n)
		if err == nil {
			err = w.flush(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan looks at a page that neither the tree nor an entry led to.
func (w *walk) scan(n uint32) error {
	page, h, p := w.f.load(n, &w.page)
	if h.zero && w.whole {
		return nil // nothing is missed, so it was never written
	}
	if p != nil {
		if err := w.fault(n, p); err != nil {
			return err
		}
	}
	if page == nil || h.kind != kindLeaf {
		return nil
	}
	w.last = w.last[:0] // the key before is not on the page before
	if err := w.leaf(n, page, h, p != nil); err != nil {
		return err
	}
	switch {
	case w.left > 0:
		p = faultf("an old copy: %d of its entries were given before and are left out, %d are given", w.left, w.given)
		p.Severity = Note
	case w.whole && w.given > 0:
		p = faultf("the page is not in the tree; its %d entries are given and may be old", w.given)
	default:
		return nil
	}
	if w.given > 0 {
		p.Severity = Doubtful
	}
	return w.fault(n, p)
}
