package replica

import "fmt"

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
	WaitingForRestore: {"waiting-for-restore", "waiting for restore: the primary is freshly configured: load its data with utldif2ldbm -c on the primary; until then the secondary keeps its data and goes on serving"},
	OlderEpoch:        {"older-epoch", "older epoch: another server was promoted in the place of this one, and the secondary follows that one's changes; nothing is taken from here"},
	ProviderBehind:    {"provider-behind", "provider behind: this server is itself a secondary and has less than the one that calls, which waits"},
	NotListed:         {"not-listed", "not listed: this primary does not list the secondary that calls; name it on the primary with utreplica -a"},
	NotProvider:       {"not-provider", "not a provider: the server that was called has no role in a failover group, or the group has gone on without it: look at it with utreplica -l there"},
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
