package backend

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are those of one path, whatever stores are open there. They work
// whether or not they are registered.
type metrics struct {
	commit    prometheus.Histogram
	batch     prometheus.Histogram
	damaged   prometheus.Counter
	full      prometheus.Counter
	trimmed   prometheus.Counter
	snapshots prometheus.Gauge
	gauges    []prometheus.Collector // read from the store when asked
}

func newMetrics(stats func() Stats, b *ballast) *metrics {
	m := &metrics{
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "utds_store_commit_duration_seconds",
			Help:    "Time that commits took, the flush included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "utds_store_commit_changes",
			Help:    "Changes that shared one commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		damaged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "utds_store_damaged_values_total",
			Help: "Damaged values met while reading; each was answered with an error.",
		}),
		full: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "utds_store_full_total",
			Help: "Commits refused because there was no room on the disk.",
		}),
		trimmed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "utds_changelog_trimmed_unconfirmed_total",
			Help: "Changes that went from the changelog before every secondary had them; such a secondary gets the whole content.",
		}),
		snapshots: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "utds_store_snapshots",
			Help: "Read transactions open now; more than one while old readers finish.",
		}),
	}
	m.gauges = append(m.gauges, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "utds_store_ballast_bytes",
		Help: "Room that is kept on the disk so that entries can be deleted when it is full; 0 when it is given up.",
	}, func() float64 { return float64(b.held.Load()) }))
	for _, g := range [...]struct {
		name, help string
		value      func(*Stats) uint64
	}{
		{"utds_store_entries", "Entries in the store.", func(st *Stats) uint64 { return st.Entries }},
		{"utds_store_size_bytes", "Size of the part of the store file in use.", func(st *Stats) uint64 { return st.Bytes }},
		{"utds_store_free_pages", "Pages of the store file that can be used again.", func(st *Stats) uint64 { return st.FreePages }},
		{"utds_store_changelog_first_number", "Number of the oldest change kept.", func(st *Stats) uint64 { return st.FirstChange }},
		{"utds_store_changelog_last_number", "Number of the newest change.", func(st *Stats) uint64 { return st.LastChange }},
	} {
		value := g.value
		m.gauges = append(m.gauges, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, func() float64 {
			st := stats()
			return float64(value(&st))
		}))
	}
	return m
}

func (m *metrics) collectors() []prometheus.Collector {
	return append([]prometheus.Collector{m.commit, m.batch, m.damaged, m.full, m.trimmed, m.snapshots}, m.gauges...)
}

// register adds all metrics to r, which may be nil.
func (m *metrics) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	var err error
	for _, c := range m.collectors() {
		err = errors.Join(err, r.Register(c))
	}
	return err
}

func (m *metrics) unregister(r prometheus.Registerer) {
	if r == nil {
		return
	}
	for _, c := range m.collectors() {
		r.Unregister(c)
	}
}
