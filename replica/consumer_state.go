package replica

// What a consumer knows of itself, for status and metrics.

import (
	"sync"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// ConsumerState is where a Consumer stands.
type ConsumerState struct {
	Address   string // of the provider, when it was called last
	Connected bool
	// Outcome is what the last meeting came to and Reason the provider's
	// sentence; 0 and empty before the first one. When the whole state has been
	// received it is Stream.
	Outcome Outcome
	Reason  string

	Provider schema.Position // when last heard; zero if never, or if it is of another make
	Own      schema.Position
	// Level tells that this store has everything that the provider had when
	// it was last heard, and that it is connected.
	Level      bool
	LagChanges uint64        // known changes that are not in this store yet
	Lag        time.Duration // since it was level; 0 if it is

	LastHeard time.Time // zero if never
	Error     string    // why there is no connection, or why the last one ended
	Contact   string    // the same in two words

	Received, Expected uint64 // entries of the refresh that is under way

	LostFile    string // with changes that the provider never had; empty if there were none
	LostChanges uint64

	// Since the start.
	Batches, Changes, Refreshes uint64
}

// standing is what State is made of.
type standing struct {
	mu      sync.Mutex
	known   ConsumerState // Own, LagChanges, Lag and LastHeard are not kept
	levelAt time.Time     // when it was last known to be level; at first the start
}

// State tells where the consumer stands now. It can be called at any time.
func (c *Consumer) State() ConsumerState {
	own := c.o.Applier.Position()
	c.mu.Lock()
	s, levelAt := c.known, c.levelAt
	c.mu.Unlock()
	s.Own = own
	if ns := c.heard.Load(); ns != 0 {
		s.LastHeard = time.Unix(0, ns)
	}
	if s.Provider.Seq > own.Seq {
		s.LagChanges = s.Provider.Seq - own.Seq
	}
	if !s.Level {
		s.Lag = time.Since(levelAt)
	}
	return s
}

// note changes what is known and tells it.
func (c *Consumer) note(change func(s *ConsumerState)) {
	c.mu.Lock()
	change(&c.known)
	c.mu.Unlock()
	if c.o.Notify != nil {
		select {
		case c.o.Notify <- struct{}{}:
		default:
		}
	}
}

// address is that of the provider.
func (c *Consumer) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.Address
}

// levelled notes whether the store is level. Only a provider that is heard
// knows it.
func (c *Consumer) levelled(level bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if level {
		c.levelAt = time.Now()
	}
	c.known.Level = level
}

// compare finds out whether the store is level with what the provider last
// said. Epochs do not count: one begins without any change.
func (c *Consumer) compare() {
	own := c.o.Applier.Position()
	c.mu.Lock()
	p := c.known.Provider
	c.mu.Unlock()
	c.levelled(p.Epoch != "" && p.Seq == own.Seq && p.Hash == own.Hash)
}

// left notes the end of a session; nil is no fault.
func (c *Consumer) left(err error) {
	c.levelled(false)
	c.note(func(s *ConsumerState) {
		s.Connected, s.Received, s.Expected = false, 0, 0
		s.Error, s.Contact = "", unreached(err)
		if err != nil {
			s.Error = err.Error()
		}
	})
}
