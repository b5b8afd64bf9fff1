package backend

// What goes on when the store at a path is replaced by another.

import (
	"log/slog"
	"math"
	"sync/atomic"
)

// lasting is shared by the stores that follow each other at one path.
type lasting struct {
	metrics   *metrics
	ballast   *ballast
	subs      subscribers
	confirmed atomic.Uint64 // see Store.Confirmed
}

// newLasting makes one for a path whose figures come from stats.
func newLasting(path string, o *Options, stats func() Stats) *lasting {
	l := &lasting{ballast: &ballast{path: path + ballastSuffix, wanted: o.Ballast, log: o.Log}}
	if l.ballast.log == nil {
		l.ballast.log = slog.New(slog.DiscardHandler)
	}
	l.metrics = newMetrics(stats, l.ballast)
	l.confirmed.Store(math.MaxUint64)
	return l
}
