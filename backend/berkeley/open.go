// File, and how it is opened: by the magic number and by nothing else.

package berkeley

import (
	"encoding/binary"
	"fmt"
	"io"
)

// File is an opened btree file. It holds no state but what the first page
// said, so that several walks may run at once if the reader allows it.
type File struct {
	src     io.ReaderAt
	size    int64
	pages   uint32 // the last one may be short
	meta    meta
	layout  layout
	guessed bool // page 0 told nothing, see OpenDamaged
}

// meta is what the first page says.
type meta struct {
	order     binary.ByteOrder
	classic   bool // generation 1.85
	version   uint32
	pageSize  int
	root      uint32
	checksums bool
}

// Open finds out which generation of Berkeley DB wrote the size bytes of src,
// and in which byte order. It reads only the first page. The error wraps
// ErrNotBtree for a file of any other kind and says of which, and ErrDamaged
// for a btree whose first page makes no sense.
func Open(src io.ReaderAt, size int64) (*File, error) {
	first := make([]byte, min(metaLength, max(size, 0)))
	n, err := src.ReadAt(first, 0)
	if err != nil && n < len(first) {
		return nil, fmt.Errorf("read the first page: %w: %w", ErrDamaged, err)
	}
	m, err := readMeta(first)
	if err != nil {
		return nil, err
	}
	return newFile(src, size, m), nil
}

func newFile(src io.ReaderAt, size int64, m meta) *File {
	pages := (size + int64(m.pageSize) - 1) / int64(m.pageSize)
	f := &File{src: src, size: size, meta: m}
	f.pages = uint32(min(pages, 1<<32-1))
	if m.classic {
		f.layout = classic{order: m.order}
	} else {
		f.layout = modern{order: m.order, checksums: m.checksums}
	}
	return f
}

// String names the format, as in "Berkeley DB 1.85 btree, big-endian, pages of
// 8192 bytes".
func (f *File) String() string {
	order := "little-endian"
	if f.meta.order == binary.ByteOrder(binary.BigEndian) {
		order = "big-endian"
	}
	s := fmt.Sprintf("Berkeley DB %s btree, %s, pages of %d bytes", f.meta.release(), order, f.meta.pageSize)
	if f.meta.checksums {
		s += " with checksums"
	}
	if f.guessed {
		s += " (found out from the pages, for the first one is damaged)"
	}
	return s
}

func (m meta) release() string {
	switch {
	case m.classic:
		return "1.85"
	case m.version == 0:
		return "2.x to 6.x"
	case m.version == 6:
		return "2.x"
	case m.version == 7:
		return "3.0"
	case m.version == 8:
		return "3.1 to 4.0"
	case m.version == 9:
		return "4.1 to 5.3"
	}
	return "6.x"
}

// Pages is the number of pages, the first included. A last one that the file
// has only a part of counts.
func (f *File) Pages() uint32 { return f.pages }
