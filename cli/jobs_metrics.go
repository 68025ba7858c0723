package cli

import (
	"time"

	"assent/scheduler"

	"github.com/prometheus/client_golang/prometheus"
)

// jobsMetrics tells Prometheus what the scheduler knows of its jobs, as of the
// moment it is scraped.
type jobsMetrics struct {
	stats                                   func() []scheduler.JobStats
	runs, succeeded, late, running, overdue *prometheus.Desc
}

func newJobsMetrics(stats func() []scheduler.JobStats) jobsMetrics {
	about := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"job"}, labels...), nil)
	}
	return jobsMetrics{
		stats: stats,
		runs: about("assent_job_runs_total",
			"Ticks of a job by what became of them: done, failed, panicked, skipped (its last run was still going), jumped (so had the clock).", "result"),
		succeeded: about("assent_job_last_success_timestamp_seconds", "When a run last ended well, in Unix seconds; 0 for never since the start."),
		late:      about("assent_job_late_seconds", "How long after its planned instant the last run began."),
		running:   about("assent_job_running", "1 while a run is going."),
		overdue:   about("assent_job_overdue", "1 when no run ended well for three intervals."),
	}
}

// Describe names the metrics.
func (m jobsMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{m.runs, m.succeeded, m.late, m.running, m.overdue} {
		ch <- one
	}
}

// Collect reads them.
func (m jobsMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, s := range m.stats() {
		for result, n := range map[string]int{
			"done": s.Runs - s.Failures - s.Panics, "failed": s.Failures, "panicked": s.Panics, "skipped": s.Skips, "jumped": s.Jumps,
		} {
			ch <- prometheus.MustNewConstMetric(m.runs, prometheus.CounterValue, float64(n), s.Name, result)
		}
		gauge := func(about *prometheus.Desc, value float64) {
			ch <- prometheus.MustNewConstMetric(about, prometheus.GaugeValue, value, s.Name)
		}
		gauge(m.succeeded, unixSeconds(s.Succeeded))
		gauge(m.late, s.Late.Seconds())
		gauge(m.running, oneIf(!s.Running.IsZero()))
		gauge(m.overdue, oneIf(s.Overdue))
	}
}

// unixSeconds is 0 for the zero time.
func unixSeconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMicro()) / 1e6
}

func oneIf(so bool) float64 {
	if so {
		return 1
	}
	return 0
}
