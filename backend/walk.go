package backend

// Walking one tree of pages. A damaged page makes bbolt end the process (a panic
// in a goroutine of its own, endless recursion, a fault on the mapped file), and
// a damaged count of keys makes it hide keys silently. Here each becomes an
// error. inspect.go says when which tree is walked.

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

const (
	pagesKept  = 4096 // pages read between two letGo
	pagesAtOne = 64   // pages read until others may run
)

// errStopped is the end of a walk that is not wanted any more.
var errStopped = errors.New("the store is being closed")

// pageWalk walks one tree: that of the buckets, or that of one bucket.
type pageWalk struct {
	name   string // of the bucket, or wholeFile
	pages  *pageReader
	seen   pageSet
	stop   *atomic.Bool // ends the walk; nil is never
	height int          // pages so far below the root are left out; 0 is none
	keys   uint64       // found so far
	read   int          // pages
	each   func(key, value []byte) error
	found  func(bucket string, at pageBucket) // not nil: this is the tree of buckets
}

// pageSet is a set of page numbers for any number of goroutines.
type pageSet []atomic.Uint64

func newPageSet(pages uint64) pageSet { return make(pageSet, pages/64+1) }

// add reports whether id was not there yet.
func (s pageSet) add(id uint64) bool {
	bit := uint64(1) << (id % 64)
	return s[id/64].Or(bit)&bit == 0
}

func (w *pageWalk) bad(id uint64, what string) error {
	return &DamageError{Bucket: w.name, What: fmt.Sprintf("page %d: %s", id, what)}
}

// page gives page id with its overflow.
func (w *pageWalk) page(id uint64, depth int) ([]byte, error) {
	if depth >= maxPageDepth {
		return nil, w.bad(id, "tree too deep")
	}
	if w.read++; w.read%pagesAtOne == 0 {
		if w.stop != nil && w.stop.Load() {
			return nil, errStopped
		}
		runtime.Gosched()
	}
	if w.read%pagesKept == 0 {
		letGo(w.pages.data)
	}
	p, wrong := w.pages.at(id)
	if p == nil {
		return nil, w.bad(id, wrong)
	}
	for n := range uint64(len(p)) / w.pages.size {
		if !w.seen.add(id + n) {
			return nil, w.bad(id+n, "used twice")
		}
	}
	return p, nil
}

// measure gives the number of branch pages on the way down to the first leaf.
func (w *pageWalk) measure(root uint64) (height int, err error) {
	for id := root; height < maxPageDepth; height++ {
		p, wrong := w.pages.at(id)
		if p == nil {
			return 0, w.bad(id, wrong)
		}
		if native.Uint16(p[8:]) != branchPage {
			return height, nil
		}
		id = native.Uint64(p[pageHeader+8:])
	}
	return 0, w.bad(root, "tree too deep")
}

// bucket walks the tree of a bucket.
func (w *pageWalk) bucket(b pageBucket) error {
	if b.inline != nil {
		return w.leaf(0, b.inline, nil, nil)
	}
	return w.tree(b.root, 0, nil, nil)
}

// tree checks the page id and all below it. Keys must be at least low and
// below high; nil is no bound.
func (w *pageWalk) tree(id uint64, depth int, low, high []byte) error {
	p, err := w.page(id, depth)
	if err != nil {
		return err
	}
	switch native.Uint16(p[8:]) {
	case leafPage:
		return w.leaf(id, p, low, high)
	case branchPage:
	default:
		return w.bad(id, "neither branch nor leaf")
	}
	count := int(native.Uint16(p[10:]))
	if count == 0 {
		return w.bad(id, "empty branch")
	}
	for i := range count {
		key, _, err := w.element(id, p, i, branchPage)
		if err != nil {
			return err
		}
		end := high
		if i+1 < count {
			if end, _, err = w.element(id, p, i+1, branchPage); err != nil {
				return err
			}
		}
		if low != nil && bytes.Compare(key, low) < 0 || end != nil && bytes.Compare(key, end) >= 0 {
			return w.bad(id, "keys out of order")
		}
		low = key
		if depth+1 == w.height {
			continue
		}
		child := native.Uint64(p[pageHeader+i*pageElement+8:])
		if err := w.tree(child, depth+1, key, end); err != nil {
			return err
		}
	}
	return nil
}

// leaf checks a leaf page, which may be one within a value (an inline bucket).
func (w *pageWalk) leaf(id uint64, p []byte, low, high []byte) error {
	count := int(native.Uint16(p[10:]))
	w.keys += uint64(count)
	var last []byte
	for i := range count {
		key, value, err := w.element(id, p, i, leafPage)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(key, last) <= 0 || i == 0 && low != nil && bytes.Compare(key, low) < 0 {
			return w.bad(id, "keys out of order")
		}
		last = key
		flags := native.Uint32(p[pageHeader+i*pageElement:])
		switch {
		case flags == 0 && w.found == nil:
			if w.each != nil {
				err = w.each(key, value)
			}
		case flags == bucketFlag && w.found != nil:
			err = w.place(id, string(key), value)
		default:
			err = w.bad(id, "a bucket where a value belongs, or the other way round")
		}
		if err != nil {
			return err
		}
	}
	if count > 0 && high != nil && bytes.Compare(last, high) >= 0 {
		return w.bad(id, "keys out of order")
	}
	return nil
}

// place tells where a bucket of the top level is.
func (w *pageWalk) place(id uint64, name string, value []byte) error {
	if len(value) < inlineHeader {
		return w.bad(id, "bucket too short")
	}
	b := pageBucket{root: native.Uint64(value)}
	if b.root == 0 {
		if b.inline = value[inlineHeader:]; len(b.inline) < pageHeader || native.Uint16(b.inline[8:]) != leafPage {
			return w.bad(id, "inline bucket is no leaf")
		}
	}
	w.found(name, b)
	return nil
}

// element takes key and value of element i out of page p.
func (w *pageWalk) element(id uint64, p []byte, i int, kind uint16) (key, value []byte, err error) {
	at := pageHeader + i*pageElement
	if at+pageElement > len(p) {
		return nil, nil, w.bad(id, "too many elements")
	}
	e := p[at : at+pageElement]
	var pos, ksize, vsize uint64
	if kind == branchPage {
		pos, ksize = uint64(native.Uint32(e)), uint64(native.Uint32(e[4:]))
	} else {
		pos, ksize, vsize = uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
	}
	from := uint64(at) + pos
	if from+ksize+vsize > uint64(len(p)) || pos < pageElement {
		return nil, nil, w.bad(id, "element outside of its page")
	}
	return p[from : from+ksize : from+ksize], p[from+ksize : from+ksize+vsize], nil
}
