package backend

// Reading a bbolt file without bbolt: one state of it, given by the root page
// of its buckets. It needs no lock, so it also reads a file that a server has
// open, as long as that server keeps the pages of this state (see Store.Pin).

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// pageReader reads pages from the mapped file. Everything that it is led to is
// checked to be inside of the file, and what it finds carries checksums.
type pageReader struct {
	data []byte // the pages of this state
	size uint64 // of a page
	err  pageWalk
}

// letGo gives the memory of the mapped pages back, which the kernel keeps or
// reads again as it likes: a whole store would count as ours otherwise. Not
// to be able to is no fault.
func letGo(data []byte) { _ = syscall.Madvise(data, syscall.MADV_DONTNEED) }

// mapPages maps the pages of one state of f.
func mapPages(f *os.File, m boltMeta) (*pageReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := m.fits(info.Size()); err != nil {
		return nil, err
	}
	n := int(m.pages * m.pageSize)
	data, err := syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the store: %w", err)
	}
	return &pageReader{data: data, size: m.pageSize, err: pageWalk{name: wholeFile}}, nil
}

func (r *pageReader) close() error {
	data := r.data
	r.data = nil
	return syscall.Munmap(data)
}

// guard makes an error of a fault on the mapped file, such as a disk that does
// not give a page. It is deferred.
func (r *pageReader) guard(before bool, err *error) {
	debug.SetPanicOnFault(before)
	if p := recover(); p != nil {
		*err = fmt.Errorf("read the store: %v", p)
	}
}

// page is at with an error.
func (r *pageReader) page(id uint64) ([]byte, error) {
	p, wrong := r.at(id)
	if p == nil {
		return nil, r.err.bad(id, wrong)
	}
	return p, nil
}

// at gives page id with its overflow, or nil and what is wrong with it.
func (r *pageReader) at(id uint64) (p []byte, wrong string) {
	pages := uint64(len(r.data)) / r.size
	if id < firstPage || id >= pages {
		return nil, "no such page"
	}
	p = r.data[id*r.size:]
	last := id + uint64(native.Uint32(p[12:]))
	if native.Uint64(p) != id || last >= pages {
		return nil, "wrong header"
	}
	return p[:(last-id+1)*r.size], ""
}

// bucket finds a bucket of the top level.
func (r *pageReader) bucket(root uint64, name string) (b pageBucket, err error) {
	value, ok, err := r.get(pageBucket{root: root}, []byte(name))
	switch {
	case err != nil:
		return b, err
	case !ok || len(value) < inlineHeader:
		return b, &DamageError{Bucket: name, What: "no such bucket"}
	}
	if b.root = native.Uint64(value); b.root == 0 {
		if b.inline = value[inlineHeader:]; len(b.inline) < pageHeader {
			return b, &DamageError{Bucket: name, What: "inline bucket is no leaf"}
		}
	}
	return b, nil
}

// pageBucket is the place of a bucket: a tree, or a single page within a value.
type pageBucket struct {
	root   uint64
	inline []byte
}

// get finds the value of a key.
func (r *pageReader) get(b pageBucket, key []byte) (value []byte, ok bool, err error) {
	f := pageFinder{pages: r, bucket: b}
	return f.get(key)
}

// pageFinder finds the values of keys of which many follow each other. It is not
// for use by several goroutines at once.
type pageFinder struct {
	pages  *pageReader
	bucket pageBucket

	id   uint64 // of the leaf in which the last key was
	leaf []byte // nil: none was found yet
	at   int    // element of that key
}

// get finds the value of a key: the one behind the last, or any other.
func (f *pageFinder) get(key []byte) (value []byte, ok bool, err error) {
	if next := f.at + 1; f.leaf != nil && next < int(native.Uint16(f.leaf[10:])) {
		k, value, err := f.pages.err.element(f.id, f.leaf, next, leafPage)
		if err == nil && bytes.Equal(k, key) {
			f.at = next
			return value, true, nil
		}
	}
	return f.descend(key)
}

// descend finds the value of a key from the root on.
func (f *pageFinder) descend(key []byte) (value []byte, ok bool, err error) {
	r := f.pages
	id, p := f.bucket.root, f.bucket.inline
	for range maxPageDepth {
		if p == nil {
			if p, err = r.page(id); err != nil {
				return nil, false, err
			}
		}
		kind := native.Uint16(p[8:])
		i, found, err := r.search(id, p, kind, key)
		switch {
		case err != nil:
			return nil, false, err
		case kind == leafPage && !found:
			return nil, false, nil
		case kind == leafPage:
			_, value, err := r.err.element(id, p, i, leafPage)
			f.id, f.leaf, f.at = id, p, i
			return value, true, err
		}
		if !found {
			i--
		}
		if i < 0 {
			return nil, false, nil
		}
		id, p = native.Uint64(p[pageHeader+i*pageElement+8:]), nil
	}
	return nil, false, r.err.bad(id, "tree too deep")
}

// search finds the first key of a page that is not below key.
func (r *pageReader) search(id uint64, p []byte, kind uint16, key []byte) (at int, found bool, err error) {
	if kind != leafPage && kind != branchPage {
		return 0, false, r.err.bad(id, "neither branch nor leaf")
	}
	from, to := 0, int(native.Uint16(p[10:]))
	for from < to {
		mid := (from + to) / 2
		k, _, err := r.err.element(id, p, mid, kind)
		if err != nil {
			return 0, false, err
		}
		switch c := bytes.Compare(k, key); {
		case c == 0:
			return mid, true, nil
		case c < 0:
			from = mid + 1
		default:
			to = mid
		}
	}
	return from, false, nil
}

// each calls f with all pairs of a bucket in order.
func (r *pageReader) each(b pageBucket, f func(key, value []byte) error) error {
	if b.inline != nil {
		return r.leaf(0, b.inline, f)
	}
	return r.eachPage(b.root, 0, f)
}

func (r *pageReader) eachPage(id uint64, depth int, f func(key, value []byte) error) error {
	if depth >= maxPageDepth {
		return r.err.bad(id, "tree too deep")
	}
	p, err := r.page(id)
	if err != nil {
		return err
	}
	if native.Uint16(p[8:]) == leafPage {
		return r.leaf(id, p, f)
	}
	for i := range int(native.Uint16(p[10:])) {
		if _, _, err := r.err.element(id, p, i, branchPage); err != nil {
			return err
		}
		if err := r.eachPage(native.Uint64(p[pageHeader+i*pageElement+8:]), depth+1, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *pageReader) leaf(id uint64, p []byte, f func(key, value []byte) error) error {
	for i := range int(native.Uint16(p[10:])) {
		key, value, err := r.err.element(id, p, i, leafPage)
		if err != nil {
			return err
		}
		if err := f(key, value); err != nil {
			return err
		}
	}
	return nil
}
