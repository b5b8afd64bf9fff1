// One page: reading it, its header, and what the two generations have to tell.

package berkeley

import (
	"bytes"
	"errors"
	"io"
)

type kind uint8

const (
	kindUnknown  kind = iota // the header makes no sense
	kindFree                 // given back, or never used (all zeros)
	kindInternal             // a tree page above others
	kindLeaf                 // a tree page with entries
	kindOverflow             // a piece of something long
	kindOther                // a page that a btree of entries does not have
)

// zeroPage is the text of the problem with a page of zeros. Such a page may be
// one that was never written, so that it counts only where something is missed.
const zeroPage = "the page holds only zeros"

func (k kind) String() string {
	switch k {
	case kindFree:
		return "a free page"
	case kindInternal:
		return "an internal page"
	case kindLeaf:
		return "a leaf page"
	case kindOverflow:
		return "an overflow page"
	case kindOther:
		return "a page of another kind of file"
	}
	return "not a page"
}

// header is what the head of a page says.
type header struct {
	kind  kind
	next  uint32 // overflow page: the next of the chain, or 0
	items int    // leaf page: pairs; internal page: pages below. They fit on the page.
	used  int    // overflow page: its bytes of data, at most what the page has room for
	zero  bool   // every byte of the page is 0
}

// item is a key or a data item of a leaf: bytes on the page, or a chain.
type item struct {
	bytes   []byte
	chained bool
	first   uint32 // of a chain: the first page
	size    uint32 // of a chain: all its bytes
	deleted bool
	fault   *Problem // why it cannot be read
}

// layout is a generation of the format. Its methods look at one page, whose
// slice is shorter than a page where the file ends, and never trust it.
type layout interface {
	// head reads the header of page n. With a problem the header may still be
	// of use (its kind is not kindUnknown), but the page is not to be trusted.
	head(page []byte, n uint32) (header, *Problem)
	// child is the page that item i of an internal page points to.
	child(page []byte, i int) (uint32, *Problem)
	// pair is pair i of a leaf page. end is where the table of offsets ends.
	pair(page []byte, i int) (key, data item)
	// start is where the data begins on an overflow page.
	start() int
}

// read gets page n into buf, which it makes if need be, and returns the part of
// it that the file has.
func (f *File) read(n uint32, buf *[]byte) ([]byte, *Problem) {
	size := int64(f.meta.pageSize)
	at := int64(n) * size
	if n >= f.pages {
		return nil, &Problem{Page: n, Text: "the file ends before this page"}
	}
	size = min(size, f.size-at)
	if int64(cap(*buf)) < size {
		*buf = make([]byte, size)
	}
	page := (*buf)[:size]
	got, err := f.src.ReadAt(page, at)
	if int64(got) == size || errors.Is(err, io.EOF) && got > 0 {
		return page[:got], nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return nil, &Problem{Page: n, Text: "the page cannot be read", Err: err}
}

// load is read and head. A page of which the file has only a part is a problem
// too, but its header may be of use.
func (f *File) load(n uint32, buf *[]byte) ([]byte, header, *Problem) {
	page, p := f.read(n, buf)
	if p != nil {
		return nil, header{}, p
	}
	h, p := f.layout.head(page, n)
	if p == nil && len(page) < f.meta.pageSize && h.kind != kindOverflow { // which may need no more
		p = faultf("the file ends %d bytes into the page", len(page))
	}
	if p != nil {
		p.Page = n
	}
	return page, h, p
}

// zeros says whether all bytes are 0.
func zeros(page []byte) bool {
	return len(bytes.TrimLeft(page, "\x00")) == 0
}
