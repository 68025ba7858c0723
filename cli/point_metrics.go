package cli

import (
	"context"
	"time"

	"assent/tracker"

	"github.com/prometheus/client_golang/prometheus"
)

// pointMetrics tells Prometheus how enforcement points do, as each last said.
type pointMetrics struct {
	tracker                      *tracker.Tracker
	behind, lag, silent, counted *prometheus.Desc
}

func newPointMetrics(t *tracker.Tracker) pointMetrics {
	about := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"point"}, labels...), nil)
	}
	return pointMetrics{
		tracker: t,
		behind:  about("assent_point_behind", "Changes that an enforcement point lacked when it last spoke."),
		lag:     about("assent_point_lag_seconds", "For how long it had lacked the oldest of them."),
		silent:  about("assent_point_silent_seconds", "Since when an enforcement point has not spoken."),
		counted: about("assent_point_counted_total", "What an enforcement point counted since it started: refused, held, unanswered, silences.", "what"),
	}
}

// Describe names the metrics.
func (m pointMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{m.behind, m.lag, m.silent, m.counted} {
		ch <- one
	}
}

// pointMetricsTimeout bounds what a scrape may ask the database.
const pointMetricsTimeout = 2 * time.Second

// Collect reads them. While the database does not answer there are none.
func (m pointMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), pointMetricsTimeout)
	defer cancel()
	list, err := m.tracker.Points(ctx)
	if err != nil {
		return
	}
	now := m.tracker.Now()
	for _, p := range list {
		ch <- prometheus.MustNewConstMetric(m.behind, prometheus.GaugeValue, float64(p.Behind), p.Name)
		ch <- prometheus.MustNewConstMetric(m.lag, prometheus.GaugeValue, p.Lag().Seconds(), p.Name)
		ch <- prometheus.MustNewConstMetric(m.silent, prometheus.GaugeValue, now.Sub(p.Heard).Seconds(), p.Name)
		for what, n := range p.Counts {
			ch <- prometheus.MustNewConstMetric(m.counted, prometheus.CounterValue, float64(n), p.Name, what)
		}
	}
}
