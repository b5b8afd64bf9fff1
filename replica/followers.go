package replica

import (
	"context"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// resolveTimeout bounds a look-up of a member's host name.
const resolveTimeout = 2 * time.Second

// followers are the consumers of this server: those that are configured, and on
// a secondary that feeds others whoever came.
type followers struct {
	resolve func(ctx context.Context, host string) ([]string, error)
	clock   func() time.Time

	mu         sync.Mutex
	configured []string
	known      map[string]*follower // by member as configured, or by address
}

// follower is one of them.
type follower struct {
	sessions  int
	confirmed schema.Position // zero until the first confirmation
	heard     time.Time
	outcome   Outcome // of the last meeting if it was sent away, else 0
	told      string  // what the last question came to since; "" if that is no news
}

func newFollowers(resolve func(context.Context, string) ([]string, error), clock func() time.Time) *followers {
	return &followers{resolve: resolve, clock: clock, known: map[string]*follower{}}
}

// configure replaces the configured members. What is known of those that stay
// is kept.
func (f *followers) configure(members []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.configured = slices.Clone(members)
	maps.DeleteFunc(f.known, func(name string, fo *follower) bool {
		return fo.sessions == 0 && !slices.Contains(members, name)
	})
	for _, m := range members {
		f.of(m)
	}
}

// of gives the follower of this name; f.mu is held.
func (f *followers) of(name string) *follower {
	if f.known[name] == nil {
		f.known[name] = &follower{}
	}
	return f.known[name]
}

// identify finds the configured member that a consumer is, by what it calls
// itself and where it comes from. Several members may share an address: the
// port tells them apart. listed is false if it is none of them; the name is then
// where it comes from.
func (f *followers) identify(host, port, peer string) (name string, listed bool) {
	from, _, err := net.SplitHostPort(peer)
	if err != nil {
		from = peer
	}
	f.mu.Lock()
	configured := slices.Clone(f.configured)
	f.mu.Unlock()
	for _, m := range configured {
		if h, p, ok := hostPort(m); ok && p == port && (sameHost(h, host) || sameAddress(h, from)) {
			return m, true
		}
	}
	for _, m := range configured {
		if h, p, ok := hostPort(m); ok && p == port && f.resolvesTo(h, from) {
			return m, true
		}
	}
	return net.JoinHostPort(from, port), false
}

func hostPort(member string) (host, port string, ok bool) {
	a, err := Address(member)
	if err != nil {
		return "", "", false
	}
	host, port, err = net.SplitHostPort(a)
	return host, port, err == nil
}

// sameHost compares host names, of which one may be without its domain.
func sameHost(a, b string) bool {
	if a == "" || b == "" || net.ParseIP(a) != nil || net.ParseIP(b) != nil {
		return false
	}
	if strings.EqualFold(a, b) {
		return true
	}
	short, _, full := strings.Cut(a, ".")
	other, _, otherFull := strings.Cut(b, ".")
	return full != otherFull && strings.EqualFold(short, other)
}

func sameAddress(a, b string) bool {
	x, y := net.ParseIP(a), net.ParseIP(b)
	return x != nil && x.Equal(y)
}

func (f *followers) resolvesTo(host, address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	list, err := f.resolve(ctx, host)
	return err == nil && slices.ContainsFunc(list, func(a string) bool { return sameAddress(a, address) })
}

// come notes that a follower has a session; the function that it gives notes
// the end of it.
func (f *followers) come(name string) (gone func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fo := f.of(name)
	fo.sessions++
	fo.heard, fo.outcome, fo.told = f.clock(), 0, ""
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		fo.sessions--
		fo.heard = f.clock()
		if fo.sessions == 0 && !slices.Contains(f.configured, name) {
			delete(f.known, name)
		}
	}
}

// sentAway notes why a follower got nothing.
func (f *followers) sentAway(name string, why Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of(name).outcome = why
}

// answered notes what a configured member is that was asked; "" is a follower.
func (f *followers) answered(name, instead string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fo := f.known[name]
	if fo == nil {
		return
	}
	fo.heard, fo.told = f.clock(), instead
	if fo.sessions > 0 {
		fo.told = ""
	}
}

// silent notes that a member gave no answer. One that calls is not out of reach
// because it cannot be called.
func (f *followers) silent(name, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fo := f.known[name]; fo != nil && (why == StateOtherSignature || f.clock().Sub(fo.heard) >= watchEvery) {
		fo.told = why
	}
}

// confirm notes what a follower has.
func (f *followers) confirm(name string, p schema.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fo := f.of(name)
	fo.confirmed, fo.heard = p, f.clock()
}

// slowest is the number up to which every configured member has all changes of
// this history; the largest number if there is no member.
func (f *followers) slowest(history []schema.Epoch) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	least := uint64(math.MaxUint64)
	for _, m := range f.configured {
		p := f.of(m).confirmed
		if !slices.ContainsFunc(history, func(e schema.Epoch) bool { return e.ID == p.Epoch }) {
			p.Seq = 0
		}
		least = min(least, p.Seq)
	}
	return least
}

// list is what is known of each, the configured ones first and in their order.
func (f *followers) list() (names []string, all map[string]follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all = map[string]follower{}
	for name, fo := range f.known {
		all[name] = *fo
		if !slices.Contains(f.configured, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return append(slices.Clone(f.configured), names...), all
}
