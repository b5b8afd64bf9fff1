package backend

// Groups: the changes that share a transaction. While one group is flushed, the
// next one is filled with what is queued meanwhile; it is written only when the
// flight has landed, so there is never more than one commit of which it is open
// whether it is durable, and nothing of the one before is written over.

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/schema"
)

// group is a transaction with the jobs whose changes it has.
type group struct {
	b       *batch // nil: none was begun
	jobs    []*job
	results []schema.ChangeDone // of jobs
	picked  []int               // the jobs in b
	counted int                 // see admitted
	// partly tells that b may not write to all pages that are free: some are held back
	// (see reuse), or b was begun during a flight, and others are free when that has landed.
	partly bool
	begun  time.Time // of the commit
}

// fill makes the changes of jobs in the transaction that is being filled. It
// reports whether the store may go on. A flight that lands is answered meanwhile:
// its clients wait. For what may take long it is waited for.
func (w *writer) fill(jobs []*job) bool {
	if w.filling == nil {
		w.filling = &group{}
	}
	g, from := w.filling, len(w.filling.jobs)
	g.jobs = append(g.jobs, jobs...)
	g.results = append(g.results, make([]schema.ChangeDone, len(jobs))...)
	for _, i := range w.admitted(jobs, g.results[from:], &g.counted) {
		g.picked = append(g.picked, from+i)
	}
	for _, i := range g.picked {
		if i < from {
			continue
		}
		if w.flying != nil && g.jobs[i].change.Kind == schema.ChangeModifyDN && !w.land(<-w.landed) {
			return false
		}
		if err := w.apply(g, i); err != nil {
			g.spoiled(w.s, err)
			break
		}
		select {
		case err := <-w.landed:
			if !w.land(err) {
				return false
			}
		default:
		}
	}
	return true
}

// apply makes the change of job i of g. An error means that the transaction is
// spoiled.
func (w *writer) apply(g *group, i int) (err error) {
	if g.b == nil {
		if g.b, err = w.begin(); err != nil {
			return err
		}
		g.partly = w.flying != nil || g.b.partly
	}
	g.results[i], err = g.b.apply(g.jobs[i])
	return err
}

// spoiled gives the transaction up: nothing of it is kept.
func (g *group) spoiled(s *Store, err error) {
	if g.b != nil {
		s.rollBack(g.b.tx)
	}
	g.refused(*s.refusal(err))
}

// refused gives all jobs that are in the transaction, which is none any more, one
// result.
func (g *group) refused(res schema.Result) {
	for _, i := range g.picked {
		g.results[i] = schema.ChangeDone{Result: res}
	}
	g.b, g.picked = nil, nil
}

// fewAnswers is how many the writer may send itself: to give one to the kernel takes
// less processor time than to wake a goroutine for that, but others could make
// changes meanwhile.
const fewAnswers = 64

// answer tells the callers what has become of their changes.
func (w *writer) answer(g *group) {
	few := len(g.jobs) <= fewAnswers
	for i, j := range g.jobs {
		g.results[i].Few = few
		j.done(g.results[i])
	}
}

// depart commits the group that is being filled, or ends it if there is nothing to
// commit. Nothing flies. If there is no room for all changes, those that delete
// entries are tried alone.
func (w *writer) depart() bool {
	g := w.filling
	w.filling = nil
	if w.alone++; len(g.jobs) > 1 {
		w.alone = 0
	}
	durable, full, ok := w.writeGroup(g)
	if full && g.partly {
		durable, full, ok = w.again(g, g.picked)
	}
	if full {
		few := deletes(g.jobs, g.picked)
		retry := len(few) > 0 && (w.s.lasting.ballast.give() || len(few) < len(g.picked))
		g.refused(*errFull())
		if retry {
			durable, full, ok = w.again(g, few)
		}
	}
	if full {
		g.refused(*errFull())
	}
	switch {
	case !ok:
		return false
	case durable == nil:
		w.answer(g)
		return true
	case len(g.jobs) == 1 && w.idle(): // nobody would gain from the flight
		return w.arrived(g, durable())
	}
	w.flying = g
	w.flights <- durable
	return true
}

// again writes those jobs of g that are picked in a transaction of their own, after
// there was no room for another one. Results are those of writeGroup.
func (w *writer) again(g *group, picked []int) (durable func() error, full, ok bool) {
	g.b, g.picked = nil, picked
	for _, i := range picked {
		if err := w.apply(g, i); err != nil {
			g.spoiled(w.s, err)
			return nil, false, true
		}
	}
	return w.writeGroup(g)
}

// writeGroup completes the transaction of g and writes it; durable has yet to be called,
// and is nil if there is nothing to do. full and ok are those of startCommit.
func (w *writer) writeGroup(g *group) (durable func() error, full, ok bool) {
	if g.b == nil {
		return nil, false, true
	}
	if g.b.changes == 0 {
		w.s.rollBack(g.b.tx)
		return nil, false, true
	}
	if err := g.b.finish(); err != nil {
		g.spoiled(w.s, err)
		return nil, false, true
	}
	g.begun = time.Now()
	return w.startCommit(g.b, g.partly)
}

// startCommit writes a transaction, which is not durable yet. full tells that there
// was no room and that the file is as it was; that is logged and counted unless there
// will be a further attempt. ok is false when the store has failed.
func (w *writer) startCommit(b *batch, further bool) (durable func() error, full, ok bool) {
	s, id := w.s, b.tx.ID()
	durable, err := s.writeTx(b.tx, false)
	if sabotageSplitPosition && err == nil {
		err = errors.Join(durable(), s.db.Update(func(tx *bbolt.Tx) error { return openMeta(tx).put(metaState, b.st.append(nil)) }))
		durable = func() error { return nil }
	}
	switch {
	case err == nil:
		w.st, w.special, w.lin = b.st, b.special, b.lin
		return durable, false, true
	case s.untouched(err, id):
		w.cramp()
		if !further {
			s.metrics.full.Inc()
			w.tellFull(err)
		}
		return nil, true, true
	}
	s.opts.Fatal(fmt.Errorf("commit %d: %w", id, err))
	return nil, false, false
}

// fly is the goroutine that makes flights durable.
func (w *writer) fly() {
	for durable := range w.flights {
		w.landed <- durable()
	}
}

// land ends the flight. It reports whether the store may go on.
func (w *writer) land(err error) bool {
	g := w.flying
	w.flying = nil
	return w.arrived(g, err)
}

// arrived makes visible what is durable, if err is nil, and answers.
func (w *writer) arrived(g *group, err error) bool {
	if !w.visible(g.b, g.begun, err) {
		return false
	}
	w.answer(g)
	return true
}

// visible shows readers the commit of b, which was begun then, if it is durable. It
// reports whether the store may go on.
func (w *writer) visible(b *batch, begun time.Time, err error) bool {
	s := w.s
	if err == nil {
		w.gathering.took = time.Since(begun)
		s.metrics.commit.Observe(w.gathering.took.Seconds())
		if b.changes > 0 {
			s.metrics.batch.Observe(float64(b.changes))
		}
		w.tellRoom()
		w.tellUnconfirmed(b)
		if err = s.publish(b.st, b.special, b.lin); err == nil {
			return true
		}
	}
	s.opts.Fatal(fmt.Errorf("commit of change %d: %w", b.st.seq, err))
	return false
}

// commit makes b durable and visible, while nothing flies. further is that of startCommit.
func (w *writer) commit(b *batch, further bool) (full, ok bool) {
	begun := time.Now()
	durable, full, ok := w.startCommit(b, further)
	if full || !ok {
		return full, ok
	}
	return false, w.visible(b, begun, durable())
}

// landAll ends what is under way.
func (w *writer) landAll() bool {
	ok := true
	for ok && (w.flying != nil || w.filling != nil) {
		if w.flying != nil {
			ok = w.land(<-w.landed)
		} else {
			ok = w.depart()
		}
	}
	return ok
}
