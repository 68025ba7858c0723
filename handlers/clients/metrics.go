package clients

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts what operators watch. No label holds anything of a person.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	series   atomic.Pointer[map[answered]series] // which never changes

	unidentified prometheus.Counter
}

// scrapeTimeout bounds what a scrape may ask the database.
const scrapeTimeout = 2 * time.Second

func newMetrics(o Options, readers func() int64) (*metrics, error) {
	m := &metrics{
		registry: o.Metrics,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "assent_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "assent_http_request_duration_seconds", Help: "How long answers took, by route.",
			Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5},
		}, []string{"method", "route"}),
		unidentified: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "assent_gateway_unidentified_total", Help: "Requests of gateways let through because the platform's keys could not be had.",
		}),
	}
	m.series.Store(&map[answered]series{})
	following := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "assent_followers", Help: "Readers of changes who are connected.",
	}, func() float64 { return float64(readers()) })
	for _, collector := range append(gauges(o), m.requests, m.took, m.unidentified, following) {
		if err := o.Metrics.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// gauges are read when they are scraped.
func gauges(o Options) []prometheus.Collector {
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	return []prometheus.Collector{
		gauge("assent_gate_ready", "1 once positions are loaded.", func() float64 {
			if o.Gate.Ready() {
				return 1
			}
			return 0
		}),
		gauge("assent_gate_people", "People whose answers are not the defaults.", func() float64 { return float64(o.Gate.People()) }),
		gauge("assent_gate_revision", "Newest change that answers reflect.", func() float64 { return float64(o.Gate.Revision()) }),
		gauge("assent_gate_stale_seconds", "For how long answers may not know of what was committed.", func() float64 { return o.Staleness().Seconds() }),
		gauge("assent_gate_lag", "Changes that are stored and not yet reflected; -1 when the database does not tell.", func() float64 { return lag(o) }),
		gauge("assent_choices_waiting", "Choices that wait for others to be recorded.", func() float64 { return float64(o.Tracker.Waiting()) }),
		gauge("assent_sweep_finished_timestamp_seconds", "When the last sweep ended, in Unix seconds; 0 for never.", func() float64 { return lastSweep(o) }),
	}
}

func lag(o Options) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	applied := o.Gate.Revision()
	newest, err := o.Tracker.Revision(ctx)
	if err != nil {
		return -1
	}
	return float64(newest - min(applied, newest))
}

func lastSweep(o Options) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	at, err := o.Tracker.LastSweep(ctx)
	if err != nil || at.IsZero() {
		return 0
	}
	return float64(at.UnixMicro()) / 1e6
}

// measure counts one request. Whatever leads nowhere counts as one route and
// one method, so that callers cannot make up series.
func (m *metrics) measure(c *gin.Context, took time.Duration) {
	method, route := c.Request.Method, c.FullPath()
	if route == "" {
		method, route = "none", "none"
	}
	s := m.of(answered{method, route, c.Writer.Status()})
	s.took.Observe(took.Seconds())
	s.requests.Inc()
}

// answered is what the requests of one series have in common.
type answered struct {
	method, route string
	status        int
}

type series struct {
	requests prometheus.Counter
	took     prometheus.Observer
}

// of finds a series by one look, where the registry takes several by names.
func (m *metrics) of(a answered) series {
	known := m.series.Load()
	if s, ok := (*known)[a]; ok {
		return s
	}
	s := series{m.requests.WithLabelValues(a.method, a.route, strconv.Itoa(a.status)), m.took.WithLabelValues(a.method, a.route)}
	next := maps.Clone(*known)
	next[a] = s
	m.series.CompareAndSwap(known, &next) // whose is not kept is looked for again
	return s
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
