package backend

// What goes on when the store at a path is replaced by another.

import (
	"math"
	"sync/atomic"
)

// lasting is shared by the stores that follow each other at one path.
type lasting struct {
	metrics   *metrics
	subs      subscribers
	confirmed atomic.Uint64 // see Store.Confirmed
}

// newLasting makes one whose figures come from stats.
func newLasting(stats func() Stats) *lasting {
	l := &lasting{metrics: newMetrics(stats)}
	l.confirmed.Store(math.MaxUint64)
	return l
}
