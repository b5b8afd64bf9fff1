package replica

import (
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// Outcome is what a consumer and a provider that meet do with each other.
type Outcome int

// The outcomes, from nothing to do to nothing to be done.
const (
	UpToDate          Outcome = iota + 1 // the consumer has everything
	Stream                               // the changes that it lacks are in the log
	Refresh                              // it lacks more than the log has: the whole state is sent
	Diverged                             // it has changes that the provider never had
	WaitingForRestore                    // the provider is freshly configured and has nothing to give
	OlderEpoch                           // the provider was overtaken by a promotion that the consumer knows
	ProviderBehind                       // the provider is itself a follower and has less than the consumer
	NotListed                            // the provider is a primary that does not list the consumer
	NotProvider                          // the provider has no role in a group
)

var outcomeText = [...]struct{ word, sentence string }{
	UpToDate:          {"up-to-date", "up to date: the secondary has every change of the primary"},
	Stream:            {"stream", "stream: the changes that the secondary lacks are sent from the log"},
	Refresh:           {"refresh", "refresh: the log does not reach back far enough, so the whole state is sent beside the old one"},
	Diverged:          {"diverged", "diverged: the secondary has changes that the primary never had; they are saved as LDIF and its state is refreshed"},
	WaitingForRestore: {"waiting-for-restore", "waiting for restore: the primary is freshly configured; the secondary keeps its data and goes on serving"},
	OlderEpoch:        {"older-epoch", "older epoch: another server was promoted in the place of this one, and the secondary follows that one's changes; nothing is taken from here"},
	ProviderBehind:    {"provider-behind", "provider behind: this server is itself a secondary and has less than the one that calls, which waits"},
	NotListed:         {"not-listed", "not listed: this primary does not list the secondary that calls; name it with utreplica -p"},
	NotProvider:       {"not-provider", "not a provider: this server has no role in a failover group"},
}

// String is one sentence for people.
func (o Outcome) String() string {
	if o.Word() == "" {
		return fmt.Sprintf("outcome %d", int(o))
	}
	return outcomeText[o].sentence
}

// Word is the name of an outcome in messages and metrics; "" if there is no
// such outcome.
func (o Outcome) Word() string {
	if o < 0 || int(o) >= len(outcomeText) {
		return ""
	}
	return outcomeText[o].word
}

// Sends tells whether the provider sends changes or states after this outcome;
// after any other it ends the search.
func (o Outcome) Sends() bool { return o >= UpToDate && o <= Diverged }

// MarshalText gives the word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.Word()), nil }

// UnmarshalText reads a word; one that is not known is an error.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i := range outcomeText {
		if w := outcomeText[i].word; w != "" && w == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("no outcome: %q", text)
}

// Provider is what a provider knows of itself when a consumer calls.
type Provider struct {
	History  []schema.Epoch // oldest first; the last one is in force
	Position schema.Position
	// Oldest is the number of the first change that the log still has;
	// Position.Seq+1 if it has none.
	Oldest uint64
	// HashAt gives the state hash after a change of the epoch in force, as
	// far as the log reaches; ok is false beyond.
	HashAt func(seq uint64) (hash schema.StateHash, ok bool)
}

// Decide compares the state of a consumer with that of a provider. empty tells
// that the consumer has no data that could be lost.
func Decide(p Provider, has schema.Position, empty bool) Outcome {
	now := p.Position
	if has.Epoch == now.Epoch {
		return p.sameEpoch(has)
	}
	if from, ok := p.grewFrom(has.Epoch); ok {
		return p.earlierEpoch(has, from)
	}
	switch {
	case empty:
		return Refresh
	case p.kind() == schema.EpochInitial:
		// A fresh primary must never empty its group.
		return WaitingForRestore
	case has.Epoch == "" || p.kind() == schema.EpochRestored:
		return Refresh
	}
	return Diverged
}

func (p *Provider) kind() schema.EpochKind {
	if len(p.History) == 0 {
		return schema.EpochInitial
	}
	return p.History[len(p.History)-1].Kind
}

// sameEpoch is the everyday case: both follow the same primary.
func (p *Provider) sameEpoch(has schema.Position) Outcome {
	now := p.Position
	switch {
	case has.Seq > now.Seq:
		return Diverged
	case has.Seq == now.Seq && has.Hash == now.Hash:
		return UpToDate
	case has.Seq == now.Seq:
		return Diverged
	case has.Seq+1 < p.Oldest:
		return Refresh
	}
	if hash, ok := p.HashAt(has.Seq); ok && hash != has.Hash {
		return Diverged
	}
	return Stream
}

// grewFrom finds the position at which the epoch in the provider's history
// that followed the given one began.
func (p *Provider) grewFrom(epoch string) (schema.Position, bool) {
	for _, e := range p.History {
		from, err := schema.ParsePosition(e.From)
		if err == nil && from.Epoch == epoch {
			return from, true
		}
	}
	return schema.Position{}, false
}

// earlierEpoch is a consumer that still follows the epoch before a promotion.
// Change numbers go on through a promotion, so what it lacks may be in the log.
func (p *Provider) earlierEpoch(has, from schema.Position) Outcome {
	switch {
	case has.Seq > from.Seq:
		return Diverged
	case has.Seq == from.Seq && has.Hash != from.Hash:
		return Diverged
	case has.Seq+1 < p.Oldest:
		return Refresh
	}
	if hash, ok := p.HashAt(has.Seq); ok && hash != has.Hash {
		return Diverged
	}
	return Stream
}
