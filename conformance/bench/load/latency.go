// latency.go: how long answers took, in a table of fixed size.

package load

import (
	"math/bits"
	"time"
)

// Each power of two has 32 steps, so a latency is known to 3 %.
const (
	stepBits = 5
	steps    = 1 << stepBits
	octaves  = 40 // up to 18 minutes
)

// latencies counts durations by their size.
type latencies struct {
	counts [octaves * steps]uint32
	n      uint64
}

func place(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < steps {
		return int(v)
	}
	octave := bits.Len64(v) - stepBits - 1
	return min((octave+1)<<stepBits|int(v>>octave)&(steps-1), octaves*steps-1)
}

func (l *latencies) add(d time.Duration) {
	l.counts[place(d)]++
	l.n++
}

// quantile is the duration in microseconds that share of all do not exceed; 0
// if there are none.
func (l *latencies) quantile(share float64) float64 {
	if l.n == 0 {
		return 0
	}
	rank := min(uint64(share*float64(l.n)), l.n-1)
	for i, c := range l.counts {
		if rank < uint64(c) {
			return middle(i) / 1000
		}
		rank -= uint64(c)
	}
	return 0
}

// middle is the middle of what a place stands for, in nanoseconds.
func middle(i int) float64 {
	if i < steps {
		return float64(i)
	}
	octave := i>>stepBits - 1
	return (float64(i&(steps-1)|steps) + 0.5) * float64(uint64(1)<<octave)
}
