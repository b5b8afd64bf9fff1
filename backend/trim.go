package backend

// Trimming the changelog: what no secondary needs any more goes first.

import (
	"time"
)

const (
	// trimExtra is how many records a commit deletes beyond those it adds
	// twice over, so that a lowered bound is reached without a long commit.
	trimExtra = 100
	// unconfirmedEvery is how often it is logged that records go which a
	// secondary still needs.
	unconfirmedEvery = time.Minute
)

// Confirmed says up to which change every configured secondary has everything;
// math.MaxUint64, which is what counts at first, if there is no secondary. A
// record of the changelog goes when it is confirmed and has ChangelogMin later
// ones, and in any case beyond ChangelogKeep and ChangelogAge.
func (s *Store) Confirmed(seq uint64) { s.lasting.confirmed.Store(seq) }

// trim deletes records, a bounded number in each commit.
func (b *batch) trim() error {
	o := &b.s.opts
	confirmed := b.s.lasting.confirmed.Load()
	for n := 2*b.changes + trimExtra; n > 0 && b.st.firstSeq <= b.st.seq; n-- {
		first, later := b.st.firstSeq, b.st.seq-b.st.firstSeq
		key := idKey(first)
		rec, err := b.s.openLog(key, b.log.Get(key))
		old := o.ChangelogKeep > 0 && later >= uint64(o.ChangelogKeep) ||
			o.ChangelogMin >= 0 && later >= uint64(o.ChangelogMin) && first <= confirmed ||
			err == nil && o.ChangelogAge > 0 && b.now.Sub(rec.Time) > o.ChangelogAge
		if !old {
			return nil
		}
		if err != nil { // must not stop all changes: readers of the log will have met it
			_ = b.s.refusal(err) // counts and logs it
		}
		if err := b.log.Delete(key); err != nil {
			return err
		}
		b.st.firstSeq++
		b.st.base, b.st.hasBase = rec.Hash, err == nil
		if first > confirmed {
			b.unconfirmed++
		}
	}
	return nil
}

// tellUnconfirmed counts and logs, once they are gone, the records that went
// before all secondaries had them.
func (w *writer) tellUnconfirmed(b *batch) {
	if b.unconfirmed == 0 {
		return
	}
	w.s.metrics.trimmed.Add(float64(b.unconfirmed))
	w.unconfirmed += b.unconfirmed
	if now := time.Now(); now.Sub(w.toldUnconfirmed) >= unconfirmedEvery {
		w.toldUnconfirmed = now
		w.s.opts.Log.Warn("changes went from the changelog that a secondary does not have: it will get the whole content",
			"changes", w.unconfirmed, "confirmed", w.s.lasting.confirmed.Load(), "oldest", b.st.firstSeq)
		w.unconfirmed = 0
	}
}
