package cli

import (
	"context"
	"time"

	"assent/tracker"

	"github.com/prometheus/client_golang/prometheus"
)

// mailMetrics tells Prometheus how many mails are in each state. The counts are
// of the database, so every process says the same.
type mailMetrics struct {
	counts func(context.Context) (map[tracker.DeliveryState]int64, error)
	mails  *prometheus.Desc
}

func newMailMetrics(t *tracker.Tracker) mailMetrics {
	return mailMetrics{
		counts: func(ctx context.Context) (map[tracker.DeliveryState]int64, error) { return t.DeliveryCounts(ctx, "") },
		mails: prometheus.NewDesc("assent_mails",
			"Mails by state: queued, claimed and sending wait; sent was taken by the mail server, delivered did not come back; dead, uncertain and bounced want looking after.",
			[]string{"state"}, nil),
	}
}

// Describe names the metric.
func (m mailMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- m.mails }

// mailMetricsTimeout bounds what a scrape may ask the database.
const mailMetricsTimeout = 2 * time.Second

// Collect reads it. While the database does not answer there is no such metric,
// rather than one that says nothing waits.
func (m mailMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), mailMetricsTimeout)
	defer cancel()
	counts, err := m.counts(ctx)
	if err != nil {
		return
	}
	for _, state := range tracker.DeliveryStates() {
		ch <- prometheus.MustNewConstMetric(m.mails, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
}
