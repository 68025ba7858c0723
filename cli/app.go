package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"assent/config"
	"assent/gate"
	"assent/models"
	"assent/tracker"

	"github.com/prometheus/client_golang/prometheus"
)

// app is an opened deployment: what every command works with.
type app struct {
	settings config.Config
	log      *slog.Logger
	now      func() time.Time
	secrets  secrets
	store    *models.Store
	tracker  *tracker.Tracker
	gate     *gate.Gate
	metrics  *prometheus.Registry
}

// realClock is the clock of everything but the demo.
func realClock() time.Time { return time.Now().UTC() }

// open opens the database and wires the use-cases. The gate is empty until it
// is loaded; commands that answer nobody leave it so.
func (p *program) open(ctx context.Context, settings config.Config, now func() time.Time) (*app, error) {
	a := &app{settings: settings, now: now, log: newLog(p.err, settings.Log), metrics: prometheus.NewRegistry()}
	var err error
	if a.secrets, err = loadSecrets(settings.Secrets.Directory, settings.Ledger.Origin); err != nil {
		return nil, err
	}
	a.store, err = models.Open(ctx, string(settings.Database.URL), models.Options{Log: a.log})
	if err != nil {
		return nil, err
	}
	if err := a.secrets.checkLog(ctx, a.store); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.gate = gate.New(source{a.store}, gate.Options{Catalogue: settings.Catalogue, PublicURL: settings.Server.PublicURL, Now: now})
	a.tracker = tracker.New(tracker.Deps{
		Store: a.store, Catalogue: settings.Catalogue, Now: now, Random: tracker.DefaultRandom(),
		Signer: a.secrets.ledger, Committed: a.committed, Pace: pace(settings.Scheduler),
	})
	if n := len(settings.BootstrapKey); n > 0 {
		if n < shortKey {
			a.log.WarnContext(ctx, "the bootstrap key is short enough to guess; set a longer one", "characters", n, "at_least", shortKey)
		}
		if err := a.tracker.EnsureKey(ctx, string(settings.BootstrapKey)); err != nil {
			return nil, fmt.Errorf("bootstrap_key: %w", err)
		}
	}
	return a, nil
}

// shortKey is the length below which a key of the operator's own can be guessed.
const shortKey = 20

// committed brings the gate up to a revision before a use-case returns. A
// command that has not loaded the gate leaves that to the server it runs beside.
func (a *app) committed(ctx context.Context, revision uint64) error {
	if !a.gate.Ready() {
		return nil
	}
	return a.gate.CatchUp(ctx, revision)
}

// tick is the grid of due times: the interval at which the default settings
// wake the sweep.
const tick = 5 * time.Minute

func pace(s config.Scheduler) tracker.Pace {
	return tracker.Pace{
		Tick: tick, Rows: min(200, s.ChunkRows), MaxRows: s.ChunkRows, Hold: s.ChunkHold, Duty: s.Duty,
		Stopwatch: func() func() time.Duration {
			started := time.Now()
			return func() time.Duration { return time.Since(started) }
		},
		Rest: func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		},
	}
}

// newLog writes to the standard error stream in the operator's format.
func newLog(w io.Writer, l config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo // config has checked it; never run without a log
	}
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
