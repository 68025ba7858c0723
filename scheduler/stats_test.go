package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"assent/scheduler"
)

// midnight is when the clock of a synctest bubble starts.
func midnight(plus time.Duration) time.Time {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(plus)
}

func wantStats(t *testing.T, s *scheduler.Scheduler, want scheduler.JobStats) {
	t.Helper()
	want.Name, want.Spec = "sweep", "*/5 * * * *"
	if got := s.Stats()[0]; got != want {
		t.Errorf("got\n%s\nwant\n%s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}

func TestStatsTellOfFailuresPanicsSkipsAndGoodRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		s := start(t, &logs{}, every(func(context.Context, time.Time, time.Time) error {
			runs++
			time.Sleep(time.Minute)
			switch runs {
			case 1:
				return errors.New("no database")
			case 2:
				panic("a bug in the job")
			case 3:
				time.Sleep(6 * time.Minute) // over the tick at 15
			}
			return nil
		}))
		step := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

		step(30 * time.Second)
		wantStats(t, s, scheduler.JobStats{Started: midnight(0), Running: midnight(0), Next: midnight(5 * time.Minute)})
		step(time.Minute)
		wantStats(t, s, scheduler.JobStats{
			Runs: 1, Failures: 1, Started: midnight(0), Finished: midnight(time.Minute), Took: time.Minute,
			Error: "no database", Next: midnight(5 * time.Minute),
		})
		step(5 * time.Minute)
		wantStats(t, s, scheduler.JobStats{
			Runs: 2, Failures: 1, Panics: 1, Started: midnight(5 * time.Minute), Finished: midnight(6 * time.Minute), Took: time.Minute,
			Error: "panic: a bug in the job", Next: midnight(10 * time.Minute),
		})
		step(9 * time.Minute) // 15:30, the third run still goes
		wantStats(t, s, scheduler.JobStats{
			Runs: 2, Failures: 1, Panics: 1, Skips: 1, Started: midnight(10 * time.Minute), Finished: midnight(6 * time.Minute), Took: time.Minute,
			Error: "panic: a bug in the job", Running: midnight(10 * time.Minute), Next: midnight(20 * time.Minute), Overdue: true,
		})
		step(2 * time.Minute)
		wantStats(t, s, scheduler.JobStats{
			Runs: 3, Failures: 1, Panics: 1, Skips: 1, Started: midnight(10 * time.Minute), Finished: midnight(17 * time.Minute),
			Succeeded: midnight(17 * time.Minute), Took: 7 * time.Minute, Next: midnight(20 * time.Minute),
		})
	})
}

func TestARunKnowsItsPlannedInstantAndStatsHowLateItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Minute)
		c := new(clock)
		runs := make(chan [2]time.Time, 2)
		s := startOn(t, c.begin(), &logs{}, every(func(_ context.Context, planned, now time.Time) error {
			runs <- [2]time.Time{planned, now}
			return nil
		}))
		synctest.Wait()
		at := midnight(2 * time.Minute)
		if run, late := <-runs, s.Stats()[0].Late; run != [2]time.Time{at, at} || late != 0 {
			t.Errorf("at the start: planned and now %v, late %v", run, late)
		}
		c.set(8 * time.Minute)
		c.sleep(4 * time.Minute)
		want := [2]time.Time{midnight(5 * time.Minute), midnight(13 * time.Minute)}
		if run, late := <-runs, s.Stats()[0].Late; run != want || late != 8*time.Minute {
			t.Errorf("at the tick: planned and now %v, late %v", run, late)
		}
	})
}

func TestARunBeforeItsPlannedInstantIsNotLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		s := startOn(t, c.begin(), &logs{}, every(func(context.Context, time.Time, time.Time) error {
			time.Sleep(7 * time.Minute)
			return nil
		}))
		c.sleep(time.Minute)
		c.set(9 * time.Minute) // while a run is going, so that no run looks at it
		c.sleep(7 * time.Minute)
		c.set(-11 * time.Minute) // two minutes in all: no jump, but too long to wait for the tick
		c.sleep(4 * time.Minute)
		if stats := s.Stats()[0]; stats.Jumps != 0 || stats.Started != midnight(9*time.Minute) || stats.Late != 0 {
			t.Errorf("%+v", stats)
		}
	})
}

func TestARunThatStopCancelsIsNoRunThatEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := scheduler.New(new(logs).logger(), steady(), every(func(ctx context.Context, _, _ time.Time) error {
			<-ctx.Done()
			return ctx.Err()
		}))
		if err != nil {
			t.Fatal(err)
		}
		wantStats(t, s, scheduler.JobStats{})
		s.Start()
		synctest.Wait()
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStats(t, s, scheduler.JobStats{Started: midnight(0), Next: midnight(5 * time.Minute)})
	})
}

func TestStatsCanBeReadWhileJobsRunAndAreTriggered(t *testing.T) {
	t.Parallel()
	job := func(name string) scheduler.Job {
		return scheduler.Job{Name: name, Spec: "@every 1s", Timeout: time.Second, Run: func(context.Context, time.Time, time.Time) error { return nil }}
	}
	s := start(t, &logs{}, job("a"), job("b"))
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 500 {
				if stats := s.Stats(); len(stats) != 2 || stats[0].Name != "a" || stats[1].Name != "b" {
					t.Errorf("%+v", stats)
				}
				if err := s.Trigger("b"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Wait()
}

func TestAJobThatNeverWentWellIsOverdueThreeIntervalsAfterTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		process := c.begin()
		time.Sleep(time.Hour) // of loading, before anything runs
		s := startOn(t, process, &logs{}, every(func(context.Context, time.Time, time.Time) error {
			return context.Canceled // a failure, as nobody stopped it
		}))
		c.sleep(15 * time.Minute)
		if stats := s.Stats()[0]; stats.Overdue || stats.Failures != 4 {
			t.Errorf("after three intervals: %+v", stats)
		}
		c.sleep(time.Second)
		if !s.Stats()[0].Overdue {
			t.Error("not overdue after more than three intervals")
		}
	})
}
