// Package scheduler runs named jobs on cron specifications: it skips a run
// while the last one is still going, outlives a panic, bounds each run in time
// and waits for what is running when it stops. When the clock jumps, no job
// runs on it before that was said aloud. It knows no domain: what a job does
// arrives as a function.
//
// A tick only wakes a job. Which work is due the job reads from its own rows
// and the instant it is handed, so a missed, late or doubled tick changes
// nothing but when the work is done. That is why ticks missed while the
// process was down or busy are caught up by one run, at Start, and never
// replayed one by one. An outage is no jump of the clock: nothing is known of
// the time before Start.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scheduler runs its jobs from Start until Stop; it starts once in its life.
// Its methods may be called from any goroutine.
type Scheduler struct {
	clock Clock
	jobs  []*job
	ctx   context.Context // of every run; Stop ends it
	end   context.CancelFunc
	work  sync.WaitGroup // runs, and who waits for their ticks

	mu      sync.Mutex
	started bool
	stopped bool
}

// New checks the jobs and prepares them; nothing runs before Start. The error
// lists everything wrong with them: a name given twice, a specification that
// cannot be read, names a time zone or never comes, no time limit.
func New(log *slog.Logger, clock Clock, jobs ...Job) (*Scheduler, error) {
	s := &Scheduler{clock: clock}
	var faults []error
	for _, one := range jobs {
		if s.find(one.Name) != nil {
			faults = append(faults, fmt.Errorf("job %q is given twice", one.Name))
		}
		j, err := newJob(log, clock, one)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		s.jobs = append(s.jobs, j)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Start lets the jobs run, each once right away to catch up on what was missed
// while nothing ran. It does not wait for them. A second call does nothing.
func (s *Scheduler) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.started {
		return
	}
	s.started = true
	now := s.clock.look()
	for _, j := range s.jobs {
		j.open(now)
		s.wake(j, now.wall)
		s.work.Go(func() {
			j.ticks(s.ctx, func(planned time.Time) { s.wake(j, planned) })
		})
	}
}

// wake lets a job run without waiting for it.
func (s *Scheduler) wake(j *job, planned time.Time) {
	s.work.Go(func() { j.wake(s.ctx, planned) })
}

// Trigger makes a job run now, besides its ticks, and does not wait for it. A
// run that is already going is not doubled.
func (s *Scheduler) Trigger(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.find(name)
	if j == nil {
		return fmt.Errorf("there is no job %q", name)
	}
	if s.stopped || !s.started {
		return fmt.Errorf("job %q cannot run: the scheduler is not running", name)
	}
	s.wake(j, s.clock.look().wall)
	return nil
}

// Stop wakes no job any more, cancels what is running and waits for it to
// return, at most until ctx is done; the error then names who is still
// running. It may be called twice, or without a Start.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()

	s.end()
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the scheduler, jobs %s still running: %w", strings.Join(s.running(), ", "), ctx.Err())
	}
}

// Stats returns what is known about each job, in the order they were given. It
// asks nobody and holds up no run.
func (s *Scheduler) Stats() []JobStats {
	stats := make([]JobStats, len(s.jobs))
	for i, j := range s.jobs {
		stats[i] = j.snapshot()
	}
	return stats
}

// Last returns when a run of the job last finished without an error, the zero
// time if none has yet or there is no such job.
func (s *Scheduler) Last(name string) time.Time {
	j := s.find(name)
	if j == nil {
		return time.Time{}
	}
	return j.snapshot().Succeeded
}

// Overdue returns the names of the jobs of which no run finished without an
// error for three of their intervals, counted from Start for one that never
// did; none before Start. It goes by elapsed time, so a clock that jumps
// changes nothing. A server with an overdue job is not healthy.
func (s *Scheduler) Overdue() []string {
	return s.named(func(stats JobStats) bool { return stats.Overdue })
}

func (s *Scheduler) running() []string {
	return s.named(func(stats JobStats) bool { return !stats.Running.IsZero() })
}

// named returns the names of the jobs of which something is so.
func (s *Scheduler) named(so func(JobStats) bool) []string {
	var names []string
	for _, stats := range s.Stats() {
		if so(stats) {
			names = append(names, stats.Name)
		}
	}
	return names
}

func (s *Scheduler) find(name string) *job {
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.Name == name })
	if i < 0 {
		return nil
	}
	return s.jobs[i]
}
