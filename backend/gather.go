package backend

// Gathering: when a group has landed, those who were just answered are about to ask
// on. If the next group left at once, a few callers would fall into two halves, of
// which each waits for the commits of the other. So the next group waits a moment for
// them, as long as that pays, and as long as the writer has nothing else to do: it does
// not wait after a landing that is noticed while changes are made.

import "time"

const (
	// maxGather bounds the changes, those just answered and those ready, for which a
	// group waits: in a larger one each has a small share of what a commit costs.
	maxGather = 32
	// gatherPart: a group waits for one part in so many of the time of a commit, but no
	// longer than longestGather, which a disk that has hesitated once does not change.
	gatherPart    = 4
	longestGather = 5 * time.Millisecond
	// maxPassed bounds how many landings are passed over after a wait in vain.
	maxPassed = 64
)

// gathering decides which group waits. It belongs to the writer.
type gathering struct {
	took time.Duration // by the last commit
	pass int           // how many landings are passed over
	next int           // and how many after the next wait in vain
	// alarm is startAlarm but in tests.
	alarm func(time.Duration) (rings <-chan time.Time, stop func() bool)
}

func startAlarm(d time.Duration) (rings <-chan time.Time, stop func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}

// wanted is with how many changes a group leaves at once, which has so many ready when
// others were answered; no more than ready if it does not wait. It counts the landings
// that are passed over.
func (g *gathering) wanted(ready, answered int) int {
	all := ready + answered
	want := all - all/8 // the slowest are not waited for
	switch {
	case all > maxGather || ready >= want:
		return ready
	case g.pass > 0:
		g.pass--
		return ready
	}
	return want
}

// learn takes up what a wait has brought. Whoever came in time would have waited for a
// whole commit more; those who were ready have waited for them.
func (g *gathering) learn(ready, came int, waited time.Duration) {
	if time.Duration(came)*g.took >= time.Duration(ready)*waited {
		g.pass, g.next = 0, 1
		return
	}
	g.pass, g.next = g.next, min(2*g.next, maxPassed)
}

// gather lets the group that is ready wait for those who were answered, if that may
// pay. Nothing flies. Results are those of woken.
func (w *writer) gather(answered int) (open, ok bool) {
	open, ok = true, true
	g, ready := &w.gathering, len(w.filling.jobs)
	want := g.wanted(ready, answered)
	if ready >= want {
		return open, ok
	}
	rings, stop := g.alarm(min(g.took/gatherPart, longestGather))
	defer stop()
	var waited time.Duration
	for {
		from, late := time.Now(), false
		select {
		case <-rings:
			late = true
		case <-w.wake:
		}
		waited += time.Since(from)
		if !late {
			if open, ok = w.woken(); !open || !ok || w.filling == nil {
				return open, ok
			}
		}
		if n := len(w.filling.jobs); late || n >= want {
			g.learn(ready, n-ready, waited)
			return open, ok
		}
	}
}
