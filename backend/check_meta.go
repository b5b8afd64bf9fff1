package backend

// The part of the check that is about the store as a whole: the meta bucket.

import (
	"bytes"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// metaKeys is what the meta bucket may have.
var metaKeys = [...]string{metaFormat, metaStore, metaSuffix, metaSchema, metaEpochs, metaFollowing, metaCookie, metaFresh,
	metaIndexes, metaState}

// meta checks the meta bucket, and that it says what is known in memory.
func (c *checker) meta() error {
	seal := c.seals.meta
	err := c.each(c.t.metaRaw, bucketMeta, func(k, v []byte) {
		if _, err := seal.open(k, v); err != nil {
			c.problem("%v", err)
		}
		if !slices.Contains(metaKeys[:], string(k)) {
			c.problem("meta: %q is unknown", k)
		}
	})
	m := metaBucket{c.t.metaRaw, seal}
	st, err2 := m.readState()
	known := c.t.st
	st.indexKeys, known.indexKeys = nil, nil // for reading only, not all indexes are open
	if err2 != nil {
		c.problem("%v", err2)
	} else if !bytes.Equal(st.append(nil), known.append(nil)) {
		c.problem("state: the file and the memory differ")
	}
	lin, err2 := m.readLineage()
	if err2 != nil {
		c.problem("%v", err2)
		return err
	}
	mem := c.t.lin
	if !slices.Equal(lin.epochs, mem.epochs) || lin.follows != mem.follows || lin.cookie != mem.cookie || lin.fresh != mem.fresh {
		c.problem("lineage: the file and the memory differ")
	}
	c.lineage(lin)
	return err
}

// lineage checks that l fits the state.
func (c *checker) lineage(l *lineage) {
	st := &c.t.st
	if l.cookie != "" && l.follows != followsForeign {
		c.problem("lineage: there is a cookie and nobody it came from")
	}
	if l.fresh > st.seq {
		c.problem("lineage: the setup ended with change %d and the last one is %d", l.fresh, st.seq)
	}
	last := l.epochs[len(l.epochs)-1]
	if from, err := schema.ParsePosition(last.From); err == nil && from.Seq > st.seq {
		c.problem("lineage: epoch %s begins at change %d and the last one is %d", last.ID, from.Seq, st.seq)
	}
	if st.firstSeq > st.seq && st.hasBase && st.base != st.hash {
		c.problem("state: the changelog is empty and begins at state hash %s, the state has %s", st.base, st.hash)
	}
}
