package backend

// The pages of a bbolt file, as far as they are known here, and its two meta
// pages.
//
// Read from bbolt's sources: a page has a header of 16 bytes (number, flags,
// count, overflow) and count elements of 16 bytes; all in the machine's order.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
)

const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	pageHeader   = 16
	pageElement  = 16
	metaSize     = 64
	metaChecked  = 56 // the bytes that its checksum covers
	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freePage     = 0x10
	bucketFlag   = 0x01
	inlineHeader = 16 // of a bucket: root page, sequence
	maxPageDepth = 64
	maxPageSize  = 1 << 24
	// noFreelist in the place of the page with the list of free pages: there is
	// none, and bbolt reads the whole file to find them when it opens it.
	noFreelist = math.MaxUint64
)

// native is the order of numbers in bbolt's pages.
var native = binary.NativeEndian

// boltMeta is a meta page of bbolt.
type boltMeta struct {
	pageSize, root, freelist, pages, txid uint64
}

// readBoltMeta reads the meta page that begins b.
func readBoltMeta(b []byte) (m boltMeta, ok bool) {
	if len(b) < pageHeader+metaSize || native.Uint16(b[8:]) != metaPage {
		return m, false
	}
	b = b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaChecked])
	if native.Uint32(b) != boltMagic || native.Uint32(b[4:]) != boltVersion || native.Uint64(b[metaChecked:]) != sum.Sum64() {
		return m, false
	}
	m = boltMeta{pageSize: uint64(native.Uint32(b[8:])), root: native.Uint64(b[16:]), freelist: native.Uint64(b[32:]),
		pages: native.Uint64(b[40:]), txid: native.Uint64(b[48:])}
	return m, m.pageSize >= 512 && m.pageSize <= maxPageSize
}

// fits tells whether a file of the given size can hold all pages.
func (m boltMeta) fits(size int64) error {
	if m.pages > uint64(size)/m.pageSize {
		return fmt.Errorf("the file is cut off: it has %d bytes and should have %d pages of %d", size, m.pages, m.pageSize)
	}
	return nil
}

// newestMeta finds the newer of the two meta pages that are in order. If one is
// not, the other tells of the commit before: it may be that a crash has torn
// the page while it was written, which loses nothing that was acknowledged, or
// that the disk has damaged it, which loses the last commit.
func newestMeta(file io.ReaderAt) (best boltMeta, both bool, err error) {
	buf := make([]byte, pageHeader+metaSize)
	found := 0
	try := func(at int64) {
		if _, err := file.ReadAt(buf, at); err != nil {
			return
		}
		m, ok := readBoltMeta(buf)
		if !ok || at != 0 && uint64(at) != m.pageSize {
			return
		}
		if found++; found == 1 || m.txid > best.txid {
			best = m
		}
	}
	try(0)
	if found == 1 {
		try(int64(best.pageSize))
		return best, found == 2, nil
	}
	for size := int64(512); size <= maxPageSize && found == 0; size *= 2 {
		try(size)
	}
	if found == 0 {
		return best, false, errors.New("neither of its meta pages can be read")
	}
	return best, false, nil
}
