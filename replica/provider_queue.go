package replica

// Sorting changes by what must come before what.

// queue sorts changes so that each comes after those that precede it.
type queue struct {
	next  [][]wait // what waits for a change
	waits []int    // for how many others
	done  []bool
	away  []bool // gone, and to come again
	left  int
	fresh []int // may be ready
}

// wait is a change that waits for another. One that waits for its superior goes
// on waiting when that is away.
type wait struct {
	change   int
	superior bool
}

func newQueue(n int) *queue {
	q := &queue{next: make([][]wait, n), waits: make([]int, n), done: make([]bool, n), away: make([]bool, n), left: n}
	for i := range n {
		q.fresh = append(q.fresh, i)
	}
	return q
}

// before notes that a comes before b; superior tells that a is above b.
func (q *queue) before(a, b int, superior bool) {
	if a != b {
		q.next[a] = append(q.next[a], wait{b, superior})
		q.waits[b]++
	}
}

// ready appends everything that waits for nothing.
func (q *queue) ready(steps []step) []step {
	for len(q.fresh) > 0 {
		i := q.fresh[0]
		q.fresh = q.fresh[1:]
		if !q.done[i] && q.waits[i] == 0 {
			steps = append(steps, step{change: i})
			q.take(i)
		}
	}
	return steps
}

// take notes that a change has its step. What waits for it waits no more.
func (q *queue) take(i int) {
	q.done[i] = true
	q.left--
	q.release(i, true)
	if !q.away[i] {
		q.release(i, false)
	}
}

// sendAway notes that a change has a step by which it is gone.
func (q *queue) sendAway(i int) {
	q.away[i] = true
	q.release(i, false)
}

func (q *queue) release(i int, superior bool) {
	for _, w := range q.next[i] {
		if w.superior != superior {
			continue
		}
		if q.waits[w.change]--; q.waits[w.change] == 0 {
			q.fresh = append(q.fresh, w.change)
		}
	}
}

// circles gives what is left and neither waits in vain alone nor only waits for
// those that do: the members of circles, and what is between two of them.
func (q *queue) circles() []int {
	var (
		out  = make([]int, len(q.next)) // how many wait for it, of those that are left
		prev = make([][]int, len(q.next))
		ends []int
	)
	for a := range q.next {
		if q.done[a] {
			continue
		}
		for _, w := range q.next[a] {
			if !q.done[w.change] && (w.superior || !q.away[a]) {
				out[a]++
				prev[w.change] = append(prev[w.change], a)
			}
		}
	}
	for i := range out {
		if !q.done[i] && out[i] == 0 {
			ends = append(ends, i)
		}
	}
	outside := make([]bool, len(q.next))
	for len(ends) > 0 {
		i := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		outside[i] = true
		for _, p := range prev[i] {
			if out[p]--; out[p] == 0 {
				ends = append(ends, p)
			}
		}
	}
	var members []int
	for i := range outside {
		if !q.done[i] && !outside[i] {
			members = append(members, i)
		}
	}
	return members
}
