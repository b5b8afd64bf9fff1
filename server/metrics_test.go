package server

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// number reads a counter or gauge.
func number(m prometheus.Metric) int {
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		panic(err)
	}
	return int(out.GetCounter().GetValue() + out.GetGauge().GetValue())
}

func counterOf(w *world, k opKind, code schema.ResultCode) int {
	return number(w.metrics.operations.WithLabelValues(opNames[k], strconv.Itoa(int(code))))
}

func TestMetricsCountOperationsByKindAndCode(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	c.search(ask{base: suffix}).wantCode(c, schema.Success)
	c.search(ask{base: "cn=none," + suffix}).wantCode(c, schema.NoSuchObject)
	c.search(ask{base: "cn=none," + suffix}).wantCode(c, schema.NoSuchObject)
	if n := counterOf(w, opSearch, schema.Success); n != 1 {
		t.Errorf("%d successful searches", n)
	}
	if n := counterOf(w, opSearch, schema.NoSuchObject); n != 2 {
		t.Errorf("%d searches without object", n)
	}
	if n := number(w.metrics.opened); n != 1 {
		t.Errorf("%d connections opened", n)
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	m, err := newMetrics(r)
	if err != nil {
		t.Fatal(err)
	}
	m.observe(opBind, schema.SyncRefreshRequired, 0) // a code beyond the table
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestTwoServersCannotShareARegistry(t *testing.T) {
	r := prometheus.NewRegistry()
	if _, err := newMetrics(r); err != nil {
		t.Fatal(err)
	}
	if _, err := newMetrics(r); err == nil {
		t.Error("the second one was registered")
	}
}

// An operation is timed from when the one before was answered, or from when it was
// read: never is the time counted in which nothing was asked for.
func TestDurationsAreThoseOfTheOperations(t *testing.T) {
	w := newWorld(t, nil)
	var takes atomic.Int64 // of each search, in seconds
	f := func(*schema.Search, int) error {
		w.clock.advance(time.Duration(takes.Load()) * time.Second)
		return nil
	}
	w.store.beforeSlice.Store(&f)
	c := w.dial()
	spent := func(want float64, messages ...[]byte) {
		t.Helper()
		before := secondsOf(w, opSearch)
		c.exchange(messages...)
		if got := secondsOf(w, opSearch) - before; got != want {
			t.Errorf("%v s, want %v", got, want)
		}
	}
	base := func() []byte { return ask{base: suffix}.message(c.id()) }
	takes.Store(3)
	spent(3, base())
	w.clock.advance(time.Hour) // nothing is asked for
	spent(9, base(), base(), base())
	w.clock.advance(time.Hour)
	spent(6, base(), message(c.id(), compare(suffix, "o", "utdata")), base())
}

// A change is answered by others than the connection: what has arrived behind it is
// not timed from its arrival.
func TestDurationsBehindAChange(t *testing.T) {
	var w *world
	w = newWorld(t, func(o *Options) {
		o.Fence = func() *schema.Result { // while the change is taken
			w.clock.advance(time.Minute)
			return nil
		}
	})
	c := w.admin()
	before := secondsOf(w, opExtended)
	search, modify, who := ask{base: suffix}.message(c.id()), message(c.id(), replace(people, "description", "x")), message(c.id(), extended(oidWhoAmI, nil))
	c.exchange(search, modify, who)
	if got := secondsOf(w, opExtended) - before; got != 0 {
		t.Errorf("%v s for what took no time", got)
	}
}

// exchange sends requests at once and waits for all their answers.
func (c *client) exchange(messages ...[]byte) {
	c.Helper()
	c.send(messages...)
	for done := 0; done < len(messages); {
		m, err := c.receive()
		if err != nil {
			c.Fatal(err)
		}
		if m.Op != wire.TagSearchResultEntry {
			done++
		}
	}
}

// secondsOf is the sum of the durations of a kind.
func secondsOf(w *world, k opKind) float64 {
	var out dto.Metric
	if err := w.metrics.durations[k].(prometheus.Metric).Write(&out); err != nil {
		w.Fatal(err)
	}
	return out.GetHistogram().GetSampleSum()
}
