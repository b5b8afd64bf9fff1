package replica

// Sorting changes by what must come before what.

// queue sorts changes so that each comes after those that precede it.
type queue struct {
	next     [][]int // what waits for a change
	waits    []int   // for how many others
	done     []bool
	released []bool // those that wait for it wait no more
	left     int
	fresh    []int // may be ready
}

func newQueue(n int) *queue {
	q := &queue{next: make([][]int, n), waits: make([]int, n), done: make([]bool, n), released: make([]bool, n), left: n}
	for i := range n {
		q.fresh = append(q.fresh, i)
	}
	return q
}

// before notes that a comes before b.
func (q *queue) before(a, b int) {
	if a != b {
		q.next[a] = append(q.next[a], b)
		q.waits[b]++
	}
}

// ready appends everything that waits for nothing.
func (q *queue) ready(steps []step) []step {
	for len(q.fresh) > 0 {
		i := q.fresh[0]
		q.fresh = q.fresh[1:]
		if q.done[i] || q.waits[i] > 0 {
			continue
		}
		steps = append(steps, step{change: i})
		q.take(i)
		q.release(i)
	}
	return steps
}

// take notes that a change has its step.
func (q *queue) take(i int) {
	q.done[i] = true
	q.left--
}

// release lets go of what waits for a change.
func (q *queue) release(i int) {
	if q.released[i] {
		return
	}
	q.released[i] = true
	for _, n := range q.next[i] {
		if q.waits[n]--; q.waits[n] == 0 {
			q.fresh = append(q.fresh, n)
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
		if q.done[a] || q.released[a] {
			continue
		}
		for _, b := range q.next[a] {
			if !q.done[b] {
				out[a]++
				prev[b] = append(prev[b], a)
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
