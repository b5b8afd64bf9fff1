package backend

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// WriteChanges writes the changelog from number from on as text in the old
// tools' form: time, dn, changetype and the lines of the change; a comment
// before each has its number. Numbers that are no longer there are passed over.
// confirm is asked at the end whether what was read can be trusted; nil asks
// nobody. The number of records written comes with any error.
func (s *State) WriteChanges(ctx context.Context, w io.Writer, from uint64, confirm func() error) (written uint64, err error) {
	defer s.pages.guard(debugFaults(), &err)
	bucket, err := s.pages.bucket(s.root, bucketChangelog)
	if err != nil {
		return 0, err
	}
	sealed := newSeal(bucketChangelog)
	var text []byte
	err = s.pages.each(bucket, func(k, v []byte) error {
		if len(k) != idSize {
			return sealed.damage(k, "not a number")
		}
		seq := binary.BigEndian.Uint64(k)
		if seq < from {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if v, err = sealed.open(k, v); err != nil {
			return err
		}
		rec, ok := schema.ReadChangeRecord(v)
		if !ok {
			return sealed.damage(k, "not a change")
		}
		text = ldif.AppendLogged(fmt.Appendf(text[:0], "# change %d\n", seq), &rec)
		written++
		_, err := w.Write(text)
		return err
	})
	if err == nil && confirm != nil {
		err = confirm()
	}
	return written, err
}
