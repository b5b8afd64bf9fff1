package replica

import (
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// epochs makes a history out of text such as "a i", "b p a 50": id, kind, and
// where the epoch grew from. The state after change n of any epoch has hash n.
func epochs(t *testing.T, list ...string) []schema.Epoch {
	t.Helper()
	kinds := map[byte]schema.EpochKind{'i': schema.EpochInitial, 'p': schema.EpochPromoted, 'r': schema.EpochRestored}
	var out []schema.Epoch
	for _, text := range list {
		e := schema.Epoch{ID: position(text[0], 0, 0).Epoch, Kind: kinds[text[2]]}
		if len(text) > 4 {
			var seq uint64
			for _, c := range text[6:] {
				seq = 10*seq + uint64(c-'0')
			}
			e.From = position(text[4], seq, byte(seq)).String()
		}
		out = append(out, e)
	}
	return out
}

// at is a position whose hash is that of its number.
func at(epoch byte, seq uint64) schema.Position { return position(epoch, seq, byte(seq)) }

// offer is at a position, with a log from the given change on; every state has
// the hash of its number.
func offer(has []schema.Epoch, at schema.Position, oldest uint64) *Offer {
	return &Offer{Epochs: has, Position: at, Oldest: oldest, HashAt: func(seq uint64) (schema.StateHash, bool) {
		return schema.StateHash{byte(seq)}, seq+1 >= oldest && seq <= at.Seq
	}}
}

type meeting struct {
	name   string
	offer  *Offer
	follow bool // the provider is itself a secondary
	member MemberHello
	want   Outcome
	adopt  Outcome // with an administrator's word, if that makes a difference
}

func (m *meeting) check(t *testing.T) {
	t.Helper()
	o, hello := *m.offer, m.member
	o.Following = m.follow
	if got := Decide(&o, &hello); got != m.want {
		t.Errorf("%s: %v, want %v", m.name, got, m.want)
	}
	want := m.want
	if m.adopt != 0 {
		want = m.adopt
	}
	hello.Adopt = true
	if got := Decide(&o, &hello); got != want {
		t.Errorf("%s, adopting: %v, want %v", m.name, got, want)
	}
	if want == UpToDate || want == Stream {
		want = Refresh
	}
	hello.Refresh = true
	if got := Decide(&o, &hello); got != want {
		t.Errorf("%s, asking for a refresh: %v, want %v", m.name, got, want)
	}
}

func TestMeetingsInOneEpoch(t *testing.T) {
	a := epochs(t, "a i")
	p := offer(a, at('a', 100), 40)
	for _, m := range []meeting{
		{name: "level", offer: p, member: MemberHello{Position: at('a', 100), Epochs: a}, want: UpToDate},
		{name: "behind within the log", offer: p, member: MemberHello{Position: at('a', 60), Epochs: a}, want: Stream},
		{name: "a member that tells no history", offer: p, member: MemberHello{Position: at('a', 60)}, want: Stream},
		{name: "just before the log", offer: p, member: MemberHello{Position: at('a', 39), Epochs: a}, want: Stream},
		{name: "behind the log", offer: p, member: MemberHello{Position: at('a', 38), Epochs: a}, want: Refresh},
		{name: "no log at all, level", offer: offer(a, at('a', 100), 101), member: MemberHello{Position: at('a', 100), Epochs: a}, want: UpToDate},
		{name: "no log at all, behind", offer: offer(a, at('a', 100), 101), member: MemberHello{Position: at('a', 99), Epochs: a}, want: Refresh},
		{name: "ahead of a primary that lost its end", offer: p, member: MemberHello{Position: at('a', 101), Epochs: a}, want: Diverged},
		{name: "ahead of a provider that follows", offer: p, follow: true, member: MemberHello{Position: at('a', 101), Epochs: a}, want: ProviderBehind},
		{name: "behind a provider that follows", offer: p, follow: true, member: MemberHello{Position: at('a', 99), Epochs: a}, want: Stream},
		{name: "same number, other state", offer: p, member: MemberHello{Position: position('a', 100, 7), Epochs: a}, want: Diverged},
		{name: "behind with another state", offer: p, member: MemberHello{Position: position('a', 60, 61), Epochs: a}, want: Diverged},
	} {
		m.check(t)
	}
}

func TestMeetingsAfterAPromotion(t *testing.T) {
	a, ab := epochs(t, "a i"), epochs(t, "a i", "b p a 50")
	// b was promoted at change 50 and is at 100, or was not written to yet.
	promoted, idle := offer(ab, at('b', 100), 40), offer(ab, at('b', 50), 40)
	// a is the old primary, which has changes of its own, or has none.
	old, oldIdle := offer(a, at('a', 53), 1), offer(a, at('a', 50), 1)
	for _, m := range []meeting{
		{name: "level with the old primary", offer: promoted, member: MemberHello{Position: at('a', 50), Epochs: a}, want: Stream},
		{name: "level, and nothing written since", offer: idle, member: MemberHello{Position: at('a', 50), Epochs: a}, want: Stream},
		{name: "behind the old primary", offer: promoted, member: MemberHello{Position: at('a', 45), Epochs: a}, want: Stream},
		{name: "behind the log", offer: promoted, member: MemberHello{Position: at('a', 20), Epochs: a}, want: Refresh},
		{name: "more of the old primary than the promoted one had", offer: promoted, member: MemberHello{Position: at('a', 51), Epochs: a}, want: Diverged},
		{name: "the same, and nothing written since", offer: idle, member: MemberHello{Position: at('a', 51), Epochs: a}, want: Diverged},
		{name: "the same, from a secondary of the promoted one", offer: idle, follow: true, member: MemberHello{Position: at('a', 51), Epochs: a}, want: Diverged},
		{name: "same number, other state", offer: promoted, member: MemberHello{Position: position('a', 50, 9), Epochs: a}, want: Diverged},
		{name: "behind with another state", offer: promoted, member: MemberHello{Position: position('a', 45, 9), Epochs: a}, want: Diverged},
		{name: "follower of the promoted one", offer: promoted, member: MemberHello{Position: at('b', 70), Epochs: ab}, want: Stream},

		{name: "old primary returns as the provider", offer: old, member: MemberHello{Position: at('b', 100), Epochs: ab}, want: OlderEpoch, adopt: Diverged},
		{name: "the same without changes of its own", offer: oldIdle, member: MemberHello{Position: at('b', 100), Epochs: ab}, want: OlderEpoch, adopt: Diverged},
		{name: "the same, behind the fork", offer: offer(a, at('a', 45), 1), member: MemberHello{Position: at('b', 100), Epochs: ab}, want: OlderEpoch, adopt: Diverged},
		{name: "promotion taken back, nothing written", offer: old, member: MemberHello{Position: at('b', 50), Epochs: ab}, want: Stream},
		{name: "promotion taken back on both sides", offer: oldIdle, member: MemberHello{Position: at('b', 50), Epochs: ab}, want: Stream},
		{name: "promoted twice, nothing written", offer: old, member: MemberHello{Position: at('c', 50), Epochs: epochs(t, "a i", "b p a 50", "c p b 50")}, want: Stream},
		{name: "cascade, provider still before the promotion", offer: oldIdle, follow: true, member: MemberHello{Position: at('b', 60), Epochs: ab}, want: ProviderBehind},
		{name: "cascade, provider follows the old primary on", offer: old, follow: true, member: MemberHello{Position: at('b', 60), Epochs: ab}, want: OlderEpoch, adopt: Diverged},

		{name: "both promoted", offer: offer(epochs(t, "a i", "c p a 50"), at('c', 60), 1), member: MemberHello{Position: at('b', 60), Epochs: ab}, want: Diverged},
		{name: "both promoted, member not written to", offer: offer(epochs(t, "a i", "c p a 50"), at('c', 60), 1), member: MemberHello{Position: at('b', 50), Epochs: ab}, want: Stream},
		{name: "two promotions behind", offer: offer(epochs(t, "a i", "b p a 50", "c p b 70"), at('c', 90), 1), member: MemberHello{Position: at('a', 50), Epochs: a}, want: Stream},
		{name: "two promotions behind with an extra change", offer: offer(epochs(t, "a i", "b p a 50", "c p b 70"), at('c', 90), 1), member: MemberHello{Position: at('b', 71), Epochs: ab}, want: Diverged},
		{name: "two promotions ahead", offer: old, member: MemberHello{Position: at('c', 90), Epochs: epochs(t, "a i", "b p a 50", "c p b 70")}, want: OlderEpoch, adopt: Diverged},
	} {
		m.check(t)
	}
}

func TestMeetingsAfterARestore(t *testing.T) {
	a := epochs(t, "a i")
	// r was restored from a dump of change 40 that was not edited, s from one
	// without a history.
	r, s := epochs(t, "a i", "r r a 40"), epochs(t, "s r")
	restored, plain := offer(r, at('r', 45), 41), offer(s, at('s', 20), 21)
	for _, m := range []meeting{
		{name: "member level with the dump", offer: restored, member: MemberHello{Position: at('a', 40), Epochs: a}, want: Stream},
		{name: "member behind the dump", offer: restored, member: MemberHello{Position: at('a', 30), Epochs: a}, want: Refresh},
		{name: "member has what the restore took back", offer: restored, member: MemberHello{Position: at('a', 50), Epochs: a}, want: Diverged},
		{name: "restored without a history", offer: plain, member: MemberHello{Position: at('a', 50), Epochs: a}, want: Refresh},
		{name: "restored, new member", offer: plain, member: MemberHello{Position: at('d', 14), Epochs: epochs(t, "d i"), Fresh: true}, want: Refresh},
		{name: "secondary restored locally, dump of now", offer: offer(a, at('a', 50), 1), member: MemberHello{Position: at('r', 40), Epochs: r}, want: Stream},
		{name: "secondary restored locally, and written to", offer: offer(a, at('a', 50), 1), member: MemberHello{Position: at('r', 41), Epochs: r}, want: Diverged},
		{name: "the same, of a provider that follows", offer: offer(a, at('a', 40), 1), follow: true, member: MemberHello{Position: at('r', 41), Epochs: r}, want: ProviderBehind},
		{name: "secondary restored locally, edited dump", offer: offer(epochs(t, "a i", "b p a 9"), at('b', 50), 1), member: MemberHello{Position: at('s', 20), Epochs: s}, want: Diverged},
		{name: "restored after a promotion", offer: offer(epochs(t, "a i", "b p a 50", "r r b 60"), at('r', 60), 61), member: MemberHello{Position: at('b', 60), Epochs: epochs(t, "a i", "b p a 50")}, want: Stream},
	} {
		m.check(t)
	}
}

func TestMeetingsOfStrangers(t *testing.T) {
	fresh, changed := offer(epochs(t, "c i"), at('c', 14), 1), offer(epochs(t, "c i"), at('c', 15), 1)
	fresh.Fresh = true
	promoted := offer(epochs(t, "a i", "b p a 50"), at('b', 100), 40)
	old := MemberHello{Position: at('d', 300), Epochs: epochs(t, "d i")}
	for _, m := range []meeting{
		{name: "fresh primary, secondary with data", offer: fresh, member: old, want: WaitingForRestore},
		{name: "new primary with changes, secondary with data", offer: changed, member: old, want: WaitingForRestore, adopt: Refresh},
		{name: "fresh secondary as provider", offer: fresh, follow: true, member: old, want: WaitingForRestore},
		{name: "fresh primary, fresh secondary", offer: fresh, member: MemberHello{Position: at('d', 14), Epochs: epochs(t, "d i"), Fresh: true}, want: Refresh},
		{name: "fresh primary, no store yet", offer: fresh, member: MemberHello{Fresh: true}, want: Refresh},
		{name: "fresh primary, position not told", offer: fresh, member: MemberHello{}, want: WaitingForRestore},
		{name: "new secondary", offer: promoted, member: MemberHello{Position: at('d', 14), Epochs: epochs(t, "d i"), Fresh: true}, want: Refresh},
		{name: "position not told", offer: promoted, member: MemberHello{}, want: Refresh},
		{name: "another group's data, promoted primary", offer: promoted, member: old, want: Diverged},
		{name: "provider without a history", offer: offer(nil, schema.Position{}, 1), member: old, want: WaitingForRestore, adopt: Refresh},
	} {
		m.check(t)
	}
}

// Whatever is told is an outcome, even if it hangs together in no way.
func TestBrokenHistoriesHaveAnOutcome(t *testing.T) {
	histories := [][]schema.Epoch{
		nil, epochs(t, "a i"), epochs(t, "a i", "b p c 7"), epochs(t, "b p a 9", "a p b 3"), epochs(t, "a i", "a p a 4", "a p a 2"),
		{{ID: "", Kind: ""}}, {{ID: at('a', 0).Epoch, Kind: "x", From: "y"}},
	}
	places := []schema.Position{{}, at('a', 0), at('a', 1<<63), at('b', 4), at('z', 9)}
	for _, h := range histories {
		for _, mine := range places {
			for _, g := range histories {
				for _, theirs := range places {
					o := Decide(offer(g, theirs, 3), &MemberHello{Position: mine, Epochs: h})
					if o < UpToDate || o > ProviderBehind {
						t.Fatalf("%v at %v meets %v at %v: outcome %d", h, mine, g, theirs, int(o))
					}
				}
			}
		}
	}
}

func TestOutcomesHaveAWordAndASentence(t *testing.T) {
	var words []string
	for o := UpToDate; o <= NotProvider; o++ {
		var back Outcome
		word, err := o.MarshalText()
		if err != nil || len(word) < 4 || back.UnmarshalText(word) != nil || back != o {
			t.Errorf("outcome %d: word %q became %d", int(o), word, int(back))
		}
		if slices.Contains(words, string(word)) || len(o.String()) < 20 {
			t.Errorf("outcome %d: %q, %q", int(o), word, o)
		}
		words = append(words, string(word))
		if o.Sends() != (o <= Diverged) {
			t.Errorf("%v: Sends is %v", o, o.Sends())
		}
	}
	var o Outcome
	for _, word := range []string{"", "Stream", "outcome"} {
		if o.UnmarshalText([]byte(word)) == nil {
			t.Errorf("%q was taken as %v", word, o)
		}
	}
	if Outcome(77).String() == "" || Outcome(-1).Word() != "" {
		t.Error("numbers that are no outcome")
	}
}
