package backend

// The inspection of a file: its page tree, walked bucket by bucket, each one
// once. Either all of it is walked before anything else is done, or each bucket
// before its keys are first relied upon, and the rest meanwhile (see sound.go).

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// inspection is that of one state of a file, whose pages must not be used again
// for something else until it is closed. Its methods may be called by any number
// of goroutines.
type inspection struct {
	file    os.FileInfo
	meta    boltMeta
	both    bool // both meta pages are in order
	buckets map[string]*inspected
	order   []*inspected // in which all walks them
	// each is asked about every pair; nil but for a load.
	each    func(bucket string, key, value []byte) error
	seen    pageSet
	stopped atomic.Bool
	free    struct { // what unused has found
		sync.Once
		err error
	}
	// Walks hold mapped for reading: pages.data is nil once the file is not
	// mapped any more.
	mapped sync.RWMutex
	pages  *pageReader
}

// inspected is one bucket of an inspection.
type inspected struct {
	name  string
	at    pageBucket
	known bool   // want is
	want  uint64 // keys
	walk  sync.Once
	keys  uint64
	err   error
}

// inspectFile begins the inspection of the newest state of the file at path. It
// walks the tree of the buckets, and none of these. Whoever calls it sees to it
// that nobody writes to the file meanwhile.
func inspectFile(path string) (*inspection, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	defer f.Close()
	v, err := inspect(f)
	if err != nil {
		return nil, damagedFile(path, err)
	}
	return v, nil
}

func inspect(f *os.File) (v *inspection, err error) {
	v = &inspection{buckets: map[string]*inspected{}}
	if v.file, err = f.Stat(); err != nil {
		return nil, err
	}
	if v.meta, v.both, err = newestMeta(f); err != nil {
		return nil, err
	}
	if v.pages, err = mapPages(f, v.meta); err != nil {
		return nil, err
	}
	v.seen = newPageSet(v.meta.pages)
	root := v.newWalk(wholeFile)
	root.found = func(name string, at pageBucket) { v.buckets[name] = &inspected{name: name, at: at} }
	if err := v.guarded(func() error { return root.tree(v.meta.root, 0, nil, nil) }); err != nil {
		return nil, errors.Join(err, v.close())
	}
	for _, b := range v.buckets {
		v.order = append(v.order, b)
	}
	slices.SortFunc(v.order, func(a, b *inspected) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.name, b.name))
	})
	return v, nil
}

// rank is lower for what is needed by more requests and walked in less time.
func (b *inspected) rank() int {
	switch b.name {
	case bucketMeta:
		return 0
	case bucketNames:
		return 1
	case bucketUUIDs:
		return 3
	case bucketChangelog:
		return 4
	case bucketEntries:
		return 5
	}
	return 2
}

// closedInOrder tells that nothing was written since the store was closed, and
// that it is one, as far as that is known by now.
func (v *inspection) closedInOrder() bool {
	return v.both && v.meta.listed() && v.buckets[bucketMeta] != nil && v.buckets[bucketEntries] != nil
}

// current tells whether the file at path is still that of v, in the same state.
func (v *inspection) current(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	file, err := f.Stat()
	if err != nil || !os.SameFile(file, v.file) {
		return false
	}
	now, _, err := newestMeta(f)
	return err == nil && now == v.meta
}

func (v *inspection) newWalk(name string) *pageWalk {
	return &pageWalk{name: name, pages: v.pages, seen: v.seen, stop: &v.stopped}
}

// guarded runs a walk. Faults on the mapped file become errors.
func (v *inspection) guarded(walk func() error) (err error) {
	v.mapped.RLock()
	defer v.mapped.RUnlock()
	if v.pages.data == nil {
		return errStopped
	}
	defer v.pages.guard(debug.SetPanicOnFault(true), &err)
	return walk()
}

// bucket returns when the bucket has been walked, by this call or another. The
// error is a *DamageError, errStopped, or that of a disk that cannot be read.
func (v *inspection) bucket(name string) error {
	b := v.buckets[name]
	if b == nil {
		return &DamageError{Bucket: name, What: "no such bucket"}
	}
	b.walk.Do(func() {
		w := v.newWalk(name)
		if v.each != nil {
			w.each = func(key, value []byte) error { return v.each(name, key, value) }
		}
		b.err = v.guarded(func() error { return w.bucket(b.at) })
		b.keys = w.keys
	})
	if b.err == nil && b.known && b.keys != b.want {
		return &DamageError{Bucket: name, What: fmt.Sprintf("has %d keys and should have %d", b.keys, b.want)}
	}
	return b.err
}

// expect says how many keys buckets must have. It is called before several
// goroutines use v.
func (v *inspection) expect(want map[string]uint64) error {
	for name, n := range want {
		b := v.buckets[name]
		if b == nil {
			return &DamageError{Bucket: name, What: "no such bucket"}
		}
		b.known, b.want = true, n
	}
	return nil
}

// branches walks the branch pages of a bucket's tree alone, which are few: what
// is looked up in it afterwards comes to an end. It cannot where the way down
// leads up again, and that ends the process.
//
// A leaf page is not looked at. If one was a branch page instead, whole and with
// the right number, the way could lead up from there: no damage to single bytes
// makes one.
func (v *inspection) branches(name string) error {
	b := v.buckets[name]
	if b == nil {
		return &DamageError{Bucket: name, What: "no such bucket"}
	}
	if b.at.inline != nil {
		return nil
	}
	w := v.newWalk(name)
	w.seen = newPageSet(v.meta.pages) // the walk to come sees them again
	return v.guarded(func() (err error) {
		if w.height, err = w.measure(b.at.root); err != nil || w.height == 0 {
			return err
		}
		return w.tree(b.at.root, 0, nil, nil)
	})
}

// all walks what is left, and compares the list of free pages with what is in
// use. Errors are as those of bucket.
func (v *inspection) all() error {
	for _, b := range v.order {
		if err := v.bucket(b.name); err != nil {
			return err
		}
	}
	v.free.Do(func() { v.free.err = v.unused() })
	return v.free.err
}

// close ends the walks that are under way and waits for them. What is not
// walked by now is not walked any more. Further calls do nothing.
func (v *inspection) close() error {
	v.stopped.Store(true)
	v.mapped.Lock()
	defer v.mapped.Unlock()
	if v.pages.data == nil {
		return nil
	}
	return v.pages.close()
}
