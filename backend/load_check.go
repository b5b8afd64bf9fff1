package backend

// Reading the finished file back before it takes the old one's place.

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sunray-ds/utdsd/schema"
)

// check walks the page tree of the new file: structure, order and number of the
// keys of each bucket, each value's checksum, and the state hash of all entries.
// That the right things were written is the loader's; that they are there, and
// can be read by the walk that every opening begins with, is shown here.
func (l *loader) check(ctx context.Context, file *os.File, d *loaded) error {
	st, head := &d.st, d.head
	v, err := inspect(file)
	if err != nil {
		return fmt.Errorf("check the new store: %w", err)
	}
	c := &loadCheck{ctx: ctx, progress: l.opts.Progress}
	v.each = c.value
	want := map[string]uint64{bucketEntries: st.entries, bucketNames: st.entries, bucketUUIDs: st.entries, bucketChangelog: 0}
	for i, ix := range head.indexes {
		want[ix.Name] = st.indexKeys[i]
	}
	err = v.expect(want)
	if err == nil {
		err = v.all()
	}
	switch err = errors.Join(err, v.close()); {
	case err != nil:
	case !v.both:
		err = &DamageError{Bucket: wholeFile, What: "a meta page is not what was written"}
	case c.hash != st.hash:
		err = &DamageError{Bucket: bucketEntries, What: "state hash differs"}
	}
	if err != nil {
		return fmt.Errorf("check the new store: %w", err)
	}
	return nil
}

// loadCheck looks at each value.
type loadCheck struct {
	ctx      context.Context
	progress func(LoadProgress)
	bucket   string
	seal     *seal
	hash     schema.StateHash
	entries  uint64
}

func (c *loadCheck) value(bucket string, key, value []byte) error {
	if c.seal == nil || bucket != c.bucket {
		c.bucket = bucket
		s := newSeal(bucket)
		c.seal = &s
	}
	value, err := c.seal.open(key, value)
	if err != nil || bucket != bucketEntries {
		return err
	}
	var v schema.View
	if !readRecord(value, &v) {
		return c.seal.damage(key, "not a record")
	}
	addHash(&c.hash, entryHash(&v))
	if c.entries++; c.entries%progressStep == 0 {
		c.progress(LoadProgress{Stage: LoadChecking, Entries: c.entries})
		return c.ctx.Err()
	}
	return nil
}
