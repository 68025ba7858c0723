package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// Job is something to do again and again.
type Job struct {
	Name    string        // unique; appears in logs
	Spec    string        // five cron fields or @every, in UTC
	Timeout time.Duration // after this the context of Run or Jumped is cancelled

	// Run does whatever is due at now. planned is the tick it runs for, the
	// same as now for a run at Start or by Trigger; work that was missed is
	// due at now all the same. It must return soon after its context is
	// cancelled, and be safe to run again after any failure.
	Run func(ctx context.Context, planned, now time.Time) error

	// Jumped, if there is one, is called instead of Run when the clock has
	// jumped: since the job last looked, the wall clock went further than time
	// did, or less far if by is negative, by more than two of the job's
	// intervals. Either the clock was set or the machine slept, and which of
	// the two instants is right only people can say. Once it returns nil the
	// new time is the one to go by, and the next tick runs; until then every
	// tick asks again and none runs, unless the clock is set right.
	Jumped func(ctx context.Context, by time.Duration) error
}

// job is a Job with what is known about its runs.
type job struct {
	Job
	log      *slog.Logger
	clock    Clock
	schedule cron.Schedule
	seen     moment // the last look at the clock; only who has claimed the run touches it

	mu       sync.Mutex
	stats    JobStats // all but Overdue, which is worked out when somebody asks
	since    moment   // what overdue counts from
	counting bool     // since Start
}

func newJob(log *slog.Logger, clock Clock, given Job) (*job, error) {
	schedule, err := parse(given.Spec)
	if err != nil {
		return nil, fmt.Errorf("job %q: %w", given.Name, err)
	}
	if given.Timeout <= 0 {
		return nil, fmt.Errorf("job %q: a run needs a time limit", given.Name)
	}
	return &job{
		Job: given, log: log.With("job", given.Name), clock: clock, schedule: schedule,
		stats: JobStats{Name: given.Name, Spec: given.Spec},
	}, nil
}

// parse reads a specification in UTC. Time zones are refused: at a change of
// clocks cron leaves out or doubles runs, and its parser panics on some.
func parse(spec string) (cron.Schedule, error) {
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		return nil, fmt.Errorf("%q names a time zone; specifications are in UTC", spec)
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("%q is not a cron specification: %w", spec, err)
	}
	if schedule.Next(time.Unix(0, 0).UTC()).IsZero() {
		return nil, fmt.Errorf("%q never comes", spec)
	}
	return schedule, nil
}

// wake is one tick: it runs the job, unless its last run is still going or the
// clock jumped.
func (j *job) wake(parent context.Context, planned time.Time) {
	if parent.Err() != nil {
		return
	}
	now := j.clock.look()
	if !j.claim(now.wall) {
		j.log.WarnContext(parent, "job skipped, its last run is still going")
		return
	}
	defer j.release()
	ctx, cancel := context.WithTimeout(parent, j.Timeout)
	defer cancel()
	if by := now.jump(j.seen); by.Abs() > j.tolerance(planned) {
		j.ask(ctx, by, now)
		return
	}
	j.seen = now
	j.do(ctx, planned, now)
}

// do is one run.
func (j *job) do(ctx context.Context, planned time.Time, begin moment) {
	j.began(planned, begin)
	err := try(func() error { return j.Run(ctx, planned, begin.wall) })
	end := j.clock.look()
	took := end.elapsed - begin.elapsed
	if errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled) {
		j.log.DebugContext(ctx, "job stopped", "took", took)
		return
	}
	j.ended(end, took, err)
	var panicked *panicError
	switch {
	case err == nil:
		j.log.DebugContext(ctx, "job done", "took", took)
	case errors.As(err, &panicked):
		j.log.ErrorContext(ctx, "job panicked", "took", took, "error", err, "stack", panicked.stack)
	default:
		j.log.ErrorContext(ctx, "job failed", "took", took, "error", err)
	}
}

// ask stands in for a run when the clock jumped.
func (j *job) ask(ctx context.Context, by time.Duration, now moment) {
	j.log.ErrorContext(ctx, "clock jumped, job not run: the clock was set or the machine slept; check that the time is right now, and set it if not",
		"by", by.Round(time.Second).String(), "now", now.wall)
	var err error
	if j.Jumped != nil {
		err = try(func() error { return j.Jumped(ctx, by) })
	}
	j.jumped(err)
	if err != nil {
		j.log.ErrorContext(ctx, "clock jump not taken in; the job stands still and asks again at its next tick", "error", err)
		return
	}
	j.seen = now
}

// panicError is what a panic becomes.
type panicError struct {
	value any
	stack string
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// try makes a panic an error.
func try(run func() error) error {
	var err error
	func() {
		defer func() {
			if value := recover(); value != nil {
				err = &panicError{value, string(debug.Stack())}
			}
		}()
		err = run()
	}()
	return err
}
