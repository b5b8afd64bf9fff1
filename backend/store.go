package backend

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// Store is an open store. All methods may be called by any number of
// goroutines at once.
type Store struct {
	path      string
	opts      Options
	schema    *schema.Schema
	db        *bbolt.DB
	pages     mapped   // by db
	opened    boltMeta // as it was found
	header    *header  // does not change while the store is open
	suffixKey []byte
	indexes   []*index
	indexOf   map[*schema.AttributeType][2]int // places in indexes; -1 is none
	seals     seals
	hints     *hints   // by names
	facts     *facts   // by terms of indexes
	spots     *spots   // of entries
	metrics   *metrics // lasting.metrics
	lasting   *lasting
	identity  [2]uint64 // device and inode of the file
	// generation is the place of this store among those of a Served; else 0.
	generation uint64
	writer     *writer               // nil if open for reading only
	commitTx   func(*bbolt.Tx) error // bbolt's part of a commit; tests make it fail
	syncFile   func() error          // tests make it fail, too
	commits    committer
	// pending is the inspection of the file until it is complete; then nil.
	pending atomic.Pointer[inspection]
	failed  atomic.Bool // Options.Fatal was called

	current   atomic.Pointer[snapshot] // nil once closed
	snapshots sync.WaitGroup
	idle      struct {
		sync.Mutex
		list []*reader
	}
	closing    sync.Once
	unregister func() // ends the registration of the metrics
}

// Places in indexOf.
const (
	equalityIndex = iota
	substringIndex
)

// seals of the buckets with fixed names.
type seals struct {
	meta, entries, names, uuids, log seal
}

// Stats are figures about a store as of its last commit.
type Stats struct {
	Entries, Referrals, Aliases uint64
	Bytes                       uint64 // of the file that are in use, free pages among them
	FreePages                   uint64
	FirstChange, LastChange     uint64 // FirstChange is LastChange+1 if the changelog is empty
}

// Open opens the store in the file at path, or makes it if o.Create is set.
// Its errors are sentences for an administrator and wrap ErrNotThere,
// ErrExists, ErrLocked, ErrForeign or a *DamageError where that is the reason.
func Open(path string, o Options) (*Store, error) {
	var s *Store
	l := newLasting(path, &o, func() Stats { return s.Stats() })
	s, err := newStore(path, o, l)
	if err != nil {
		return nil, err
	}
	if s.opts.Create {
		if err := createFile(path, s.fill); err != nil {
			return nil, err
		}
	}
	if err := s.open(path); err != nil {
		return nil, err
	}
	if err := l.metrics.register(s.opts.Registry); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	s.unregister = func() { l.metrics.unregister(s.opts.Registry) }
	return s, nil
}

// newStore makes a Store that is not open yet.
func newStore(path string, o Options, l *lasting) (*Store, error) {
	o = o.withDefaults()
	if o.Schema == nil {
		return nil, errors.New("open store: no schema")
	}
	indexes, err := makeIndexes(o.Schema, o.Indexes)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{path: path, opts: o, schema: o.Schema, indexes: indexes, commitTx: commitBolt,
		hints: newHints(), facts: newFacts(), spots: new(spots), lasting: l, metrics: l.metrics, unregister: func() {},
		seals: seals{newSeal(bucketMeta), newSeal(bucketEntries), newSeal(bucketNames), newSeal(bucketUUIDs), newSeal(bucketChangelog)}}
	s.opts.Fatal = s.fatal(o.Fatal)
	return s, nil
}

// open opens the file, which need not have its final name yet, and begins to
// serve it.
func (s *Store) open(path string) error {
	file, err := openFile(path, &s.opts)
	if err != nil {
		return err
	}
	s.db, s.commits.file, s.opened = file.db, file.file, file.found.meta
	s.commits.reuse = newReuse(s.db)
	s.syncFile = file.db.Sync
	s.pending.Store(file.found)
	info, err := os.Stat(path)
	if err != nil {
		return errors.Join(fmt.Errorf("open store: %w", err), file.close())
	}
	s.pages = mappedBy(file.db, max(file.db.MaxSize, int(info.Size())))
	s.identity[0], s.identity[1] = identity(info)
	if err := s.start(file.later); err != nil {
		return errors.Join(err, file.close())
	}
	return nil
}

// fill writes the first content of a new store.
func (s *Store) fill(tx *bbolt.Tx) error {
	now := s.opts.Clock()
	if _, err := s.schema.AppendDNKey(nil, []byte(s.opts.Suffix)); err != nil {
		return fmt.Errorf("suffix: %w", err)
	}
	h := &header{store: newUUID(now), suffix: s.opts.Suffix, schema: fingerprint(s.schema)}
	st := state{nextID: 1, firstSeq: 1, hasBase: true}
	names := []string{bucketMeta, bucketEntries, bucketNames, bucketUUIDs, bucketChangelog}
	for _, ix := range s.indexes {
		names = append(names, ix.name)
		h.indexes = append(h.indexes, storedIndex{ix.name, ix.mark})
		st.indexKeys = append(st.indexKeys, 0)
	}
	for _, name := range names {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	meta := openMeta(tx)
	return errors.Join(meta.putHeader(h), meta.putLineage(firstEpoch(s.opts.EpochKind, now)), meta.put(metaState, st.append(nil)))
}

// start reads what the file knows about itself and begins to serve it.
func (s *Store) start(later bool) error {
	st, lin, err := s.readMeta()
	if err == nil && !later {
		err = s.settle()
	}
	if err != nil {
		return fmt.Errorf("open store %s: %w", s.path, err)
	}
	if st, err = s.adoptSchema(st); err != nil {
		return fmt.Errorf("open store %s: %w", s.path, err)
	}
	if s.suffixKey, err = s.schema.AppendDNKey(nil, []byte(s.header.suffix)); err != nil || len(s.suffixKey) == 0 {
		return fmt.Errorf("open store %s: suffix %q: %w", s.path, s.header.suffix, errors.Join(err, ErrForeign))
	}
	if st, err = s.reconcile(st); err != nil {
		return fmt.Errorf("open store %s: %w", s.path, err)
	}
	st.indexChanged = make([]uint64, len(s.indexes))
	s.indexOf = map[*schema.AttributeType][2]int{}
	for i, ix := range s.indexes {
		place, ok := s.indexOf[ix.attr]
		if !ok {
			place = [2]int{-1, -1}
		}
		if ix.sub {
			place[substringIndex] = i
		} else {
			place[equalityIndex] = i
		}
		s.indexOf[ix.attr] = place
	}
	sp, err := s.loadSpecial(&st)
	if err != nil {
		return fmt.Errorf("open store %s: %w", s.path, err)
	}
	if err := s.publish(st, sp, lin); err != nil {
		return err
	}
	if !s.opts.ReadOnly {
		s.writer = newWriter(s, st, sp, lin)
		go func() {
			s.verify()
			s.writer.run()
		}()
	}
	return nil
}

// readMeta reads header, lineage and state, and tells the inspection how many keys
// there must be: damaged pages can hide keys.
func (s *Store) readMeta() (st state, lin *lineage, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		meta := openMeta(tx)
		if meta.b == nil {
			return fmt.Errorf("%w: a bbolt file of another program", ErrForeign)
		}
		if s.header, err = meta.readHeader(); err != nil {
			return err
		}
		if lin, err = meta.readLineage(); err != nil {
			return err
		}
		st, err = meta.readState()
		return err
	})
	if err != nil {
		return st, nil, err
	}
	if len(st.indexKeys) != len(s.header.indexes) {
		return st, nil, s.seals.meta.damage([]byte(metaState), "other number of indexes")
	}
	want := map[string]uint64{bucketEntries: st.entries, bucketNames: st.entries, bucketUUIDs: st.entries,
		bucketChangelog: st.seq + 1 - st.firstSeq}
	for i, ix := range s.header.indexes {
		want[ix.Name] = st.indexKeys[i]
	}
	return st, lin, s.pending.Load().expect(want)
}

// loadSpecial collects the referrals and aliases; a store without costs nothing.
func (s *Store) loadSpecial(st *state) (special, error) {
	var referrals, aliases [][]byte
	if st.referrals == 0 && st.aliases == 0 {
		return special{}, nil
	}
	if err := s.sound(bucketNames); err != nil {
		return special{}, err
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketNames)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			_, kind, err := s.openName(k, v)
			if err != nil {
				return err
			}
			if kind&schema.KindReferral != 0 {
				referrals = append(referrals, bytes.Clone(k))
			}
			if kind&schema.KindAlias != 0 {
				aliases = append(aliases, bytes.Clone(k))
			}
		}
		return nil
	})
	if err == nil && (uint64(len(referrals)) != st.referrals || uint64(len(aliases)) != st.aliases) {
		err = s.seals.meta.damage([]byte(metaState), "referrals or aliases miscounted")
	}
	return makeSpecial(referrals, aliases), err
}

// Close refuses what is still queued, waits for the readers and closes the
// file. Further calls return unavailable, Close itself nil.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		v := s.pending.Load()
		if v != nil {
			v.stopped.Store(true)
		}
		if s.writer != nil {
			s.writer.close()
		}
		s.drop(s.current.Swap(nil))
		s.snapshots.Wait()
		s.unregister()
		s.keepFreelist()
		if v != nil {
			err = v.close()
		}
		if err = errors.Join(err, s.db.Close()); err != nil {
			err = fmt.Errorf("close store: %w", err)
		}
	})
	return err
}

// Position is that of the last commit; zero once the store is closed.
func (s *Store) Position() (p schema.Position) {
	if sn := s.take(); sn != nil {
		p = sn.position()
		s.drop(sn)
	}
	return p
}

// ContextCSN is the CSN of the newest change; empty if there was none.
func (s *Store) ContextCSN() string {
	sn := s.take()
	if sn == nil {
		return ""
	}
	defer s.drop(sn)
	return sn.contextCSN()
}

// Stats gives the figures as of the last commit; zero once the store is closed.
func (s *Store) Stats() Stats {
	sn := s.take()
	if sn == nil {
		return Stats{}
	}
	defer s.drop(sn)
	free, held := s.db.Stats(), int(s.commits.reuse.shown.Load())
	return Stats{
		Entries: sn.st.entries, Referrals: sn.st.referrals, Aliases: sn.st.aliases,
		Bytes: uint64(sn.tx.Size()), FreePages: uint64(max(free.FreePageN+free.PendingPageN+held, 0)),
		FirstChange: sn.st.firstSeq, LastChange: sn.st.seq,
	}
}

// Suffix is the name of the topmost entry, as it was given when the store was
// made.
func (s *Store) Suffix() string { return s.header.suffix }

// ID is the store's own UUID.
func (s *Store) ID() schema.UUID { return s.header.store }

// Epochs is the history of epochs as of the last commit, oldest first; nil once
// the store is closed.
func (s *Store) Epochs() []schema.Epoch {
	sn := s.take()
	if sn == nil {
		return nil
	}
	defer s.drop(sn)
	return slices.Clone(sn.lin.epochs)
}
