// The first page: magic number, version, page size, and all that is refused.

package berkeley

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	metaLength = 512 // what is used of the first page; the smallest page
	maxPage    = 65536

	metaChecksumAt = 492

	magicBtree = 0x00053162
	magicHash  = 0x00061561
	magicQueue = 0x00042253
	magicHeap  = 0x00074582
	magicLog   = 0x00040988

	// flags of the first page, generation 2.x on
	flagRecno      = 0x02
	flagSeveral    = 0x20
	flagCompressed = 0x80

	classicRecno = 0x80
)

// foreign are beginnings of files that stand where an id2entry.dbb is looked for.
var foreign = []struct {
	at   int
	mark string
	name string
}{
	{16, "\xed\xda\x0c\xed", "a bbolt file, the form that the present server writes"},
	{16, "\xed\x0c\xda\xed", "a bbolt file, the form that the present server writes"},
	{16, "\xde\xc0\xef\xbe", "an LMDB file"},
	{0, "SQLite format 3\x00", "an SQLite file"},
	{0, "\x1f\x8b", "a gzip file"},
	{0, "\xce\x9a\x57\x13", "a GDBM file"},
	{0, "\x13\x57\x9a\xce", "a GDBM file"},
	{0, "\x7fELF", "a program"},
}

// readMeta makes sense of the first bytes of a file, at most metaLength.
func readMeta(first []byte) (meta, error) {
	if len(first) == 0 {
		return meta{}, fmt.Errorf("%w: the file is empty", ErrNotBtree)
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(first) >= 24 {
			if m, found, err := readClassic(first, order); found {
				return m, err
			}
		}
		if len(first) >= 24 && order.Uint32(first[12:]) == magicBtree {
			return readModern(first, order)
		}
		if err := otherBerkeley(first, order); err != nil {
			return meta{}, err
		}
	}
	return meta{}, whatElse(first)
}

func readClassic(first []byte, order binary.ByteOrder) (m meta, found bool, err error) {
	if order.Uint32(first) != magicBtree {
		return meta{}, false, nil
	}
	version, size := order.Uint32(first[4:]), order.Uint32(first[8:])
	m = meta{order: order, classic: true, version: version, pageSize: int(size), root: 1}
	switch {
	case version > 255:
		err = fmt.Errorf("%w: a btree version of %d", ErrDamaged, version)
	case version != 3:
		err = fmt.Errorf("%w: the old layout in version %d, only 3 (release 1.85) is known", ErrNotBtree, version)
	case size < metaLength || size > maxPage || size%2 != 0:
		err = fmt.Errorf("%w: a page size of %d bytes", ErrDamaged, size)
	case order.Uint32(first[20:])&classicRecno != 0:
		err = fmt.Errorf("%w: it is a Berkeley DB recno file", ErrNotBtree)
	}
	return m, true, err
}

// readModern wants at least 24 bytes with the magic number in place.
func readModern(first []byte, order binary.ByteOrder) (meta, error) {
	version, size := order.Uint32(first[16:]), order.Uint32(first[20:])
	if version > 255 {
		return meta{}, fmt.Errorf("%w: a btree version of %d", ErrDamaged, version)
	}
	if version < 6 || version > 10 {
		return meta{}, fmt.Errorf("%w: btree version %d, only 6 (release 2.x) to 10 (6.x) are known", ErrNotBtree, version)
	}
	if size < metaLength || size > maxPage || size&(size-1) != 0 {
		return meta{}, fmt.Errorf("%w: a page size of %d bytes", ErrDamaged, size)
	}
	if len(first) < metaLength {
		return meta{}, fmt.Errorf("%w: the file ends after %d bytes", ErrDamaged, len(first))
	}
	m := meta{order: order, version: version, pageSize: int(size)}
	var flags uint32
	switch version {
	case 6:
		flags, m.root = order.Uint32(first[36:]), 1
	case 7:
		flags, m.root = order.Uint32(first[32:]), order.Uint32(first[72:])
	default:
		flags, m.root = order.Uint32(first[48:]), order.Uint32(first[88:])
	}
	if version >= 7 && first[25] != 9 || flags > 0xfff {
		return meta{}, fmt.Errorf("%w: its type is %d and its flags are %#x", ErrDamaged, first[25], flags)
	}
	if version >= 9 {
		if err := m.readProtection(first); err != nil {
			return meta{}, err
		}
	}
	return m, refuseFlags(flags)
}

// readProtection looks at what version 9 added: ciphers, partitions, checksums.
func (m *meta) readProtection(first []byte) error {
	cipher, flags := first[24], first[26]
	switch {
	case cipher > 1 || flags > 7:
		return fmt.Errorf("%w: its cipher is %d and its flags are %#x", ErrDamaged, cipher, flags)
	case cipher == 1:
		return fmt.Errorf("%w: the file is encrypted, which no data store was", ErrNotBtree)
	case flags&6 != 0:
		return fmt.Errorf("%w: the database is partitioned over several files", ErrNotBtree)
	}
	m.checksums = flags&1 != 0
	if m.checksums && m.order.Uint32(first[metaChecksumAt:]) != checksum(first, metaChecksumAt) {
		return fmt.Errorf("%w: its checksum does not fit", ErrDamaged)
	}
	return nil
}

// refuseFlags is for the kinds of btree that no data store made.
func refuseFlags(flags uint32) error {
	switch {
	case flags&flagRecno != 0:
		return fmt.Errorf("%w: it is a Berkeley DB recno file", ErrNotBtree)
	case flags&flagSeveral != 0:
		return fmt.Errorf("%w: the file holds several databases, a data store has one", ErrNotBtree)
	case flags&flagCompressed != 0:
		return fmt.Errorf("%w: the database is compressed", ErrNotBtree)
	}
	return nil
}

// otherBerkeley names the other kinds of files of the same library.
func otherBerkeley(first []byte, order binary.ByteOrder) error {
	for _, at := range []int{0, 12} {
		if len(first) < at+4 {
			return nil
		}
		switch order.Uint32(first[at:]) {
		case magicHash:
			return fmt.Errorf("%w: it is a Berkeley DB hash file", ErrNotBtree)
		case magicQueue:
			return fmt.Errorf("%w: it is a Berkeley DB queue file", ErrNotBtree)
		case magicHeap:
			return fmt.Errorf("%w: it is a Berkeley DB heap file", ErrNotBtree)
		case magicLog:
			return fmt.Errorf("%w: it is a log file of Berkeley DB, not a database", ErrNotBtree)
		}
	}
	return nil
}

// whatElse is the error for a file without any magic number of Berkeley DB.
func whatElse(first []byte) error {
	for _, f := range foreign {
		if len(first) >= f.at && bytes.HasPrefix(first[f.at:], []byte(f.mark)) {
			return fmt.Errorf("%w: it is %s", ErrNotBtree, f.name)
		}
	}
	if control(first) < 0 {
		return fmt.Errorf("%w: it is text, perhaps an LDIF dump", ErrNotBtree)
	}
	return fmt.Errorf("%w, or it is no Berkeley DB btree at all: the magic number is not there", ErrDamaged)
}
