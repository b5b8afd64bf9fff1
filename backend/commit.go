package backend

// Commits: how a transaction of the writer becomes durable. See proof.go.

import (
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// maxOneFlush is how many pages a commit may write that is flushed once, if its
// proof has room for them. To find those of a larger one takes longer than a second
// flush (BenchmarkWritten: about 1 µs a page).
const maxOneFlush = 256

// committer makes commits durable. It belongs to the writer.
type committer struct {
	file  *os.File // that of db
	reuse *reuse
	// proven tells that the last commit carries a proof, and so that the next one is
	// not believed without.
	proven bool
	diff   treeDiff
	buf    []byte
}

// commitBolt is Store.commitTx but in tests.
func commitBolt(tx *bbolt.Tx) error { return tx.Commit() }

// writeTx writes tx to the file; it is durable when the function that it gives was
// called and has returned no error. Nothing may be written to the file meanwhile.
// After an error of either it is unknown whether tx is durable, but for the cases of
// Store.untouched. last tells that the store is closed with it.
//
// The first commit of a store that was opened is one of bbolt's own, with two
// flushes, because nothing tells that it must have a proof. One that writes more
// than maxOneFlush pages is flushed before its proof.
func (s *Store) writeTx(tx *bbolt.Tx, last bool) (durable func() error, err error) {
	defer func() { // bbolt may panic on damaged pages
		if p := recover(); p != nil {
			durable, err = nil, fmt.Errorf("panic: %v", p)
			s.rollBack(tx) // or closing would wait for it
		}
	}()
	c, id := &s.commits, uint64(tx.ID())
	before, _ := readBoltMeta(s.pages.meta(id - 1))
	s.db.NoSync = c.proven || sabotageNoSync // bbolt looks at it in Commit
	err = s.commitTx(tx)
	s.db.NoSync = sabotageNoSync
	c.reuse.ended()
	if err != nil {
		return nil, err
	}
	p, wrote := proof{kind: provesFlush, txid: id}, tx.Stats().PageCount
	c.reuse.wrote = int(wrote)
	now, is := readBoltMeta(s.pages.meta(id))
	switch {
	case !is || now.txid != id:
		return nil, fmt.Errorf("the meta page of commit %d is not where it should be", id)
	case last:
		p.kind = provesEnd
	case c.proven && before.txid == id-1 && wrote <= int64(min(maxOneFlush, maxProofPages(s.pages.size))) &&
		c.diff.between(&s.pages, before.root, now.root) && int64(c.diff.total) == wrote:
		p = proof{kind: provesPages, txid: id, total: c.diff.total, sum: c.diff.sum, pages: c.diff.found}
	}
	first := p.kind != provesPages && c.proven
	c.proven, c.buf = true, p.append(c.buf[:0], s.pages.meta(id))
	return func() error {
		if first {
			if err := s.flush(); err != nil {
				return err
			}
		}
		if _, err := c.file.WriteAt(c.buf, int64(id%2*s.pages.size)+proofAt); err != nil {
			return err
		}
		return s.flush()
	}, nil
}

// flush makes what was written to the file durable.
func (s *Store) flush() error {
	if sabotageNoSync {
		return nil
	}
	return s.syncFile()
}
