package backend

// The meta bucket: what is known about the store as a whole.

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// Names of the buckets with fixed names.
const (
	bucketMeta      = "meta"
	bucketEntries   = "id2entry"
	bucketNames     = "dn2id"
	bucketUUIDs     = "uuid2id"
	bucketChangelog = "changelog"
)

// Keys of the meta bucket.
const (
	metaFormat    = "format"
	metaStore     = "store"
	metaSuffix    = "suffix"
	metaSchema    = "schema"
	metaEpochs    = "epochs"
	metaFollowing = "following"
	metaCookie    = "cookie"
	metaFresh     = "fresh"
	metaIndexes   = "indexes"
	metaState     = "state"
)

// storedIndex is an index whose bucket is complete.
type storedIndex struct {
	Name string `json:"name"`
	Mark string `json:"mark"`
}

// header is the part of the meta bucket that rarely changes.
type header struct {
	store   schema.UUID
	suffix  string
	schema  string // fingerprint of the definitions that made the keys
	indexes []storedIndex
}

// metaBucket reads and writes sealed values of the meta bucket.
type metaBucket struct {
	b    *bbolt.Bucket
	seal seal
}

func openMeta(tx *bbolt.Tx) metaBucket {
	return metaBucket{tx.Bucket([]byte(bucketMeta)), newSeal(bucketMeta)}
}

func (m metaBucket) put(name string, value []byte) error {
	key := []byte(name)
	if err := m.b.Put(key, m.seal.close(key, value)); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

func (m metaBucket) get(name string) ([]byte, error) {
	return m.seal.open([]byte(name), m.b.Get([]byte(name)))
}

func (m metaBucket) putJSON(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	return m.put(name, text)
}

// find is get for a value that need not be there.
func (m metaBucket) find(name string) (value []byte, found bool, err error) {
	key := []byte(name)
	c := m.b.Cursor()
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil, false, absent(&cursor{bolt: c}, &m.seal, key, k, v)
	}
	value, err = m.seal.open(k, v)
	return value, err == nil, err
}

// putHeader writes everything but the lineage and the state.
func (m metaBucket) putHeader(h *header) error {
	if err := m.put(metaFormat, []byte{formatVersion}); err != nil {
		return err
	}
	if err := m.put(metaStore, append([]byte(nil), h.store[:]...)); err != nil {
		return err
	}
	if err := m.put(metaSuffix, []byte(h.suffix)); err != nil {
		return err
	}
	if err := m.put(metaSchema, []byte(h.schema)); err != nil {
		return err
	}
	return m.putJSON(metaIndexes, h.indexes)
}

// readHeader reads what putHeader wrote. The version comes first: nothing is
// known about the other values of another version.
func (m metaBucket) readHeader() (*header, error) {
	version, err := m.get(metaFormat)
	if err != nil {
		return nil, err
	}
	if len(version) != 1 || version[0] != formatVersion {
		return nil, fmt.Errorf("%w: its format is version %d and this program reads version %d: use the release that wrote it, or load a dump",
			ErrForeign, version, formatVersion)
	}
	var h header
	id, err := m.get(metaStore)
	if err != nil {
		return nil, err
	}
	if copy(h.store[:], id) != len(h.store) {
		return nil, m.seal.damage([]byte(metaStore), "not a UUID")
	}
	suffix, err := m.get(metaSuffix)
	if err != nil {
		return nil, err
	}
	names, err := m.get(metaSchema)
	if err != nil {
		return nil, err
	}
	h.suffix, h.schema = string(suffix), string(names)
	return &h, m.getJSON(metaIndexes, &h.indexes)
}

func (m metaBucket) getJSON(name string, into any) error {
	text, err := m.get(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return m.seal.damage([]byte(name), err.Error())
	}
	return nil
}

func (m metaBucket) readState() (state, error) {
	b, err := m.get(metaState)
	if err != nil {
		return state{}, err
	}
	st, ok := readState(b)
	if !ok {
		return st, m.seal.damage([]byte(metaState), "not a state")
	}
	return st, nil
}
