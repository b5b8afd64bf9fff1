// Long items: chains of overflow pages, read once and no further than they say.

package berkeley

// chain reads the chain of it into dst[:0]. What it allocates grows with the
// pages that are really there.
//
// Each overflow page belongs to one item. Where damage makes two items claim a
// page, both may read it, but the walk has only as many second readings as the
// file has pages: a hostile file costs no more than twice its size.
func (w *walk) chain(it item, dst []byte) ([]byte, *Problem) {
	f, start := w.f, w.f.layout.start()
	dst = dst[:0]
	if room := int64(f.pages) * int64(f.meta.pageSize-start); int64(it.size) > room {
		return dst, faultf("its chain of overflow pages is said to have %d bytes, more than the file", it.size)
	}
	left := int(it.size)
	// A loop is found by looking out for one page at a time, a later one
	// whenever twice as many steps have been made (Brent).
	mark, steps, turn := uint32(0), 0, 1
	for n := it.first; left > 0; {
		if n == 0 || n >= f.pages {
			return dst, faultf("its chain of overflow pages goes to page %d when %d of %d bytes are missing", n, left, it.size)
		}
		if n == mark {
			return dst, &Problem{Page: n, Text: "its chain of overflow pages goes in a circle"}
		}
		if steps++; steps == turn {
			mark, turn = n, 2*turn
		}
		if !w.chained.add(n) {
			if w.again == 0 {
				return dst, &Problem{Page: n, Text: "its overflow page belongs to another entry too"}
			}
			w.again--
		}
		page, h, p := f.load(n, &w.over)
		switch {
		case p != nil:
			p.Text = "its overflow page is lost: " + p.Text
			return dst, p
		case h.kind != kindOverflow || h.used == 0:
			return dst, &Problem{Page: n, Text: "its overflow page is " + h.kind.String() + " without data of it"}
		}
		use := min(h.used, left)
		if use < left && len(page) < f.meta.pageSize {
			return dst, &Problem{Page: n, Text: "its overflow page is lost: the file ends on it"}
		}
		dst = append(dst, page[start:start+use]...)
		left -= use
		n = h.next
	}
	return dst, nil
}
