package backend

import "go.etcd.io/bbolt"

// SetCommit replaces the commit of s, for tests of commits that fail. It must be
// called while no change is on its way.
func SetCommit(s *Store, commit func(*bbolt.Tx) error) { s.commitTx = commit }

// CommitBolt is the real commit.
func CommitBolt(tx *bbolt.Tx) error { return commitBolt(tx) }

// CountKeys walks the pages of the file at path.
func CountKeys(path string) (map[string]uint64, error) { return walkFile(path) }

// Current is the store that v serves now.
func Current(v *Served) *Store { return v.current.Load() }

// Frozen tells whether s refuses changes because it is being replaced.
func Frozen(s *Store) bool {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.writer.frozen
}
