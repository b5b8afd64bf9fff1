package replica

// How long a consumer waits before it tries again.

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	// refusedPause bounds the wait after a provider that answered and has
	// nothing to give, so that a restored primary is noticed fast.
	refusedPause = 5 * time.Second
	// unreachablePause bounds the wait after everything else.
	unreachablePause = 15 * time.Second
	// steadyTime is how long a session must last for the next wait to be the
	// first one again. Shorter ones may be a circle of the same fault, unless
	// they brought changes.
	steadyTime = 10 * time.Second
)

// backoff gives waits that double. The zero value begins with firstPause.
type backoff struct {
	next time.Duration
}

// pause is the next wait, at most most. A quarter of it is left to chance, so
// that the members of a group do not call all at once.
func (b *backoff) pause(most time.Duration) time.Duration {
	d := min(max(b.next, firstPause), most)
	b.next = min(2*max(b.next, firstPause), unreachablePause)
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// reset makes the next wait the first one.
func (b *backoff) reset() { b.next = 0 }
