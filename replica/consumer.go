package replica

// The consumer: what a secondary does to be equal to its primary.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// What an Applier answers when it does not take what it was given; to be told
// apart with errors.Is.
var (
	// ErrPosition: the store is not where the batch begins.
	ErrPosition = errors.New("the store is not at the position of the batch")
	// ErrHash: what would come out has another hash than the provider's state.
	// Nothing was changed.
	ErrHash = errors.New("the state would not have the hash of the provider's")
	// ErrStructure: what would come out is no tree. Nothing was changed.
	ErrStructure = errors.New("the batch leaves entries without their superior")
	// ErrDamaged: a value of the store is not what was written. Nothing was
	// changed.
	ErrDamaged = errors.New("the store is damaged")
)

// Applier is the store of a consumer.
type Applier interface {
	Position() schema.Position
	// Fresh tells that there is nothing but what the set-up wrote.
	Fresh() bool
	// SyncCookie is the cookie of the provider of another make that the state
	// came from; empty if it did not.
	SyncCookie() string
	// Hold keeps the last committed state until it is released.
	Hold() (State, error)
	// ApplyBatch makes a batch durable, or nothing of it.
	ApplyBatch(ctx context.Context, b *schema.Batch) error
	// Refresh replaces the whole state by that of the LDIF text that it reads
	// from src to its end, or leaves everything as it is.
	Refresh(ctx context.Context, src io.Reader, o RefreshOptions) error
}

// RefreshOptions say what the text of a refresh is.
type RefreshOptions struct {
	// From is where the store must be when it is replaced (else ErrPosition);
	// empty for a provider of another make.
	From schema.Position
	// Position and Epochs are those of the state in the text, whose hash it
	// must have, and ContextCSN is the CSN of its newest change. They are empty
	// for a provider of another make, which knows none: the store then begins
	// an epoch of its own.
	Position        schema.Position
	Epochs          []schema.Epoch
	ContextCSN      string
	ForeignProvider bool
}

// ConsumerOptions say whom a Consumer follows. Provider, Applier and LostDir
// must be set, and Signature unless the provider is of another make.
type ConsumerOptions struct {
	// Provider gives host:port of the provider, and Signature the group
	// signature; both are asked before each attempt. Empty: none for now.
	Provider  func() string
	Signature func() string
	TLS       *tls.Config // StartTLS; nil is in the clear
	Applier   Applier
	Suffix    string // base of the search

	Host, Port string // where this server listens, as the provider lists it

	// Adopt is an administrator's word that the store shall become equal to
	// the provider whatever it has; AdoptDone is called once when it has, or
	// when the provider has nothing to give.
	Adopt     bool
	AdoptDone func()

	// LostDir is where changes are saved that the provider never had.
	LostDir string

	Log *slog.Logger
	// Notify is poked after each change of State; it is never waited for.
	Notify chan<- struct{}

	// Silence is how long a provider may be silent before it counts as dead;
	// 10 s. A provider of another make may be silent for ever.
	Silence time.Duration
	// BatchSize bounds the memory for one batch, in bytes; 256 MiB. Where more
	// has changed, the whole state is fetched, which takes no memory.
	BatchSize int

	// Dial is for tests; nil is TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

const (
	defaultSilence   = 10 * time.Second
	defaultBatchSize = 256 << 20
)

// Consumer keeps a store equal to that of a provider.
type Consumer struct {
	o    ConsumerOptions
	meet func(ctx context.Context) error // one session
	standing
	heard atomic.Int64 // Unix nanoseconds

	// Of the goroutine of Run.
	wait  backoff
	metAt time.Time // when this session's provider agreed to send; zero if it did not
	anew  bool      // the whole state is wanted
	adopt bool
	told  string // the error that was logged last
}

// NewConsumer makes a Consumer of a provider of our own make. It does nothing
// until Run.
func NewConsumer(o ConsumerOptions) *Consumer {
	c := newConsumer(o)
	c.meet = c.meetMember
	return c
}

func newConsumer(o ConsumerOptions) *Consumer {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AdoptDone == nil {
		o.AdoptDone = func() {}
	}
	if o.Silence <= 0 {
		o.Silence = defaultSilence
	}
	if o.BatchSize <= 0 {
		o.BatchSize = defaultBatchSize
	}
	if o.Dial == nil {
		o.Dial = dialTCP
	}
	c := &Consumer{o: o, adopt: o.Adopt}
	c.levelAt = time.Now()
	return c
}

// refused is a provider that answered and has nothing to give.
type refused struct {
	outcome Outcome
	reason  string
}

func (r *refused) Error() string { return r.reason }

// errBatchSize is a batch of more than ConsumerOptions.BatchSize.
var errBatchSize = errors.New("more has changed than is taken in one batch")

// Run follows the provider until ctx ends, whatever happens; the error is that
// of ctx. It is called once.
func (c *Consumer) Run(ctx context.Context) error {
	for {
		c.metAt = time.Time{}
		batches := c.batches()
		err := c.meet(ctx)
		if ctx.Err() != nil {
			c.left(nil)
			return context.Cause(ctx)
		}
		c.left(err)
		c.report(err)
		c.anew = c.anew || wantsAll(err)
		if lasted := !c.metAt.IsZero() && time.Since(c.metAt) >= steadyTime; lasted || c.batches() > batches && !wantsAll(err) {
			c.wait.reset()
		}
		most := unreachablePause
		if r := (*refused)(nil); errors.As(err, &r) {
			most = refusedPause
		}
		timer := time.NewTimer(c.wait.pause(most))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// batches is how many were applied since the start.
func (c *Consumer) batches() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.Batches
}

// wantsAll tells whether a session ended with something that only the whole
// state cures.
func wantsAll(err error) bool {
	r := (*schema.Result)(nil)
	return errors.Is(err, ErrHash) || errors.Is(err, ErrStructure) || errors.Is(err, ErrDamaged) || errors.Is(err, errBatchSize) ||
		errors.As(err, &r) && r.Code == schema.SyncRefreshRequired
}

// report logs why a session ended, once for each reason.
func (c *Consumer) report(err error) {
	if text := fmt.Sprint(err); text != c.told {
		c.told = text
		c.o.Log.Warn("replication waits", "provider", c.address(), "reason", text)
	}
}

// agreed notes that the provider sends.
func (c *Consumer) agreed(outcome Outcome) {
	c.metAt = time.Now()
	c.told = ""
	c.o.Log.Info("replication goes on", "provider", c.address(), "outcome", outcome.Word())
}

// followed notes that the store has become one with the provider's.
func (c *Consumer) followed() {
	c.anew = false
	c.obeyed()
}

// obeyed notes that the administrator's word to adopt the provider's data has been
// obeyed, as far as it could be.
func (c *Consumer) obeyed() {
	if c.adopt {
		c.adopt = false
		c.o.AdoptDone()
	}
}
