package replica

import "github.com/prometheus/client_golang/prometheus"

// groupMetrics reads the group's status when it is scraped, so that a lag is that
// of the moment and not of the last event.
type groupMetrics struct {
	group *Group

	role, fenced                                      *prometheus.Desc
	connected, level, behind, lag, refreshes, outcome *prometheus.Desc
	followConnected, followBehind, followLag          *prometheus.Desc
}

// Collector gives the group's metrics.
func (g *Group) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("utds_"+name, help, labels, nil)
	}
	return &groupMetrics{
		group:  g,
		role:   desc("role_info", "Role of this server in its failover group; the value is always 1.", "role"),
		fenced: desc("primary_fenced", "1 if this primary takes no writes because the group has gone on without it."),

		connected: desc("upstream_connected", "1 if this secondary has a connection to its primary.", "primary"),
		level:     desc("upstream_level", "1 if this secondary has everything of its primary.", "primary"),
		behind:    desc("upstream_lag_changes", "Changes of the primary that this secondary does not have.", "primary"),
		lag:       desc("upstream_lag_seconds", "Time since this secondary was last level with its primary.", "primary"),
		refreshes: desc("upstream_refreshes_total", "Whole states received from the primary.", "primary"),
		outcome:   desc("upstream_outcome_info", "What the last meeting with the primary came to; the value is always 1.", "primary", "outcome"),

		followConnected: desc("secondary_connected", "1 if the secondary has a connection to this server.", "member"),
		followBehind:    desc("secondary_lag_changes", "Changes that the secondary has not confirmed.", "member"),
		followLag:       desc("secondary_lag_seconds", "Age of the oldest change that the secondary has not confirmed.", "member"),
	}
}

// Describe implements prometheus.Collector.
func (c *groupMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.role, c.fenced, c.connected, c.level, c.behind, c.lag, c.refreshes, c.outcome,
		c.followConnected, c.followBehind, c.followLag} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *groupMetrics) Collect(out chan<- prometheus.Metric) {
	s, err := c.group.Status()
	if err != nil { // the store is being closed
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.role, 1, string(s.Role))
	gauge(c.fenced, truth(s.Fenced != ""))
	if up := s.Upstream; up != nil {
		gauge(c.connected, truth(up.Connected), up.Address)
		gauge(c.level, truth(up.Level), up.Address)
		gauge(c.behind, float64(up.LagChanges), up.Address)
		gauge(c.lag, up.LagSeconds, up.Address)
		out <- prometheus.MustNewConstMetric(c.refreshes, prometheus.CounterValue, float64(up.Refreshes), up.Address)
		if up.Outcome != "" {
			gauge(c.outcome, 1, up.Address, up.Outcome)
		}
	}
	for _, f := range s.Secondaries {
		gauge(c.followConnected, truth(f.Connected), f.Member)
		gauge(c.followBehind, float64(f.LagChanges), f.Member)
		gauge(c.followLag, f.LagSeconds, f.Member)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
