package backend

// Lineage: where the data of a store comes from. It is a part of each committed
// state, because a promotion or a batch of a provider changes it.

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// Whom a store follows.
const (
	followsNobody  byte = iota
	followsMember       // a server of our own, whose epochs and numbers it has
	followsForeign      // a server of another make; epoch and numbers are the store's own
)

// lineage is never changed in place: snapshots share it.
type lineage struct {
	epochs  []schema.Epoch // oldest first; the last one is in force
	follows byte
	cookie  string // of a provider of another make
	fresh   uint64 // last change that the setup of the store made
}

// firstEpoch is the lineage of a store that begins now.
func firstEpoch(kind schema.EpochKind, now time.Time) *lineage {
	return &lineage{epochs: []schema.Epoch{newEpoch(kind, now, "")}}
}

// newEpoch makes an epoch; from is the text of the position before it.
func newEpoch(kind schema.EpochKind, now time.Time, from string) schema.Epoch {
	id := newUUID(now)
	return schema.Epoch{ID: hex.EncodeToString(id[:]), Kind: kind, From: from}
}

// epoch is the id of the epoch in force.
func (l *lineage) epoch() string { return l.epochs[len(l.epochs)-1].ID }

// begin is l with one more epoch, following nobody.
func (l *lineage) begin(e schema.Epoch) *lineage {
	return &lineage{epochs: append(slices.Clone(l.epochs), e), fresh: l.fresh}
}

// isFresh tells whether the state with this number has nothing but what the
// setup wrote.
func (l *lineage) isFresh(seq uint64) bool {
	return l.follows == followsNobody && len(l.epochs) == 1 && l.epochs[0].Kind == schema.EpochInitial && seq <= l.fresh
}

// validEpochs tells whether a history could be one of ours.
func validEpochs(epochs []schema.Epoch) error {
	if len(epochs) == 0 {
		return errors.New("no epoch")
	}
	for _, e := range epochs {
		if _, err := schema.ParsePosition((schema.Position{Epoch: e.ID}).String()); err != nil {
			return errors.New("an epoch's id is not 32 hexadecimal digits")
		}
		if e.Kind != schema.EpochInitial && e.Kind != schema.EpochRestored && e.Kind != schema.EpochPromoted {
			return errors.New("an epoch is of no known kind")
		}
		if e.From != "" {
			if _, err := schema.ParsePosition(e.From); err != nil {
				return errors.New("an epoch begins at no position")
			}
		}
	}
	return nil
}

// putLineage writes l.
func (m metaBucket) putLineage(l *lineage) error {
	return errors.Join(m.putJSON(metaEpochs, l.epochs), m.put(metaFollowing, []byte{l.follows}),
		m.put(metaCookie, []byte(l.cookie)), m.put(metaFresh, idKey(l.fresh)))
}

// readLineage reads what putLineage wrote. Stores that were made before there
// was replication have the epochs alone.
func (m metaBucket) readLineage() (*lineage, error) {
	var l lineage
	if err := m.getJSON(metaEpochs, &l.epochs); err != nil {
		return nil, err
	}
	if err := validEpochs(l.epochs); err != nil {
		return nil, m.seal.damage([]byte(metaEpochs), err.Error())
	}
	follows, found, err := m.find(metaFollowing)
	if err != nil {
		return nil, err
	}
	if found {
		if len(follows) != 1 || follows[0] > followsForeign {
			return nil, m.seal.damage([]byte(metaFollowing), "nobody's number")
		}
		l.follows = follows[0]
	}
	cookie, _, err := m.find(metaCookie)
	if err != nil {
		return nil, err
	}
	l.cookie = string(cookie)
	fresh, found, err := m.find(metaFresh)
	if err != nil {
		return nil, err
	}
	if found {
		if len(fresh) != idSize {
			return nil, m.seal.damage([]byte(metaFresh), "not a number")
		}
		l.fresh = binary.BigEndian.Uint64(fresh)
	}
	return &l, nil
}
