// A walk through the file: its state, its reports, and the reading of a leaf.

package berkeley

import (
	"bytes"
	"encoding/binary"
)

// walk is one call of Entries or Salvage.
type walk struct {
	f      *File
	each   func(id uint64, text []byte) error
	report func(*Problem) error

	visited pageSet // pages that the tree led to, damaged ones included
	chained pageSet // overflow pages that an entry led to
	again   uint32  // second readings of overflow pages that are left
	whole   bool    // nothing of the tree is out of reach
	keys    binary.ByteOrder

	seen  idSet // nil: do not look for entries that come twice
	stray bool  // the pages being read are not in the tree
	given int   // entries of this leaf given to each
	left  int   // entries of this leaf left out because they were given before

	last []byte // key before the one being read

	page, over, key, text []byte // buffers

	faults   int      // reports on the current page
	withheld int      // not reported, see maxFaults
	worst    Severity // of those withheld
}

func (f *File) newWalk(each func(uint64, []byte) error, report func(*Problem) error) *walk {
	return &walk{
		f: f, each: each, report: report, whole: true,
		visited: pageSet{}, chained: pageSet{}, again: f.pages,
		keys: f.meta.order,
	}
}

// fault reports p, or returns it where nobody wants reports.
func (w *walk) fault(page uint32, p *Problem) error {
	if p.Page == 0 {
		p.Page = page
	}
	if w.report == nil {
		if p.Severity == Note {
			return nil
		}
		return p
	}
	if w.faults++; w.faults > maxFaults {
		if w.withheld == 0 || p.Severity < w.worst {
			w.worst = p.Severity
		}
		w.withheld++
		return nil
	}
	return w.report(p)
}

// flush ends the reports on a page.
func (w *walk) flush(page uint32) error {
	withheld := w.withheld
	w.faults, w.withheld = 0, 0
	if withheld == 0 {
		return nil
	}
	p := faultf("%d more like these", withheld)
	p.Page, p.Severity = page, w.worst
	return w.report(p)
}

// leaf gives the entries of leaf page n. On a suspect page only those count
// that have nothing wrong with them.
func (w *walk) leaf(n uint32, page []byte, h header, suspect bool) error {
	w.given, w.left = 0, 0
	inline := 0
	for i := range h.items {
		key, data := w.f.layout.pair(page, i)
		if data.deleted && data.fault == nil && key.fault == nil {
			if err := w.deleted(n, key); err != nil {
				return err
			}
			continue
		}
		// Items do not overlap, or a small file would be a large one to read.
		if inline += len(data.bytes); inline > len(page) {
			p := faultf("the items from %d on overlap with others, they are not read", i)
			return w.fault(n, p)
		}
		e := w.entry(key, data)
		if !e.differs || w.settle(&e, page, i, h.items) {
			w.last = append(w.last[:0], key.bytes...)
		}
		if err := w.give(n, e, suspect); err != nil {
			return err
		}
	}
	return nil
}

// settle decides which id an entry has whose key and text do not agree: that of
// the key if the key is in its place between the keys around it, else that of
// the text. It says whether the key counts.
func (w *walk) settle(e *entry, page []byte, i, items int) bool {
	key, _ := w.f.layout.pair(page, i)
	inOrder := bytes.Compare(w.last, key.bytes) < 0
	if i+1 < items {
		next, _ := w.f.layout.pair(page, i+1)
		inOrder = inOrder && bytes.Compare(key.bytes, next.bytes) < 0
	}
	if inOrder {
		e.fault = faultf("its text says that it is entry %d", e.line)
		return true
	}
	e.fault = faultf("its key says that it is entry %d, but not in the order of the keys", e.id)
	e.id = e.line
	return false
}

// deleted passes over an entry that only waits for its place to be freed. One
// bit of damage makes such an entry, so that Salvage tells of it.
func (w *walk) deleted(n uint32, key item) error {
	if w.seen == nil {
		return nil
	}
	p := faultf("it is marked as deleted and left out")
	p.Severity = Note
	if id, ok := w.keyID(key.bytes); ok && !key.chained {
		p.ID, p.HasID = id, true
	}
	return w.fault(n, p)
}

// give hands one entry over, after the report on it if there is one to make.
func (w *walk) give(n uint32, e entry, suspect bool) error {
	if e.fault != nil {
		p := e.fault
		p.ID, p.HasID = e.id, e.hasID
		if !e.lost && !suspect {
			p.Severity = Doubtful
		}
		if err := w.fault(n, p); err != nil || p.Severity == Lost {
			return err
		}
	} else if w.seen != nil && !w.seen.add(e.id) && w.stray {
		w.left++
		return nil
	}
	w.given++
	return w.each(e.id, e.text)
}
