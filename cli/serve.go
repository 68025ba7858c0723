package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"assent/config"
	"assent/messaging"
	"assent/planfile"
	"assent/scheduler"
	"assent/tokens"
	"assent/tracker"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Serve the pages, the console, the API and the messaging layer", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.serve(c.Context()) },
	}
}

func (p *program) serve(ctx context.Context) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	a, err := p.open(ctx, settings, realClock)
	if err != nil {
		return err
	}
	if err := p.offerSetup(ctx, a); err != nil {
		return errors.Join(err, a.store.Close())
	}
	return a.run(ctx, nil)
}

// setupTTL is how long the first sign-in link works.
const setupTTL = 24 * time.Hour

// offerSetup prints a link for the first member of staff while there is none.
func (p *program) offerSetup(ctx context.Context, a *app) error {
	if !a.settings.Staff.Passwords {
		return nil // the provider says who comes in
	}
	staffed, err := a.tracker.Staffed(ctx)
	if err != nil || staffed {
		return err
	}
	token := a.secrets.tokens.Sign(tokens.StaffSetup, tokens.Claims{}, a.now(), setupTTL)
	fmt.Fprintf(p.err, "nobody can sign in to the console yet; set up the first account within a day at\n  %s/staff/setup?token=%s\n", a.settings.Server.PublicURL, token)
	return nil
}

// run serves until the context ends, then stops in the reverse order of
// starting, each part with a deadline.
func (a *app) run(ctx context.Context, extra *demoParts) error {
	layer, err := a.messaging()
	if err != nil {
		return err
	}
	if err := a.load(ctx); err != nil {
		return err
	}
	letters, err := a.mailJobs()
	if err != nil {
		return err
	}
	jobs, err := scheduler.New(a.log, jobClock(), append(a.jobs(), letters...)...)
	if err != nil {
		return err
	}
	if err := a.measure(jobs); err != nil {
		return err
	}
	a.scheduler.Store(jobs)
	handler, err := a.handler(layer, jobs, extra)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.settings.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; is another server running? set server.listen", a.settings.Server.Listen, err)
	}
	endEnvoy, err := a.serveEnvoy(ctx, handler)
	if err != nil {
		return err
	}
	if err := a.keepCheckpoint(ctx); err != nil {
		return err
	}
	if err := layer.Start(ctx); err != nil {
		return err
	}
	if extra != nil && !extra.empty {
		if err := greet(ctx, layer); err != nil {
			return err
		}
	}
	beside, end := context.WithCancel(ctx)
	defer end()
	failed := make(chan error, 1)
	following, keeping, delivering := a.follow(beside, failed), a.keepCheckpoints(beside), a.deliver(beside)
	jobs.Start()
	server := a.server(handler)
	go func() { failed <- server.Serve(listener) }()
	checking := a.checkStructure(beside)
	a.log.InfoContext(ctx, "serving", "address", listener.Addr().String(), "url", a.settings.Server.PublicURL)
	select {
	case err = <-failed:
	case <-ctx.Done():
		a.log.InfoContext(ctx, "stopping")
	}
	stopped := a.stop(server, jobs, layer, endEnvoy)
	end()
	<-following
	<-keeping
	<-delivering
	<-checking
	return errors.Join(err, stopped, a.close(ctx))
}

// measure adds to the metrics what is counted besides requests.
func (a *app) measure(jobs *scheduler.Scheduler) error {
	for of, metrics := range map[string]prometheus.Collector{"jobs": newJobsMetrics(jobs.Stats), "mails": newMailMetrics(a.tracker), "enforcement points": newPointMetrics(a.tracker)} {
		if err := a.metrics.Register(metrics); err != nil {
			return fmt.Errorf("register the metrics of %s: %w", of, err)
		}
	}
	return nil
}

// checkStructure reads the whole database for damage once the server answers, and
// closes the channel when it has. A server on a damaged one is not ready.
func (a *app) checkStructure(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.store.CheckStructure(ctx); err != nil && ctx.Err() == nil {
			a.damage.Store(&err)
			a.log.ErrorContext(ctx, "the database was found damaged", "error", err)
		}
	}()
	return done
}

func (a *app) server(handler http.Handler) *http.Server {
	s := a.settings.Server
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: s.ReadHeaderTimeout, ReadTimeout: s.ReadTimeout,
		WriteTimeout: s.WriteTimeout, IdleTimeout: s.IdleTimeout, MaxHeaderBytes: s.MaxHeaderBytes,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

func (a *app) stop(server *http.Server, jobs *scheduler.Scheduler, layer *messaging.Server, endEnvoy func()) error {
	endEnvoy()
	ctx, cancel := context.WithTimeout(context.Background(), a.settings.Server.ShutdownTimeout)
	defer cancel()
	close(a.stopping)
	return errors.Join(layer.Stop(ctx), server.Shutdown(ctx), jobs.Stop(ctx))
}

// every does something at an interval, and sooner when it is told to, until the
// context ends, and then closes the channel. Errors are logged, at most one a minute.
func (a *app) every(ctx context.Context, interval time.Duration, sooner <-chan struct{}, failed string, do func(context.Context) error) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		var told time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case <-sooner:
			}
			if err := do(ctx); err != nil && ctx.Err() == nil && time.Since(told) > time.Minute {
				told = time.Now()
				a.log.ErrorContext(ctx, failed, "error", err) //nolint:sloglint // each job has its own words
			}
		}
	}()
	return done
}

// jobClock is the real clock, and beside it what tells when somebody sets it.
func jobClock() scheduler.Clock {
	started := time.Now()
	return scheduler.Clock{Now: realClock, Elapsed: func() time.Duration { return time.Since(started) }}
}

// jobs are what the scheduler runs, on the real clock: a tick only wakes a
// sweep, which works by the clock of the facts.
func (a *app) jobs() []scheduler.Job {
	return []scheduler.Job{{
		Name: sweepJob, Spec: a.settings.Scheduler.Tick, Timeout: time.Hour,
		Run: func(ctx context.Context, planned, now time.Time) error {
			run, err := a.tracker.Sweep(ctx, a.now().Add(planned.Sub(now)))
			if errors.Is(err, tracker.ErrLeased) {
				a.log.DebugContext(ctx, "another process sweeps")
				return nil
			}
			a.log.InfoContext(ctx, "swept", "run", run.ID, "examined", run.Examined, "moved", run.Moved,
				"told", run.Told, "held", run.Held, "waiting", run.Waiting, "stopped", run.Stopped, "failed", run.Failed)
			return err
		},
		Jumped: a.jumped,
	}, {
		Name: scrubJob, Spec: a.settings.Erasure.Scrub, Timeout: 4 * time.Hour,
		Run: func(ctx context.Context, _, _ time.Time) error {
			n, err := a.tracker.Scrub(ctx, a.store.Scrub, false)
			if n > 0 {
				a.log.InfoContext(ctx, "erasures finished", "erasures", n)
			}
			return err
		},
	}}
}

// scrubJob is the name of the job that finishes erasures.
const scrubJob = "scrub"

// sweepJob is the name of the job that looks for due work.
const sweepJob = "sweep"

// jumped pauses stepping until staff have looked at the clock. That of a
// demonstration is its own, and does not jump with the machine's.
func (a *app) jumped(ctx context.Context, by time.Duration) error {
	if a.demo {
		return nil
	}
	_, err := a.tracker.Pause(ctx, fmt.Sprintf("the clock of a server jumped by %s: look at it, then resume", by), "scheduler")
	return err
}

// profiles are the ladders a plan file may name.
func profiles(s config.Config) []planfile.Profile {
	out := make([]planfile.Profile, len(s.Profiles))
	for i, one := range s.Profiles {
		out[i] = planfile.Profile{Key: one.Key, Stages: one.Stages}
	}
	return out
}
