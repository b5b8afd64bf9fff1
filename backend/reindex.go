package backend

// Bringing the index buckets into line with the configuration when a store is
// opened: what is not wanted any more goes, what is missing is built.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	buildKeys    = 200_000 // keys held in memory while an index is built
	buildPerTx   = 50_000  // keys put in one transaction
	progressStep = 10_000  // entries
)

// reconcile makes the indexes of the file those of s, or, for reading only, s
// use those of the file. It returns the state with its counters.
func (s *Store) reconcile(st state) (state, error) {
	kept := map[string]uint64{}
	for i, have := range s.header.indexes {
		if slices.ContainsFunc(s.indexes, func(ix *index) bool { return ix.name == have.Name && ix.mark == have.Mark }) {
			kept[have.Name] = st.indexKeys[i]
		}
	}
	if s.opts.ReadOnly {
		s.indexes = slices.DeleteFunc(s.indexes, func(ix *index) bool { _, ok := kept[ix.name]; return !ok })
		return s.counted(st, kept), nil
	}
	if len(kept) == len(s.indexes) && len(kept) == len(s.header.indexes) {
		return s.counted(st, kept), nil
	}
	if err := s.settle(); err != nil {
		return st, err
	}
	if err := s.dropIndexes(st, kept); err != nil {
		return st, fmt.Errorf("drop indexes: %w", err)
	}
	if err := s.buildIndexes(st, kept); err != nil {
		return st, fmt.Errorf("build indexes: %w", err)
	}
	st = s.counted(st, kept)
	return st, s.db.Update(func(tx *bbolt.Tx) error { return s.putIndexList(tx, st, kept) })
}

// counted puts the counters of all indexes in their order.
func (s *Store) counted(st state, counts map[string]uint64) state {
	st.indexKeys = make([]uint64, 0, len(s.indexes))
	for _, ix := range s.indexes {
		if n, ok := counts[ix.name]; ok {
			st.indexKeys = append(st.indexKeys, n)
		}
	}
	return st
}

// putIndexList writes which indexes are complete.
func (s *Store) putIndexList(tx *bbolt.Tx, st state, counts map[string]uint64) error {
	s.header.indexes = nil
	for _, ix := range s.indexes {
		if _, ok := counts[ix.name]; ok {
			s.header.indexes = append(s.header.indexes, storedIndex{ix.name, ix.mark})
		}
	}
	meta := openMeta(tx)
	if err := meta.putJSON(metaIndexes, s.header.indexes); err != nil {
		return err
	}
	st = s.counted(st, counts)
	return meta.put(metaState, st.append(nil))
}

// dropIndexes deletes all index buckets but those kept, also ones that a crash
// has left half built, and makes empty ones where one is to be built.
func (s *Store) dropIndexes(st state, kept map[string]uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		var old [][]byte
		err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			_, keep := kept[string(name)]
			if !keep && (strings.HasPrefix(string(name), "eq/") || strings.HasPrefix(string(name), "sub/")) {
				old = append(old, bytes.Clone(name))
			}
			return nil
		})
		for _, name := range old {
			if err == nil {
				err = tx.DeleteBucket(name)
			}
		}
		for _, ix := range s.indexes {
			if _, keep := kept[ix.name]; !keep && err == nil {
				_, err = tx.CreateBucket([]byte(ix.name))
			}
		}
		if err != nil {
			return err
		}
		return s.putIndexList(tx, st, kept)
	})
}

// buildIndexes fills the indexes that are not in counts and adds them to it.
func (s *Store) buildIndexes(st state, counts map[string]uint64) error {
	var build []*index
	for _, ix := range s.indexes {
		if _, ok := counts[ix.name]; !ok {
			build = append(build, ix)
		}
	}
	pending := make([][][]byte, len(build))
	made := make([]uint64, len(build))
	held, read := 0, 0
	flush := func() error {
		for i, ix := range build {
			slices.SortFunc(pending[i], bytes.Compare)
			n, err := s.putKeys(ix, pending[i])
			if err != nil {
				return err
			}
			made[i] += uint64(n)
			pending[i] = pending[i][:0]
		}
		held = 0
		return nil
	}
	for next := uint64(1); next != 0; {
		err := s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(bucketEntries)).Cursor()
			k, v := c.Seek(idKey(next))
			var keys indexKeys
			for ; k != nil && held < buildKeys; k, v = c.Next() {
				view, err := s.readEntry(k, v)
				if err != nil {
					return err
				}
				for i, ix := range build {
					list := keys.of(s.schema, ix, &view)
					pending[i] = append(pending[i], list...)
					held += len(list)
				}
				if read++; read%progressStep == 0 {
					s.opts.Progress(read, int(st.entries))
				}
			}
			next = 0
			if k != nil {
				next = binary.BigEndian.Uint64(k)
			}
			return nil
		})
		if err == nil {
			err = flush()
		}
		if err != nil {
			return err
		}
	}
	s.opts.Progress(read, int(st.entries))
	for i, ix := range build {
		counts[ix.name] = made[i]
	}
	return nil
}

// readEntry checks a key and value of id2entry.
func (s *Store) readEntry(k, v []byte) (view schema.View, err error) {
	v, err = s.seals.entries.open(k, v)
	if err != nil {
		return view, err
	}
	if len(k) != idSize || !readRecord(v, &view) {
		return view, s.seals.entries.damage(k, "not a record")
	}
	view.ID = binary.BigEndian.Uint64(k)
	return view, nil
}

// putKeys puts sorted keys into an index that has nothing behind them, some in each
// transaction. It tells how many keys the index has more.
func (s *Store) putKeys(ix *index, keys [][]byte) (n int, err error) {
	for chunk := range slices.Chunk(keys, buildPerTx) {
		err := s.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(ix.name))
			b.FillPercent = 0.9
			pack := packer{put: func(key, gaps []byte) error {
				return b.Put(key, ix.seal.close(key, bytes.Clone(gaps)))
			}}
			for _, key := range chunk {
				if err := pack.add(key); err != nil {
					return err
				}
			}
			err := pack.end()
			n += pack.all
			return err
		})
		if err != nil {
			return n, fmt.Errorf("index %s: %w", ix.name, err)
		}
	}
	return n, nil
}
