package scheduler_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"assent/internal/testenv"
	"assent/scheduler"
)

// The tests run the real scheduler under a fake clock: inside a synctest bubble
// time stands still until every goroutine waits, then jumps to the next timer.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logs is a log to read back.
type logs struct{ testenv.Log }

func (l *logs) has(text string) bool { return strings.Contains(l.String(), text) }

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// steady is a clock that nobody sets.
func steady() scheduler.Clock { return new(clock).begin() }

// start makes and starts a scheduler that is stopped when the test ends.
func start(t *testing.T, out *logs, jobs ...scheduler.Job) *scheduler.Scheduler {
	t.Helper()
	return startOn(t, steady(), out, jobs...)
}

func startOn(t *testing.T, clock scheduler.Clock, out *logs, jobs ...scheduler.Job) *scheduler.Scheduler {
	t.Helper()
	s, err := scheduler.New(out.logger(), clock, jobs...)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// every makes a job that runs each five minutes.
func every(run func(ctx context.Context, planned, now time.Time) error) scheduler.Job {
	return scheduler.Job{Name: "sweep", Spec: "*/5 * * * *", Timeout: time.Hour, Run: run}
}

func TestAJobRunsAtStartAndThenAtEachTickInUTC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Minute) // the bubble's clock starts at midnight UTC
		var at []string
		start(t, &logs{}, scheduler.Job{Name: "nightly", Spec: "30 3 * * *", Timeout: time.Hour, Run: func(_ context.Context, _, now time.Time) error {
			at = append(at, now.UTC().Format("02T15:04"))
			return nil
		}})
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if want := []string{"01T00:02", "01T03:30", "02T03:30"}; !slices.Equal(at, want) {
			t.Errorf("ran at %v, want %v", at, want)
		}
	})
}

func TestAPanicDoesNotStopLaterRunsAndDoesNotCountAsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		out := &logs{}
		s := start(t, out, every(func(context.Context, time.Time, time.Time) error {
			runs++
			if runs == 1 {
				panic(errors.New("a bug in the job"))
			}
			return nil
		}))
		synctest.Wait()
		if !s.Last("sweep").IsZero() || !out.has("job panicked") {
			t.Errorf("after the panic: last %v, logged %v", s.Last("sweep"), out.has("job panicked"))
		}
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		if runs != 4 {
			t.Errorf("ran %d times, want 4", runs)
		}
		if want := time.Now().Truncate(5 * time.Minute); !s.Last("sweep").Equal(want) {
			t.Errorf("last finished %v, want %v", s.Last("sweep"), want)
		}
	})
}

func TestTicksDuringARunAreSkippedAndNotMadeUpFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs, at, most atomic.Int32
		out := &logs{}
		s := start(t, out, every(func(context.Context, time.Time, time.Time) error {
			runs.Add(1)
			most.Store(max(most.Load(), at.Add(1)))
			time.Sleep(17 * time.Minute) // over the ticks at 5, 10 and 15
			at.Add(-1)
			return nil
		}))
		if err := s.Trigger("sweep"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(19 * time.Minute)
		if runs.Load() != 1 || !out.has("job skipped") {
			t.Errorf("before the tick at 20: %d runs, want 1; skip logged: %v", runs.Load(), out.has("job skipped"))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if runs.Load() != 2 || most.Load() != 1 {
			t.Errorf("after the tick at 20: %d runs, want 2; %d at once, want 1", runs.Load(), most.Load())
		}
	})
}

func TestAnOutageIsCaughtUpByOneRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		count := every(func(context.Context, time.Time, time.Time) error { runs++; return nil })
		before, err := scheduler.New(new(logs).logger(), steady(), count)
		if err != nil {
			t.Fatal(err)
		}
		before.Start()
		synctest.Wait()
		if err := before.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(365*24*time.Hour + time.Minute)
		runs = 0
		start(t, &logs{}, count)
		synctest.Wait()
		if runs != 1 {
			t.Errorf("ran %d times after a year of outage, want 1", runs)
		}
	})
}

func TestARunIsCancelledAtItsTimeLimitAndItsFailureLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &logs{}
		var took time.Duration
		job := every(func(ctx context.Context, _, now time.Time) error {
			<-ctx.Done()
			took = time.Since(now)
			return ctx.Err()
		})
		job.Timeout = 90 * time.Second
		s := start(t, out, job)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if took != 90*time.Second || !out.has("job failed") || !s.Last("sweep").IsZero() {
			t.Errorf("took %v, want 90s; failure logged: %v; last %v", took, out.has("job failed"), s.Last("sweep"))
		}
	})
}

func TestStartDoesNotBlockAndRepeatingItDoesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		begin := time.Now()
		s := start(t, &logs{}, every(func(context.Context, time.Time, time.Time) error {
			runs.Add(1)
			time.Sleep(time.Minute)
			return nil
		}))
		s.Start()
		if time.Since(begin) != 0 {
			t.Error("Start waited for the run")
		}
		time.Sleep(2 * time.Minute)
		if runs.Load() != 1 {
			t.Errorf("%d runs, want 1", runs.Load())
		}
	})
}

func TestStopCancelsWhatRunsAndWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &logs{}
		s, err := scheduler.New(out.logger(), steady(), every(func(ctx context.Context, _, _ time.Time) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second) // finishing its chunk
			return ctx.Err()
		}))
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		synctest.Wait()
		begin := time.Now()
		if err := s.Stop(t.Context()); err != nil || time.Since(begin) != 3*time.Second {
			t.Errorf("Stop took %v and said %v", time.Since(begin), err)
		}
		if out.has("job failed") || !out.has("job stopped") {
			t.Error("being stopped was logged as a failure")
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("second Stop: %v", err)
		}
		if err := s.Trigger("sweep"); err == nil {
			t.Error("a stopped scheduler took a trigger")
		}
		s.Start()
		time.Sleep(time.Hour)
		if !s.Last("sweep").IsZero() {
			t.Error("a stopped scheduler started again")
		}
	})
}

func TestStopGivesUpAtItsDeadlineAndNamesWhoIsRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := scheduler.New(new(logs).logger(), steady(), every(func(context.Context, time.Time, time.Time) error {
			time.Sleep(time.Minute) // deaf to its context
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		err = s.Stop(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "sweep") || time.Since(begin) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		time.Sleep(time.Minute)
	})
}

func TestStopOfASchedulerThatNeverStartedReturns(t *testing.T) {
	t.Parallel()
	s, err := scheduler.New(new(logs).logger(), steady(), every(func(context.Context, time.Time, time.Time) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Trigger("sweep"); err == nil {
		t.Error("a scheduler that never started took a trigger")
	}
	for range 2 {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAJobIsOverdueWhenThreeIntervalsPassWithoutAFinishedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		s := start(t, &logs{}, every(func(context.Context, time.Time, time.Time) error {
			if broken.Load() {
				return errors.New("no database")
			}
			return nil
		}))
		time.Sleep(6 * time.Minute)
		broken.Store(true)
		time.Sleep(14 * time.Minute) // 00:20, three ticks after the last good one
		if late := s.Overdue(); late != nil {
			t.Errorf("overdue at the third missed tick: %v", late)
		}
		time.Sleep(time.Second)
		if late := s.Overdue(); !slices.Equal(late, []string{"sweep"}) {
			t.Errorf("overdue after the third missed tick: %v", late)
		}
		broken.Store(false)
		if err := s.Trigger("sweep"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if late := s.Overdue(); late != nil {
			t.Errorf("overdue after a good run: %v", late)
		}
	})
}

func TestUnknownJobsAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &logs{})
		if err := s.Trigger("sweap"); err == nil || !strings.Contains(err.Error(), `"sweap"`) {
			t.Errorf("Trigger: %v", err)
		}
		if !s.Last("sweap").IsZero() {
			t.Error("an unknown job has run")
		}
	})
}

func TestBrokenJobsAreRefusedAllAtOnce(t *testing.T) {
	t.Parallel()
	idle := func(context.Context, time.Time, time.Time) error { return nil }
	specs := []string{"CRON_TZ=UTC", "TZ=Asia/Tokyo 0 3 * * *", "every day", "0 0 30 2 *", ""}
	jobs := []scheduler.Job{
		{Name: "sweep", Spec: "@every 5m", Timeout: time.Minute, Run: idle},
		{Name: "sweep", Spec: "@every 5m", Timeout: time.Minute, Run: idle},
		{Name: "endless", Spec: "@every 5m", Run: idle},
	}
	for _, spec := range specs {
		jobs = append(jobs, scheduler.Job{Name: "spec", Spec: spec, Timeout: time.Minute, Run: idle})
	}
	_, err := scheduler.New(new(logs).logger(), steady(), jobs...)
	if err == nil {
		t.Fatal("broken jobs were taken")
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 2+len(specs) {
		t.Errorf("%d faults, want %d:\n%v", len(lines), 2+len(specs), err)
	}
}
