// Entries: the walk down the tree, from its root to its leaves.

package berkeley

// Entries calls each for every entry in the order of the keys as the file has
// them, which is not the order of the ids where keys are little-endian. The
// text is LDIF lines without the id line and the NUL; it is valid during the
// call only. Memory does not grow with the file but for some bits for a page.
//
// With a nil report the first problem ends the walk and is the error, a
// *Problem. Otherwise each problem is reported and the walk goes on past it: a
// damaged leaf page loses the entries on it, a damaged internal page those on
// the pages below it, which Salvage still finds. An error of each or of report
// ends the walk and is returned as it is.
func (f *File) Entries(each func(id uint64, text []byte) error, report func(*Problem) error) error {
	w := f.newWalk(each, report)
	if err := w.first(); err != nil {
		return err
	}
	return w.tree()
}

// first reports that the first page was of no use.
func (w *walk) first() error {
	if !w.f.guessed {
		return nil
	}
	w.whole = false
	return w.fault(0, faultf("the page is damaged; what it says was found out from the others"))
}

// tree reads all pages that can be reached from the root, leaves from left to
// right. Each page is put on the stack once, so that circles end.
func (w *walk) tree() error {
	root := w.f.meta.root
	if root == 0 || root >= w.f.pages {
		w.whole = false
		return w.fault(0, faultf("the root of the tree is said to be page %d, the file has %d pages", root, w.f.pages))
	}
	w.visited.add(root)
	stack := []uint32{root}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		page, h, p := w.f.load(n, &w.page)
		if p == nil && h.kind != kindInternal && h.kind != kindLeaf {
			p = faultf("the tree leads to this page, but it is %s", h.kind)
		}
		if p != nil {
			w.whole = w.whole && h.kind == kindLeaf
			if err := w.fault(n, p); err != nil {
				return err
			}
		}
		var err error
		switch {
		case page != nil && h.kind == kindLeaf:
			err = w.leaf(n, page, h, p != nil)
		case p == nil: // an internal page that is not whole may lead anywhere
			stack, err = w.below(n, page, h, stack)
		}
		if err == nil {
			err = w.flush(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// below puts the pages below internal page n on the stack, the first on top.
func (w *walk) below(n uint32, page []byte, h header, stack []uint32) ([]uint32, error) {
	for i := h.items - 1; i >= 0; i-- {
		child, p := w.f.layout.child(page, i)
		switch {
		case p != nil:
		case child == 0 || child >= w.f.pages:
			p = faultf("item %d leads to page %d, which the tree cannot have", i, child)
		case !w.visited.add(child):
			p = faultf("item %d leads to page %d, which is in the tree already", i, child)
		default:
			stack = append(stack, child)
			continue
		}
		w.whole = false
		if err := w.fault(n, p); err != nil {
			return stack, err
		}
	}
	return stack, nil
}
