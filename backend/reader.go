package backend

// Readers: the cursors and scratch memory of one search, used again and again,
// so that a search allocates nothing.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// maxIdleReaders bounds the readers kept for reuse.
const maxIdleReaders = 64

// reader reads one snapshot, or the writer's transaction.
type reader struct {
	s    *Store
	snap *snapshot // nil in the writer
	t    *tables

	entries, names, children, uuids cursor

	index []cursor
	at    uint64 // id that the entries cursor stands on; 0 unknown

	view   schema.View // of the entry read last
	record []byte      // from which it is, with its checksum
	key    [idSize]byte
	buf    []byte
	probe  probe
	theirs bool // code of the caller is running: its panics are not ours
	fault  bool // the goroutine's SetPanicOnFault before
}

// reader gives a reader of the current snapshot, to be given back with done.
func (s *Store) reader() (*reader, error) {
	sn := s.take()
	if sn == nil {
		return nil, errClosed()
	}
	return s.readerOf(sn)
}

// readerOf is reader for a snapshot of which the caller has taken a reference,
// which the reader then has.
func (s *Store) readerOf(sn *snapshot) (*reader, error) {
	if err := s.sound(bucketNames); err != nil {
		s.drop(sn)
		return nil, s.refusal(err)
	}
	var rd *reader
	s.idle.Lock()
	if n := len(s.idle.list); n > 0 {
		rd, s.idle.list = s.idle.list[n-1], s.idle.list[:n-1]
	}
	s.idle.Unlock()
	if rd == nil {
		rd = &reader{s: s}
	}
	if rd.snap != sn {
		rd.use(&sn.tables)
		rd.snap = sn
	}
	// A damaged page can lead bbolt outside of the file. Without this the
	// fault would end the process; with it, it is a panic, see done.
	rd.fault = debug.SetPanicOnFault(true)
	return rd, nil
}

// use makes rd read t. Cursors are opened when they are first needed, see on.
func (rd *reader) use(t *tables) {
	rd.t, rd.at = t, 0
	for _, c := range [...]*cursor{&rd.entries, &rd.names, &rd.children, &rd.uuids} {
		c.shut()
	}
	if len(rd.index) != len(t.index) {
		rd.index = make([]cursor, len(t.index))
	}
	for i := range rd.index {
		rd.index[i].shut()
	}
}

// on is a cursor of rd, opened on its bucket.
func (rd *reader) on(c *cursor, b *bbolt.Bucket) *cursor {
	if !c.ready() {
		c.open(rd.t.pages, b)
	}
	return c
}

// done is to be deferred: it gives rd back, makes an error of a panic that
// damaged pages caused, and turns *err into what a client may see.
func (rd *reader) done(err *error) {
	p := recover()
	debug.SetPanicOnFault(rd.fault)
	s, sn := rd.s, rd.snap
	if p == nil {
		rd.view, rd.record = schema.View{}, nil
		s.idle.Lock()
		if len(s.idle.list) < maxIdleReaders {
			s.idle.list = append(s.idle.list, rd)
		}
		s.idle.Unlock()
	}
	s.drop(sn)
	if p != nil {
		if rd.theirs {
			panic(p)
		}
		*err = &DamageError{Bucket: wholeFile, What: fmt.Sprint(p)}
	}
	if *err != nil {
		*err = s.refusal(*err)
	}
}

// refusal turns an error into a Result. What is no Result already is logged
// and counted here, once.
func (s *Store) refusal(err error) *schema.Result {
	var res *schema.Result
	if errors.As(err, &res) {
		return res
	}
	var damage *DamageError
	if errors.As(err, &damage) {
		s.metrics.damaged.Inc()
		s.opts.Log.Error("damaged value met", "bucket", damage.Bucket, "key", fmt.Sprintf("%q", damage.Key), "what", damage.What)
		return schema.Refuse(schema.Other, "the store holds a damaged value")
	}
	s.opts.Log.Error("the store cannot answer", "error", err)
	return schema.Refuse(schema.Other, "internal error of the store")
}

// id finds the entry named by key in dn2id.
func (rd *reader) id(key []byte) (id uint64, kind schema.EntryKind, found bool, err error) {
	c := rd.on(&rd.names, rd.t.names)
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) || len(key) == 0 {
		return 0, 0, false, absent(c, &rd.s.seals.names, key, k, v)
	}
	id, kind, err = rd.s.openName(k, v)
	return id, kind, err == nil, err
}

// openName checks a key and value of dn2id.
func (s *Store) openName(k, v []byte) (uint64, schema.EntryKind, error) {
	v, err := s.seals.names.open(k, v)
	if err != nil {
		return 0, 0, err
	}
	id, kind, ok := readName(v)
	if !ok {
		return 0, 0, s.seals.names.damage(k, "not an id")
	}
	return id, kind, nil
}

// absent proves that key is not there: c has sought it and stands on k, v. The
// keys around the gap must be in order and undamaged, see the package comment.
func absent(c *cursor, seal *seal, key, k, v []byte) error {
	if k != nil {
		if bytes.Compare(k, key) < 0 {
			return seal.damage(k, "out of order")
		}
		if _, err := seal.open(k, v); err != nil {
			return err
		}
	}
	p, pv := c.Prev()
	if p == nil {
		return nil
	}
	if bytes.Compare(p, key) >= 0 {
		return seal.damage(p, "out of order")
	}
	_, err := seal.open(p, pv)
	return err
}

// entry reads the entry with the given id into rd.view, where it may be already.
func (rd *reader) entry(id uint64) (found bool, err error) {
	if id == rd.view.ID && rd.snap != nil {
		return true, nil
	}
	c := rd.on(&rd.entries, rd.t.entries)
	key := rd.key[:]
	binary.BigEndian.PutUint64(key, id)
	if rd.at != 0 && rd.snap != nil { // neighbours are cheap; the writer's cursors may not walk
		if k, v := c.ahead(id - rd.at); bytes.Equal(k, key) {
			rd.at = id
			return true, rd.open(id, k, v)
		}
	}
	rd.at = 0
	if c.pages != nil {
		if at, known := rd.s.spots.of(id, uint64(rd.t.tx.ID())); known {
			if k, v := pairAt(c.pages.data, at); bytes.Equal(k, key) {
				return true, rd.open(id, k, v)
			}
		}
	}
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return false, absent(c, &rd.s.seals.entries, key, k, v)
	}
	rd.at = id
	if c.pages != nil {
		rd.s.spots.note(id, uint64(rd.t.tx.ID()), c.spot())
	}
	return true, rd.open(id, k, v)
}

// open checks a key and value of id2entry and fills rd.view.
func (rd *reader) open(id uint64, k, v []byte) error {
	rec, err := rd.s.seals.entries.open(k, v)
	if err != nil {
		return err
	}
	rd.view.ID = 0 // until it is whole
	if !readRecord(rec, &rd.view) {
		return rd.s.seals.entries.damage(k, "not a record")
	}
	rd.view.ID, rd.view.Live, rd.record = id, rd, v
	return nil
}

// mustEntry reads an entry that dn2id or an index of the same transaction has
// named: that it is missing is damage.
func (rd *reader) mustEntry(id uint64) error {
	found, err := rd.entry(id)
	if err == nil && !found {
		return rd.s.seals.entries.damage(idKey(id), "entry is missing")
	}
	return err
}

// named reads the entry with the given key into rd.view.
func (rd *reader) named(key []byte) (found bool, err error) {
	if id := rd.s.hints.about(key); id != 0 {
		found, err := rd.entry(id)
		if err == nil && found && bytes.Equal(rd.view.Key, key) {
			return true, nil
		}
	}
	id, _, found, err := rd.id(key)
	if !found || err != nil {
		return false, err
	}
	if err := rd.mustEntry(id); err != nil {
		return false, err
	}
	if !bytes.Equal(rd.view.Key, key) {
		return false, rd.s.seals.names.damage(key, "names another entry")
	}
	rd.s.hints.remember(key, id)
	return true, nil
}

// NumSubordinates counts the children of the entry named by key, at most max
// (0 is no bound). It implements schema.Live for the views of rd.
func (rd *reader) NumSubordinates(key []byte, max int) int {
	c := rd.on(&rd.children, rd.t.names)
	rd.buf = append(append(rd.buf[:0], key...), 0)
	low := len(rd.buf)
	n := 0
	k, _ := c.Seek(rd.buf)
	for k != nil && len(k) > low && bytes.Equal(k[:low], rd.buf[:low]) {
		if n++; n == max {
			break
		}
		child := k
		k, _ = c.Next()
		if schema.KeyUnder(k, child) { // skip its subtree
			rd.buf = append(append(rd.buf[:0], child...), 1)
			k, _ = c.Seek(rd.buf)
		}
		rd.buf = append(rd.buf[:0], child[:low]...)
	}
	return n
}

// ContextCSN appends the CSN of the newest change, for schema.Live.
func (rd *reader) ContextCSN(dst []byte) []byte {
	return append(dst, rd.t.contextCSN()...)
}
