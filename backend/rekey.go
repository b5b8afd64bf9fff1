package backend

// A store opened with other definitions than before: a name may be normalised
// otherwise now, and would not be found under its old key.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// fingerprint changes with any definition of s. The number before it is to be
// raised when the same definitions come to normalise names otherwise.
func fingerprint(s *schema.Schema) string {
	sum := sha256.Sum256(s.View(s.Subschema(), nil).Operational)
	return "1 " + hex.EncodeToString(sum[:16])
}

// adoptSchema gives each entry the key and kind that it has under the schema of
// s, if that is not the schema of the file. It returns the state with its
// counters.
func (s *Store) adoptSchema(st state) (state, error) {
	now := fingerprint(s.schema)
	if s.header.schema == now {
		return st, nil
	}
	if err := s.settle(); err != nil {
		return st, err
	}
	edits, err := s.rekeyed()
	if err != nil {
		return st, fmt.Errorf("names under the present schema: %w", err)
	}
	if s.opts.ReadOnly {
		if len(edits) > 0 {
			return st, errors.New("the schema has changed since the server last ran: start the server once, or use its schema")
		}
		return st, nil
	}
	s.header.schema = now
	return st, s.db.Update(func(tx *bbolt.Tx) error {
		for _, e := range edits {
			st.referrals += bit(e.new.Kind, schema.KindReferral) - bit(e.old.Kind, schema.KindReferral)
			st.aliases += bit(e.new.Kind, schema.KindAlias) - bit(e.old.Kind, schema.KindAlias)
		}
		meta := openMeta(tx)
		return errors.Join(s.rekey(tx, edits), meta.put(metaSchema, []byte(now)), meta.put(metaState, st.append(nil)))
	})
}

// bit is 1 if kind has it.
func bit(kind, which schema.EntryKind) uint64 {
	if kind&which != 0 {
		return 1
	}
	return 0
}

// rekeyed finds the entries whose key or kind is another one now.
func (s *Store) rekeyed() (edits []edit, err error) {
	return edits, s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketEntries)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			old, err := s.readEntry(k, v)
			if err != nil {
				return err
			}
			key, err := s.schema.AppendDNKey(nil, old.DN)
			if err != nil {
				return fmt.Errorf("%q: %w", old.DN, err)
			}
			kind := s.schema.Entry(&old).Kind(s.schema)
			if kind == old.Kind && bytes.Equal(key, old.Key) {
				continue
			}
			before := old.Clone()
			after := *before
			after.Key, after.Kind = key, kind
			edits = append(edits, edit{old: before, new: &after})
		}
		return nil
	})
}

// rekey writes the new keys and kinds.
func (s *Store) rekey(tx *bbolt.Tx, edits []edit) error {
	entries, names := tx.Bucket([]byte(bucketEntries)), tx.Bucket([]byte(bucketNames))
	for _, e := range edits {
		if err := names.Delete(e.old.Key); err != nil {
			return err
		}
	}
	for _, e := range edits {
		if names.Get(e.new.Key) != nil {
			return fmt.Errorf("%q and another entry have the same name under the present schema", e.new.DN)
		}
		value := appendName(nil, e.new.ID, e.new.Kind)
		if err := names.Put(e.new.Key, s.seals.names.close(e.new.Key, value)); err != nil {
			return err
		}
		key := idKey(e.new.ID)
		if err := entries.Put(key, s.seals.entries.close(key, appendRecord(nil, e.new))); err != nil {
			return err
		}
	}
	return nil
}
