package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"assent/config"
	"assent/gate"
	"assent/messaging"
	"assent/models"
	"assent/scheduler"
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
	notices  *gate.Notices // of changed flags; nil when they are switched off
	metrics  *prometheus.Registry
	layer    *messaging.Server // of a running server

	scheduler atomic.Pointer[scheduler.Scheduler] // of a running server
	heard     atomic.Int64                        // when the gate last knew of all there was, on the real clock
	damage    atomic.Pointer[error]               // what was found wrong with the database
	stopping  chan struct{}                       // closed when it begins to stop
	demo      bool
}

// realClock is the clock of everything but the demo.
func realClock() time.Time { return time.Now().UTC() }

// open opens the database and wires the use-cases. The gate is empty until it
// is loaded; commands that answer nobody leave it so.
func (p *program) open(ctx context.Context, settings config.Config, now func() time.Time) (*app, error) {
	a := &app{settings: settings, now: now, log: newLog(p.err, settings.Log), metrics: prometheus.NewRegistry(), stopping: make(chan struct{})}
	var err error
	if a.secrets, err = loadSecrets(settings.Secrets.Directory, settings.Ledger.Origin); err != nil {
		return nil, err
	}
	a.store, err = models.Open(ctx, string(settings.Database.URL), models.Options{Log: a.log})
	if err != nil {
		return nil, err
	}
	a.gate = gate.New(source{a.store, settings.Catalogue}, gate.Options{Catalogue: settings.Catalogue, PublicURL: settings.Server.PublicURL, Now: now})
	if f := settings.Flags; f.Streams > 0 {
		a.notices = gate.NewNotices(gate.NoticeLimits{Readers: f.Streams, PerPerson: streamsPerPerson, PerSecond: f.NoticesPerSecond})
		a.gate.Watch(a.notices.Applied)
	}
	a.tracker = tracker.New(tracker.Deps{
		Store: a.store, Catalogue: settings.Catalogue, Now: now, Random: tracker.DefaultRandom(),
		Signer: a.secrets.ledger, Besides: a.secrets.besides, Committed: a.committed, Changed: a.changed, Wake: a.wake, Pace: pace(settings.Scheduler),
		Guard:     tracker.Guard(settings.Breaker),
		Post:      post(settings.Notices),
		KeepNames: settings.Erasure.KeepNames,
		Leniency:  tracker.Leniency{UndoWindow: settings.Reversals.UndoWindow, HoldSpread: settings.Holds.Spread},
		Approvals: approvals(settings.Approvals), Lease: lease(settings.Scheduler),
	})
	a.tracker.Launch = a.launchGate()
	if err := a.checkLog(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
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

// streamsPerPerson is how many apps and pages of one person can hear at once
// that the person's flags have changed.
const streamsPerPerson = 16

// shortKey is the length below which a key of the operator's own can be guessed.
const shortKey = 20

// committed brings the gate up to a revision before a use-case returns. A
// command that has not loaded the gate leaves that to the server it runs beside.
func (a *app) committed(ctx context.Context, revision uint64) error {
	if !a.gate.Ready() {
		return nil
	}
	if err := a.gate.CatchUp(ctx, revision); err != nil {
		return err
	}
	a.layer.Everywhere(ctx, revision)
	return nil
}

// changed does it with the changes in hand.
func (a *app) changed(ctx context.Context, changes []tracker.Change) error {
	if !a.gate.Ready() {
		return nil
	}
	if err := a.gate.Apply(ctx, changesOf(changes)); err != nil {
		return err
	}
	a.layer.Everywhere(ctx, changes[len(changes)-1].Revision)
	return nil
}

// wake has the scheduler of a running server sweep at once. Beside a server, a
// command leaves it to the next tick.
func (a *app) wake() {
	jobs := a.scheduler.Load()
	if jobs == nil {
		return
	}
	if err := jobs.Trigger(sweepJob); err != nil {
		a.log.Debug("the sweep cannot be woken", "error", err)
	}
}

// approvals are the acts that need a second person, none unless it is asked for.
func approvals(s config.Approvals) tracker.Approvals {
	if !s.Required {
		return tracker.Approvals{}
	}
	return tracker.Approvals{Acts: s.Acts, Expire: s.Expire}
}

// lease lets this process sweep alone among those on the same database.
func lease(s config.Scheduler) *tracker.LeaseTerms {
	if !s.Lease {
		return nil
	}
	return &tracker.LeaseTerms{Holder: rand.Text(), TTL: s.LeaseTTL, Now: realClock}
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
