package server

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// opKind is the label under which an operation is counted.
type opKind uint8

const (
	opBind opKind = iota
	opSearch
	opCompare
	opAdd
	opDelete
	opModify
	opModifyDN
	opExtended
	opAbandon
	opKinds
)

var opNames = [opKinds]string{"bind", "search", "compare", "add", "delete", "modify", "modifydn", "extended", "abandon"}

// kindOf is the kind of the operation that is answered with this tag.
func kindOf(response byte) opKind {
	switch response {
	case wire.TagBindResponse:
		return opBind
	case wire.TagSearchResultDone:
		return opSearch
	case wire.TagCompareResponse:
		return opCompare
	case wire.TagAddResponse:
		return opAdd
	case wire.TagDelResponse:
		return opDelete
	case wire.TagModifyResponse:
		return opModify
	case wire.TagModifyDNResponse:
		return opModifyDN
	}
	return opExtended
}

// maxCode bounds the table of counters that are looked up without a map.
const maxCode = 128

// metrics is what the server tells Prometheus.
type metrics struct {
	operations *prometheus.CounterVec
	counters   [opKinds][maxCode]atomic.Pointer[prometheus.Counter]
	durations  [opKinds]prometheus.Observer

	open         prometheus.Gauge
	syncs        prometheus.Gauge
	opened       prometheus.Counter
	refused      prometheus.Counter
	acceptErrors prometheus.Counter
	received     prometheus.Counter
	sent         prometheus.Counter
	notices      prometheus.Counter
	panics       prometheus.Counter
	internal     prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	m := &metrics{}
	var all []prometheus.Collector
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "utds_ldap_" + name, Help: help})
		all = append(all, c)
		return c
	}
	m.operations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "utds_ldap_operations_total", Help: "LDAP operations by kind and result code.",
	}, []string{"operation", "code"})
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "utds_ldap_operation_duration_seconds", Help: "Time from reading a request to its final answer.",
		Buckets: []float64{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 5, 30},
	}, []string{"operation"})
	m.open = prometheus.NewGauge(prometheus.GaugeOpts{Name: "utds_ldap_connections", Help: "Open LDAP connections."})
	m.syncs = prometheus.NewGauge(prometheus.GaugeOpts{Name: "utds_ldap_sync_searches", Help: "Searches for synchronization and persistent searches that run."})
	all = append(all, m.operations, durations, m.open, m.syncs)
	m.opened = counter("connections_opened_total", "LDAP connections that were accepted.")
	m.refused = counter("connections_refused_total", "LDAP connections that were refused because there are too many.")
	m.acceptErrors = counter("accept_errors_total", "Failures to accept a connection.")
	m.received = counter("received_bytes_total", "Bytes received from LDAP clients.")
	m.sent = counter("sent_bytes_total", "Bytes sent to LDAP clients.")
	m.notices = counter("disconnection_notices_total", "Connections ended by a Notice of Disconnection.")
	m.panics = counter("panics_total", "Internal errors that ended a connection.")
	m.internal = counter("internal_errors_total", "Operations answered with an internal error.")
	for k := range opKinds {
		m.durations[k] = durations.WithLabelValues(opNames[k])
	}
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe counts an operation that is answered.
func (m *metrics) observe(k opKind, code schema.ResultCode, took time.Duration) {
	m.durations[k].Observe(took.Seconds())
	if code < 0 || code >= maxCode {
		m.operations.WithLabelValues(opNames[k], strconv.Itoa(int(code))).Inc()
		return
	}
	p := m.counters[k][code].Load()
	if p == nil {
		c := m.operations.WithLabelValues(opNames[k], strconv.Itoa(int(code)))
		p = &c
		m.counters[k][code].Store(p)
	}
	(*p).Inc()
}
