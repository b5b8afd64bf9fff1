package backend_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

func TestHeldStateSpeaksOfOneCommit(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann", "description: before"))
	ann, position, epochs, csn := w.get("cn=ann,"+people), w.Position(), w.Epochs(), w.ContextCSN()
	h, err := w.Hold()
	if err != nil {
		t.Fatal(err)
	}
	w.must(replace("cn=ann,"+people, "description", "after"))
	w.must(person("ben"))
	w.must(remove("cn=ann," + people))
	if h.Position() != position || len(h.Epochs()) != len(epochs) || h.ContextCSN() != csn || h.Entries() != 3 || h.Oldest() != 1 {
		t.Errorf("position %v, CSN %s, %d entries, oldest %d", h.Position(), h.ContextCSN(), h.Entries(), h.Oldest())
	}
	var got string
	has, err := h.ByUUID(ann.UUID, func(v *schema.View) error { got = value(v, "description"); return nil })
	if !has || err != nil || got != "before" {
		t.Errorf("by UUID: %q, %v, %v", got, has, err)
	}
	if has, err = h.ByUUID(w.get("cn=ben,"+people).UUID, func(*schema.View) error { return nil }); has || err != nil {
		t.Errorf("an entry that came later: %v, %v", has, err)
	}
	refuse := schema.Refuse(schema.Busy, "no")
	if _, err = h.ByUUID(ann.UUID, func(*schema.View) error { return refuse }); !errors.Is(err, refuse) {
		t.Errorf("error of the caller: %v", err)
	}
	f, q := &found{}, w.query(suffix, schema.ScopeSub, w.filter(present("objectClass")))
	q.Examine = 1
	for !q.Resume.Done {
		if err := h.Search(q, f); err != nil {
			t.Fatal(err)
		}
	}
	if s := strings.Join(f.dns, " "); s != suffix+" "+people+" cn=ann,"+people {
		t.Errorf("found %s", s)
	}
	n := uint64(0)
	if err := h.Changes(1, func(rec schema.ChangeRecord) bool {
		n = rec.Seq
		at, ok := h.HashAt(rec.Seq)
		seq, found := h.SeqOfCSN(rec.CSN)
		if !ok || at != rec.Hash || !found || seq != rec.Seq {
			t.Errorf("record %d: hash %v %v, by CSN %d %v", rec.Seq, at, ok, seq, found)
		}
		return true
	}); err != nil || n != position.Seq {
		t.Errorf("changes up to %d (%v)", n, err)
	}
	if _, ok := h.HashAt(position.Seq + 1); ok {
		t.Error("the hash of a later change is known")
	}
	if at, ok := h.HashAt(0); !ok || at != (schema.StateHash{}) {
		t.Errorf("the empty state: %v, %v", at, ok)
	}
	for _, csn := range []string{"", "x", w.ContextCSN(), "00000000000000.000000Z#000000#000#000000"} {
		if seq, ok := h.SeqOfCSN(csn); ok {
			t.Errorf("CSN %q is of change %d", csn, seq)
		}
	}
	h.Release()
	h.Release()
	if found, err := h.ByUUID(ann.UUID, func(*schema.View) error { return nil }); found || resultOf(err) == nil {
		t.Errorf("released: %v, %v", found, err)
	}
	if err := h.Changes(1, func(schema.ChangeRecord) bool { return true }); resultOf(err) == nil {
		t.Errorf("released: %v", err)
	}
	if err := h.Search(w.query(suffix, schema.ScopeSub, nil), f); resultOf(err) == nil {
		t.Errorf("released: %v", err)
	}
	_, known := h.HashAt(1)
	if _, ok := h.SeqOfCSN(csn); ok || known {
		t.Error("a released state still knows")
	}
	storetest.Close(t, w.Store)
	if _, err := w.Hold(); resultOf(err) == nil || resultOf(err).Code != schema.Unavailable {
		t.Errorf("of a closed store: %v", err)
	}
}

func TestTrimmedStateKnowsTheHashBeforeItsFirstRecord(t *testing.T) {
	w := newWorldWith(t, backend.Options{ChangelogKeep: 5})
	hashes := map[uint64]schema.StateHash{w.Position().Seq: w.Position().Hash}
	for i := range 300 {
		p := w.must(replace(people, "description", fmt.Sprint(i))).Position
		hashes[p.Seq] = p.Hash
	}
	h, err := w.Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	last := h.Position().Seq
	if h.Oldest() != last-4 {
		t.Errorf("oldest is %d of %d", h.Oldest(), last)
	}
	for seq := last - 10; seq <= last; seq++ {
		at, ok := h.HashAt(seq)
		if want := seq >= h.Oldest()-1; ok != want || ok && at != hashes[seq] {
			t.Errorf("hash at %d: %v, %v", seq, at, ok)
		}
	}
	if err := h.Changes(h.Oldest()-1, func(schema.ChangeRecord) bool { return true }); !errors.Is(err, backend.ErrTrimmed) {
		t.Errorf("trimmed changes: %v", err)
	}
}

func TestSubscribersAreToldOfEachCommit(t *testing.T) {
	w := newWorld(t)
	one, two := make(chan struct{}, 1), make(chan struct{}) // nobody reads two
	cancel := w.Subscribe(one)
	defer w.Subscribe(two)()
	for i := range 20 {
		before := w.Position().Seq
		w.must(replace(people, "description", fmt.Sprint(i)))
		<-one // would wait for ever
		if w.Position().Seq <= before {
			t.Error("told of a state that is not there")
		}
	}
	if err := w.MarkFresh(); err != nil {
		t.Fatal(err)
	}
	<-one
	w.refused(remove("cn=nobody,"+people), schema.NoSuchObject)
	cancel()
	cancel()
	w.must(replace(people, "description", "x"))
	select {
	case <-one:
		t.Error("told of nothing, or after the end")
	default:
	}
}

// logged counts the lines of a log.
type logged struct {
	sync.Mutex
	strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Builder.Write(p)
}

func TestChangelogIsKeptForThoseWhoNeedIt(t *testing.T) {
	const changes = 60 // after the two of newWorld
	for _, c := range []struct {
		what      string
		keep, min int
		confirmed uint64
		age       time.Duration
		oldest    uint64
		lost      int
	}{
		{"no secondary", 0, 10, math.MaxUint64, 0, 53, 0},
		{"a secondary that has nothing", 0, 10, 0, 0, 1, 0},
		{"a secondary that has some", 0, 10, 30, 0, 31, 0},
		{"a secondary that has all", 0, 10, 62, 0, 53, 0},
		{"a secondary that is beyond the bound", 20, 10, 5, 0, 43, 37},
		{"a secondary that is beyond the age", 20, 10, 5, time.Microsecond, 62, 56},
		{"all that the bounds allow", 20, -1, math.MaxUint64, 0, 43, 0},
		{"no bound at all", -1, -1, math.MaxUint64, -1, 1, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			log := &logged{}
			registry := prometheus.NewRegistry()
			w := newWorldWith(t, backend.Options{ChangelogKeep: c.keep, ChangelogMin: c.min, ChangelogAge: c.age,
				Log: textLog(log), Registry: registry})
			w.Confirmed(c.confirmed)
			for i := range changes {
				w.must(replace(people, "description", fmt.Sprint(i)))
			}
			if got := w.Stats().FirstChange; got != c.oldest {
				t.Errorf("oldest change is %d, want %d", got, c.oldest)
			}
			if got := int(metric(t, registry, "utds_changelog_trimmed_unconfirmed_total")); got != c.lost {
				t.Errorf("%d changes went that were needed, want %d", got, c.lost)
			}
			lines := strings.Count(log.String(), "secondary")
			if (lines > 0) != (c.lost > 0) || lines > 1 {
				t.Errorf("%d lines in the log:\n%s", lines, log.String())
			}
		})
	}
}

func textLog(to *logged) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

// metric is the value of a counter or gauge.
func metric(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Errorf("no metric %s", name)
	return 0
}
