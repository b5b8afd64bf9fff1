package replica

// What two members make of each other's histories.

import (
	"github.com/sunray-ds/utdsd/schema"
)

// Offer is what a provider has when a member calls.
type Offer struct {
	Epochs   []schema.Epoch // oldest first; the last one is in force
	Position schema.Position
	// Following tells that the provider is itself a secondary, Fresh that it has
	// nothing but what its set-up wrote.
	Following, Fresh bool
	// Oldest is the number of the first change that the log still has;
	// Position.Seq+1 if it has none.
	Oldest uint64
	// HashAt gives the state hash after a change, as far as the log tells; ok
	// is false beyond.
	HashAt func(seq uint64) (hash schema.StateHash, ok bool)
}

// Decide compares what a member has with what a provider has. It looks only at
// histories: whether the provider serves this member at all (NotListed,
// NotProvider) was decided before.
//
// Both have a chain of epochs. Up to some change of the latest epoch that is in
// both chains they had the same changes; beyond it each has its own.
//
//	                        the provider has none      the provider has some
//	the member has none     up-to-date                 stream, or refresh if the log begins later
//	the member has some     provider-behind if the     older-epoch if the provider is still in the
//	                        provider is a follower,    common epoch and the member knows of a
//	                        else as to the right       promotion, else diverged
//
// Where there is no common epoch, a member without data is refreshed. One with
// data keeps it if the provider's epoch is initial, because a fresh primary must
// never empty its group; a provider that was restored is an administrator's
// word that its data is the truth; otherwise the member has diverged.
//
// Adopt is an administrator's word too: older-epoch becomes diverged and
// waiting-for-restore refresh, but not by a provider that has nothing to give.
func Decide(o *Offer, m *MemberHello) Outcome {
	out := o.decide(m)
	switch {
	case out == UpToDate && m.Position != o.Position:
		// The member began an epoch and changed nothing in it: it is told of
		// the one that is in force.
		out = Stream
	case out == WaitingForRestore && m.Adopt && !o.Fresh:
		return Refresh
	case out == OlderEpoch && m.Adopt:
		return Diverged
	}
	if m.Refresh && (out == UpToDate || out == Stream) {
		return Refresh
	}
	return out
}

func (o *Offer) decide(m *MemberHello) Outcome {
	mine, theirs := newLineage(m.Epochs, m.Position).reduced(), newLineage(o.Epochs, o.Position)
	i, j, related := mine.meets(theirs)
	if !related {
		return o.unrelated(m)
	}
	common := min(mine.end(i), theirs.end(j))
	// At the very end of an epoch the next one may hang: then there is more,
	// although no change was made yet.
	more := i < len(mine.epochs)-1 || mine.end(i) > common
	if !more {
		return o.within(mine.at, theirs, j)
	}
	inCommon := j == len(theirs.epochs)-1
	switch {
	case inCommon && o.Following && o.Position.Seq <= common:
		return ProviderBehind
	case inCommon && mine.promotedAfter(i):
		return OlderEpoch
	}
	return Diverged
}

// within is the everyday case: all that the member has is of the common
// history, as far as numbers tell. Now the hashes are compared.
func (o *Offer) within(has schema.Position, theirs lineage, j int) Outcome {
	now := o.Position
	switch {
	case has.Epoch == now.Epoch && has.Seq == now.Seq:
		if has.Hash == now.Hash {
			return UpToDate
		}
		return Diverged
	case j+1 < len(theirs.epochs) && has.Seq == theirs.end(j) && has.Hash != theirs.from[j+1].Hash:
		return Diverged
	case has.Seq+1 < o.Oldest:
		return Refresh
	}
	if hash, ok := o.HashAt(has.Seq); ok && hash != has.Hash {
		return Diverged
	}
	return Stream
}

func (o *Offer) unrelated(m *MemberHello) Outcome {
	kind := schema.EpochInitial
	if n := len(o.Epochs); n > 0 {
		kind = o.Epochs[n-1].Kind
	}
	switch {
	case m.Fresh:
		return Refresh
	case kind == schema.EpochInitial:
		return WaitingForRestore
	case m.Position.Epoch == "" || kind == schema.EpochRestored:
		return Refresh
	}
	return Diverged
}

// lineage is a chain of epochs, of which each but the first grew from the one
// before it, and the position that was reached in the last one.
type lineage struct {
	epochs []schema.Epoch
	from   []schema.Position // where each began, of the epoch before; the first one is zero
	at     schema.Position
}

// newLineage takes as much of a history as hangs together and leads to at. A
// zero position has no lineage.
func newLineage(epochs []schema.Epoch, at schema.Position) lineage {
	l := lineage{at: at}
	if at.Epoch == "" {
		return l
	}
	n := len(epochs)
	if n == 0 || epochs[n-1].ID != at.Epoch {
		epochs, n = []schema.Epoch{{ID: at.Epoch}}, 1
	}
	from := make([]schema.Position, n)
	first := n - 1
	for ; first > 0; first-- {
		p, err := schema.ParsePosition(epochs[first].From)
		if err != nil || p.Epoch != epochs[first-1].ID {
			break
		}
		from[first] = p
	}
	l.epochs, l.from = epochs[first:], from[first:]
	return l
}

// reduced leaves out the last epochs as long as nothing was changed in them:
// one that was promoted, or restored from its own dump, and not written to is
// still where it was.
func (l lineage) reduced() lineage {
	for n := len(l.epochs); n > 1; n = len(l.epochs) {
		from := l.from[n-1]
		if from.Seq != l.at.Seq || from.Hash != l.at.Hash {
			break
		}
		l.epochs, l.from, l.at = l.epochs[:n-1], l.from[:n-1], from
	}
	return l
}

// end is the number of the last change of epoch i that is in the chain.
func (l lineage) end(i int) uint64 {
	if i+1 < len(l.from) {
		return l.from[i+1].Seq
	}
	return l.at.Seq
}

// meets finds the latest epoch of l that is in other, too.
func (l lineage) meets(other lineage) (i, j int, ok bool) {
	for i = len(l.epochs) - 1; i >= 0; i-- {
		for j = len(other.epochs) - 1; j >= 0; j-- {
			if l.epochs[i].ID == other.epochs[j].ID {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// promotedAfter tells whether there is a promotion behind epoch i.
func (l lineage) promotedAfter(i int) bool {
	for _, e := range l.epochs[i+1:] {
		if e.Kind == schema.EpochPromoted {
			return true
		}
	}
	return false
}
