package backend

// Building the file from the sorted streams.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// final is the id that an entry has in the store.
func (l *loader) final(id uint64) uint64 {
	if id&unnumbered != 0 {
		return l.maxID + id&^unnumbered
	}
	return id
}

// built is a bucket's tree.
type built struct {
	name string
	root uint64
	keys uint64
}

// loaded is what a new store knows about itself.
type loaded struct {
	head *header
	lin  *lineage
	st   state
}

func (d *loaded) position() schema.Position {
	return schema.Position{Epoch: d.lin.epoch(), Seq: d.st.seq, Hash: d.st.hash}
}

// build writes all buckets and the meta pages.
func (l *loader) build(ctx context.Context, file *os.File) (*loaded, error) {
	space := newPageSpace(file)
	names, err := l.buildNames(ctx, space)
	if err != nil {
		return nil, err
	}
	if names.keys == 0 && l.refresh == nil {
		return nil, ErrEmptyInput
	}
	if l.maxID+l.given >= unnumbered-1 {
		return nil, errors.New("load: the largest id is so large that no id is left for new entries")
	}
	var st state
	jobs := []func() (built, error){
		func() (built, error) { return l.buildEntries(ctx, space, &st) },
		func() (built, error) { return l.buildUUIDs(ctx, space) },
	}
	for i, ix := range l.indexes {
		jobs = append(jobs, func() (built, error) { return l.buildIndex(ctx, space, ix, l.indexKeys[i]) })
	}
	buckets, err := runJobs(l.opts.Jobs, jobs)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets[2:] {
		st.indexKeys = append(st.indexKeys, b.keys)
	}
	d, err := l.finishState(st)
	if err != nil {
		return nil, err
	}
	meta, err := l.buildMeta(space, d)
	if err != nil {
		return nil, err
	}
	log, err := emptyBucket(space, bucketChangelog)
	if err != nil {
		return nil, err
	}
	root, err := buildRoot(space, append(buckets, names, meta, log))
	if err != nil {
		return nil, err
	}
	return d, space.finish(root)
}

// runJobs runs jobs, some at once, and gives their results in order. The
// largest come first.
func runJobs[T any](workers int, jobs []func() (T, error)) ([]T, error) {
	results, errs := make([]T, len(jobs)), make([]error, len(jobs))
	leave := make(chan struct{}, max(workers, 1))
	var all sync.WaitGroup
	for i, job := range jobs {
		leave <- struct{}{}
		all.Go(func() {
			results[i], errs[i] = job()
			<-leave
		})
	}
	all.Wait()
	return results, errors.Join(errs...)
}

// finishState completes what the entries do not tell.
func (l *loader) finishState(st state) (*loaded, error) {
	st.nextID = l.maxID + l.given + 1
	st.csn = l.csn
	d := &loaded{head: &header{store: newUUID(l.began), suffix: l.opts.Suffix, schema: fingerprint(l.schema)}, st: st}
	for _, ix := range l.indexes {
		d.head.indexes = append(d.head.indexes, storedIndex{ix.name, ix.mark})
	}
	var err error
	if l.refresh != nil {
		err = l.refresh.finish(d, l.began)
	} else {
		l.restore(d)
	}
	d.st.firstSeq, d.st.base, d.st.hasBase = d.st.seq+1, d.st.hash, true
	return d, err
}

// restore gives d the lineage of a store that an administrator has loaded.
func (l *loader) restore(d *loaded) {
	d.st.seq = d.st.entries // as if each had been added, and the log trimmed
	from, before := "", &lineage{}
	if l.origin.found && l.origin.position.Hash == d.st.hash {
		d.st.seq, from, before.epochs = l.origin.position.Seq, l.origin.position.String(), l.origin.epochs
	}
	d.lin = before.begin(newEpoch(schema.EpochRestored, l.began, from))
}

// buildEntries writes id2entry, and counts and sums up what is in it.
func (l *loader) buildEntries(ctx context.Context, space *pageSpace, st *state) (built, error) {
	t, seal := space.newTree(), newSeal(bucketEntries)
	t.fill = fillEntries
	var key [idSize]byte
	var value []byte
	drop := newDropper(&l.dropped)
	err := l.entries.each(func(k, v []byte) error {
		id := binary.BigEndian.Uint64(k)
		if drop.has(id) {
			return nil
		}
		binary.BigEndian.PutUint64(key[:], l.final(id))
		addHash(&st.hash, schema.StateHash(v[:hashSize]))
		rec := v[hashSize:]
		st.entries++
		if kind := schema.EntryKind(rec[1]); kind != 0 {
			if kind&schema.KindReferral != 0 {
				st.referrals++
			}
			if kind&schema.KindAlias != 0 {
				st.aliases++
			}
		}
		value = seal.close(key[:], append(value[:0], rec...))
		if st.entries%progressStep == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			l.opts.Progress(LoadProgress{Stage: LoadWriting, Entries: st.entries})
		}
		return t.add(key[:], value, 0)
	})
	return endTree(t, bucketEntries, err)
}

// endTree finishes a tree.
func endTree(t *treeBuilder, bucket string, err error) (built, error) {
	b := built{name: bucket, keys: t.keys}
	if err == nil {
		b.root, err = t.finish()
	}
	if err != nil {
		return b, fmt.Errorf("build %s: %w", bucket, err)
	}
	return b, nil
}

func (l *loader) buildUUIDs(ctx context.Context, space *pageSpace) (built, error) {
	t, seal := space.newTree(), newSeal(bucketUUIDs)
	var value []byte
	drop := newDropper(&l.dropped)
	err := l.uuidKeys.each(func(k, v []byte) error {
		id := binary.BigEndian.Uint64(v)
		if drop.has(id) {
			return nil
		}
		value = binary.BigEndian.AppendUint64(value[:0], l.final(id))
		if t.keys%progressStep == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return t.add(k, seal.close(k, value), 0)
	})
	return endTree(t, bucketUUIDs, err)
}

// buildIndex writes one index. An entry that has a form twice is listed once.
func (l *loader) buildIndex(ctx context.Context, space *pageSpace, ix *index, from *sorter) (built, error) {
	t := space.newTree()
	var key, last, value []byte
	pack := packer{put: func(key, gaps []byte) error {
		value = ix.seal.close(key, append(value[:0], gaps...))
		return t.add(key, value, 0)
	}}
	drop := newDropper(&l.dropped)
	err := from.each(func(k, _ []byte) error {
		at := len(k) - idSize
		id := binary.BigEndian.Uint64(k[at:])
		if drop.has(id) || bytes.Equal(k, last) {
			return nil
		}
		last = append(last[:0], k...)
		key = binary.BigEndian.AppendUint64(append(key[:0], k[:at]...), l.final(id))
		if t.keys%progressStep == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return pack.add(key)
	})
	if err == nil {
		err = pack.end()
	}
	return endTree(t, ix.name, err)
}

// dropper looks ids up without disturbing others that do.
type dropper struct {
	set idSet
}

func newDropper(s *idSet) *dropper { return &dropper{idSet{parts: s.parts, count: s.count}} }

func (d *dropper) has(id uint64) bool { return d.set.count > 0 && d.set.has(id) }

// buildMeta copies the meta bucket from a small store, in which the code that
// writes every store's has written it.
func (l *loader) buildMeta(space *pageSpace, d *loaded) (b built, err error) {
	path := space.file.Name() + metaWork
	db, err := bbolt.Open(path, fileMode, &bbolt.Options{NoSync: true, NoFreelistSync: true})
	if err != nil {
		return b, fmt.Errorf("build meta: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close(), os.Remove(path)) }()
	err = db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket([]byte(bucketMeta)); err != nil {
			return err
		}
		meta := openMeta(tx)
		return errors.Join(meta.putHeader(d.head), meta.putLineage(d.lin), meta.put(metaState, d.st.append(nil)))
	})
	if err != nil {
		return b, fmt.Errorf("build meta: %w", err)
	}
	t := space.newTree()
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketMeta)).ForEach(func(k, v []byte) error { return t.add(k, v, 0) })
	})
	return endTree(t, bucketMeta, err)
}

func emptyBucket(space *pageSpace, name string) (built, error) {
	return endTree(space.newTree(), name, nil)
}

// buildRoot writes the tree of the buckets.
func buildRoot(space *pageSpace, buckets []built) (uint64, error) {
	slices.SortFunc(buckets, func(a, b built) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	t := space.newTree()
	for _, b := range buckets {
		var value [inlineHeader]byte
		native.PutUint64(value[:], b.root)
		if err := t.add([]byte(b.name), value[:], bucketFlag); err != nil {
			return 0, err
		}
	}
	return t.finish()
}
