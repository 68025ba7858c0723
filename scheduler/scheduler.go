// Package scheduler runs named jobs on cron specifications: it skips a run
// while the last one is still going, outlives a panic, bounds each run in time
// and waits for what is running when it stops. It knows no domain: what a job
// does arrives as a function.
//
// A tick only wakes a job. Which work is due the job reads from its own rows
// and the instant it is handed, so a missed, late or doubled tick changes
// nothing but when the work is done. That is why ticks missed while the
// process was down or busy are caught up by one run, at Start, and never
// replayed one by one.
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

	"github.com/robfig/cron/v3"
)

// missable is how many intervals may go by without a finished run before a
// job counts as overdue.
const missable = 3

// Job is something to do again and again.
type Job struct {
	Name    string        // unique; appears in logs
	Spec    string        // five cron fields or @every, in UTC
	Timeout time.Duration // after this the context of a run is cancelled

	// Run does whatever is due at now. It must return soon after its context
	// is cancelled, and be safe to run again after any failure.
	Run func(ctx context.Context, now time.Time) error
}

// Scheduler runs its jobs from Start until Stop; it starts once in its life.
// Its methods may be called from any goroutine.
type Scheduler struct {
	now    func() time.Time
	cron   *cron.Cron
	jobs   []*job
	cancel context.CancelFunc // ends the context of every run
	extra  sync.WaitGroup     // runs that cron did not wake

	mu      sync.Mutex
	started time.Time // zero before Start
	stopped bool
}

// New checks the jobs and prepares them; nothing runs before Start. The error
// lists everything wrong with them: a name given twice, a specification that
// cannot be read, names a time zone or never comes, no time limit.
func New(log *slog.Logger, now func() time.Time, jobs ...Job) (*Scheduler, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scheduler{
		now:    now,
		cron:   cron.New(cron.WithLocation(time.UTC), cron.WithLogger(cron.DiscardLogger)),
		cancel: cancel,
	}
	var faults []error
	for _, one := range jobs {
		if s.find(one.Name) != nil {
			faults = append(faults, fmt.Errorf("job %q is given twice", one.Name))
		}
		j, err := newJob(ctx, log, now, one)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		s.jobs = append(s.jobs, j)
		s.cron.Schedule(j.schedule, j.run)
	}
	if len(faults) > 0 {
		cancel()
		return nil, errors.Join(faults...)
	}
	return s, nil
}

// Start lets the jobs run, each once right away to catch up on what was missed
// while nothing ran. It does not wait for them. A second call does nothing.
func (s *Scheduler) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || !s.started.IsZero() {
		return
	}
	s.started = s.now()
	s.cron.Start()
	for _, j := range s.jobs {
		s.extra.Go(j.run.Run)
	}
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
	if s.stopped || s.started.IsZero() {
		return fmt.Errorf("job %q cannot run: the scheduler is not running", name)
	}
	s.extra.Go(j.run.Run)
	return nil
}

// Stop wakes no job any more, cancels what is running and waits for it to
// return, at most until ctx is done; the error then names who is still
// running. It may be called twice, or without a Start.
func (s *Scheduler) Stop(ctx context.Context) error { //nolint:contextcheck // cron's Stop takes none: it returns one
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()

	woken := s.cron.Stop()
	s.cancel()
	done := make(chan struct{})
	go func() {
		s.extra.Wait()
		<-woken.Done()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the scheduler, jobs %s still running: %w", strings.Join(s.running(), ", "), ctx.Err())
	}
}

// Last returns when a run of the job last finished without an error, the zero
// time if none has yet or there is no such job.
func (s *Scheduler) Last(name string) time.Time {
	j := s.find(name)
	if j == nil || j.last.Load() == nil {
		return time.Time{}
	}
	return *j.last.Load()
}

// Overdue returns the names of the jobs of which no run finished without an
// error for three of their intervals, counted from Start for one that never
// did; none before Start. A server with an overdue job is not healthy.
func (s *Scheduler) Overdue(now time.Time) []string {
	s.mu.Lock()
	started := s.started
	s.mu.Unlock()
	var names []string
	for _, j := range s.jobs {
		if !started.IsZero() && j.overdue(started, now) {
			names = append(names, j.Name)
		}
	}
	return names
}

func (s *Scheduler) running() []string {
	var names []string
	for _, j := range s.jobs {
		if j.running.Load() {
			names = append(names, j.Name)
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
