package server

import (
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/sunray-ds/utdsd/schema"
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
