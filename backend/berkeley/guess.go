// OpenDamaged: what the first page no longer says is found out from the others.

package berkeley

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// samples is how many pages are looked at for each possible page size.
const samples = 64

// OpenDamaged is Open, but if the first page is damaged, it tries all page
// sizes, both byte orders and both generations, and takes those by which most
// pages have their own number where a page has it. The root is then believed to
// be page 1, as it is in every file with one database in it.
func OpenDamaged(src io.ReaderAt, size int64) (*File, error) {
	f, err := Open(src, size)
	if err == nil || !errors.Is(err, ErrDamaged) {
		return f, err
	}
	best, score := (*File)(nil), 0
	var buf []byte
	for pageSize := metaLength; pageSize <= maxPage; pageSize *= 2 {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, classic := range []bool{true, false} {
				m := meta{order: order, classic: classic, pageSize: pageSize, root: 1}
				f := newFile(src, size, m)
				if s := f.score(&buf); s > score {
					best, score = f, s
				}
			}
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w; nor do the other pages look like those of a btree", err)
	}
	if !best.meta.classic {
		m := best.meta
		m.checksums = true
		if checked := newFile(src, size, m); checked.score(&buf)*2 >= score {
			best = checked
		}
	}
	best.guessed = true
	return best, nil
}

// score is the number of pages in the sample that look as they should, or 0 if
// they are less than a quarter of it.
func (f *File) score(buf *[]byte) int {
	good, tried := 0, 0
	step := max(1, f.pages/samples)
	for n := uint64(1); n < uint64(f.pages); n += uint64(step) {
		tried++
		_, h, p := f.load(uint32(n), buf)
		if p == nil && h.kind != kindOther {
			good++
		}
	}
	if good*4 < tried {
		return 0
	}
	return good
}
