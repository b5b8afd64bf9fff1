package backend

// The pages of a bbolt file, as far as they are known here, and its two meta
// pages.
//
// Read from bbolt's sources: a page has a header of 16 bytes (number, flags,
// count, overflow) and count elements of 16 bytes; all in the machine's order.

import (
	"bytes"
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

// metas are the two meta pages of a file, the one of the newer commit first.
type metas [2]metaFound

// metaFound is a meta page that is in order.
type metaFound struct {
	ok     bool
	at     int64 // place in the file
	meta   boltMeta
	proven bool // it has a proof
	proof  proof
}

// newestMeta finds the newer of the two meta pages that are in order and whose
// commit was completed (see proof.go). If one is not in order, the other tells of
// the commit before: it may be that a crash has torn the page while it was written,
// which loses nothing that was acknowledged, or that the disk has damaged it, which
// loses the last commit.
func newestMeta(file io.ReaderAt) (best boltMeta, both bool, err error) {
	m, err := readMetas(file)
	if err != nil {
		return best, false, err
	}
	cut, err := m.unproven(file)
	if cut {
		return m[1].meta, true, nil
	}
	return m[0].meta, m[1].ok, err
}

// readMetas reads the meta pages of a file. It has at least one, or there is an
// error.
func readMetas(file io.ReaderAt) (m metas, err error) {
	m[0] = readMetaAt(file, 0, 0)
	if m[0].ok {
		m[1] = readMetaAt(file, int64(m[0].meta.pageSize), m[0].meta.pageSize)
	}
	for size := int64(512); size <= maxPageSize && !m[0].ok; size *= 2 {
		m[0] = readMetaAt(file, size, uint64(size))
	}
	if !m[0].ok {
		return m, errors.New("neither of its meta pages can be read")
	}
	if m[1].ok && m[1].meta.txid > m[0].meta.txid {
		m[0], m[1] = m[1], m[0]
	}
	return m, nil
}

// readMetaAt reads the meta page at a place; pageSize is what its size must be, or
// 0.
func readMetaAt(file io.ReaderAt, at int64, pageSize uint64) (m metaFound) {
	buf := make([]byte, pageHeader+metaSize)
	if _, err := file.ReadAt(buf, at); err != nil {
		return m
	}
	meta, ok := readBoltMeta(buf)
	if !ok || pageSize != 0 && pageSize != meta.pageSize {
		return m
	}
	m = metaFound{ok: true, at: at, meta: meta}
	page := make([]byte, meta.pageSize)
	if _, err := file.ReadAt(page, at); err == nil {
		m.proof, m.proven = readProof(page, meta.txid)
	}
	return m
}

// takenBack tells that the other meta page than that of best is zeros: what restore
// makes of one.
func takenBack(file io.ReaderAt, best boltMeta) bool {
	page := make([]byte, best.pageSize)
	_, err := file.ReadAt(page, int64((best.txid+1)%2*best.pageSize))
	return err == nil && len(bytes.TrimLeft(page, "\x00")) == 0
}

// errBothDamaged tells of a file without a commit that can be believed.
var errBothDamaged = errors.New("its last commit is damaged, and so is the commit before")

// unproven tells whether the newer commit was not completed: it has no proof and
// must have one, or its proof does not hold. Then the one before it is whole: that
// it is not, and that a disk cannot be read, is an error.
func (m *metas) unproven(file io.ReaderAt) (bool, error) {
	last, before := &m[0], &m[1]
	if sabotageNoProof {
		return false, nil
	}
	if last.proven {
		if holds, err := last.proof.holds(file, last.meta); holds || err != nil {
			return false, err
		}
		if !before.ok {
			return false, errBothDamaged
		}
	} else if !before.proven || before.proof.kind == provesEnd || before.meta.txid+1 != last.meta.txid {
		return false, nil
	}
	if before.proven {
		// Nothing of it was written over by a commit that was cut short.
		if holds, err := before.proof.holds(file, before.meta); !holds || err != nil {
			return false, errors.Join(errBothDamaged, err)
		}
	}
	return true, nil
}
