package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
)

// job is a Job with what is known about its runs.
type job struct {
	Job
	log      *slog.Logger
	now      func() time.Time
	schedule cron.Schedule
	run      cron.Job // one run, guarded against overlap and panics

	running atomic.Bool
	last    atomic.Pointer[time.Time] // when a run last finished without an error; nil: never
}

func newJob(ctx context.Context, log *slog.Logger, now func() time.Time, given Job) (*job, error) {
	schedule, err := parse(given.Spec)
	if err != nil {
		return nil, fmt.Errorf("job %q: %w", given.Name, err)
	}
	if given.Timeout <= 0 {
		return nil, fmt.Errorf("job %q: a run needs a time limit", given.Name)
	}
	j := &job{Job: given, log: log.With("job", given.Name), now: now, schedule: schedule}
	// Recover stands inside: outside, a panic would skip past the return of the
	// skip wrapper's token, and the job would never run again.
	guard := cron.NewChain(cron.SkipIfStillRunning(cronLog{j.log}), cron.Recover(cronLog{j.log}))
	j.run = guard.Then(cron.FuncJob(func() { j.tick(ctx) }))
	return j, nil
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

// tick is one run. A panic skips its last lines, rightly: a run that did not
// finish must not look as if it had.
func (j *job) tick(parent context.Context) {
	if parent.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(parent, j.Timeout)
	defer cancel()
	j.running.Store(true)
	defer j.running.Store(false)

	begin := j.now()
	err := j.Run(ctx, begin)
	end := j.now()
	switch {
	case err == nil:
		j.last.Store(&end)
		j.log.DebugContext(ctx, "job done", "took", end.Sub(begin))
	case parent.Err() != nil && errors.Is(err, context.Canceled):
		j.log.DebugContext(ctx, "job stopped", "took", end.Sub(begin))
	default:
		j.log.ErrorContext(ctx, "job failed", "took", end.Sub(begin), "error", err)
	}
}

func (j *job) overdue(started, now time.Time) bool {
	limit := started
	if last := j.last.Load(); last != nil {
		limit = *last
	}
	for range missable {
		limit = j.schedule.Next(limit.UTC())
	}
	return now.After(limit)
}

// cronLog turns what cron's wrappers say into our log: the skip wrapper says
// one thing with Info, the recover wrapper one with Error.
type cronLog struct{ log *slog.Logger }

func (c cronLog) Info(string, ...any) {
	c.log.Warn("job skipped, its last run is still going")
}

func (c cronLog) Error(err error, _ string, keysAndValues ...any) {
	c.log.Error("job panicked", append([]any{"error", err}, keysAndValues...)...)
}
