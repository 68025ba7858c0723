package scheduler_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"assent/scheduler"
)

// clock is a wall clock that can be set, beside time that goes on.
type clock struct{ off atomic.Int64 }

func (c *clock) begin() scheduler.Clock {
	started := time.Now()
	return scheduler.Clock{Now: c.now, Elapsed: func() time.Duration { return time.Since(started) }}
}

func (c *clock) now() time.Time         { return time.Now().Add(time.Duration(c.off.Load())) }
func (c *clock) set(by time.Duration)   { c.off.Add(int64(by)) }
func (c *clock) shows() string          { return c.now().UTC().Format("02T15:04") }
func (c *clock) sleep(by time.Duration) { time.Sleep(by); synctest.Wait() }

// diary is what a job went through.
type diary struct {
	mu    sync.Mutex
	runs  []string        // what the clock showed
	jumps []time.Duration // what Jumped was told
}

func (d *diary) note(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// keep starts a job that runs each five minutes and keeps a diary, on a clock
// two minutes past a tick.
func (d *diary) keep(t *testing.T, out *logs, jumped error) (*clock, *scheduler.Scheduler) {
	t.Helper()
	c := new(clock)
	time.Sleep(12*time.Hour + 2*time.Minute) // the bubble's clock starts at midnight UTC
	job := every(func(context.Context, time.Time, time.Time) error {
		d.note(func() { d.runs = append(d.runs, c.shows()) })
		return nil
	})
	job.Jumped = func(_ context.Context, by time.Duration) error {
		d.note(func() { d.jumps = append(d.jumps, by) })
		return jumped
	}
	s := startOn(t, c.begin(), out, job)
	synctest.Wait()
	return c, s
}

func (d *diary) want(t *testing.T, runs []string, jumps ...time.Duration) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.runs, runs) || !slices.Equal(d.jumps, jumps) {
		t.Errorf("ran at %v, jumped by %v; want %v, %v", d.runs, d.jumps, runs, jumps)
	}
}

func TestAClockSetForwardByDaysIsAskedAboutOnceAndTheNextTickRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		out := &logs{}
		c, s := d.keep(t, out, nil)
		c.sleep(4 * time.Minute)
		c.set(72 * time.Hour)
		c.sleep(4 * time.Minute) // over the tick
		d.want(t, []string{"01T12:02", "01T12:05"}, 72*time.Hour)
		if !out.has("clock jumped, job not run") || !out.has("by=72h0m0s") {
			t.Error("the log does not say by how much the clock jumped")
		}
		c.sleep(5 * time.Minute)
		d.want(t, []string{"01T12:02", "01T12:05", "04T12:15"}, 72*time.Hour)
		if late := s.Overdue(); late != nil {
			t.Errorf("a jump made jobs overdue: %v", late)
		}
	})
}

func TestAClockSetBackByHoursIsAskedAboutAtOnceAndTheNextTickRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		c, _ := d.keep(t, &logs{}, nil)
		c.sleep(4 * time.Minute)
		c.set(-2 * time.Hour)
		c.sleep(14 * time.Minute)
		d.want(t, []string{"01T12:02", "01T12:05", "01T10:15", "01T10:20"}, -2*time.Hour)
	})
}

func TestAMachineThatSleptLooksLikeAClockSetForward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		c, _ := d.keep(t, &logs{}, nil)
		c.set(8 * time.Hour) // time stood still meanwhile
		c.sleep(4 * time.Minute)
		d.want(t, []string{"01T12:02"}, 8*time.Hour)
	})
}

func TestAClockThatIsSlewedOrSetByUpToTwoIntervalsChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		c, _ := d.keep(t, &logs{}, nil)
		c.set(10 * time.Minute)
		c.sleep(4 * time.Minute)
		d.want(t, []string{"01T12:02", "01T12:15"})
		c.set(-10 * time.Minute)
		c.sleep(15 * time.Minute) // the tick is waited for
		d.want(t, []string{"01T12:02", "01T12:15", "01T12:20"})
		for range 40 * 60 { // behind by 500 parts in a million, as NTP slews
			c.set(-500 * time.Microsecond)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		d.want(t, []string{"01T12:02", "01T12:15", "01T12:20", "01T12:25", "01T12:30", "01T12:35", "01T12:40", "01T12:45", "01T12:50", "01T12:55", "01T13:00"})
	})
}

func TestAJumpThatIsNotTakenInIsAskedAboutAgainUntilTheClockIsSetRight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		out := &logs{}
		c, s := d.keep(t, out, errors.New("no database"))
		c.set(72 * time.Hour)
		c.sleep(20 * time.Minute)
		d.want(t, []string{"01T12:02"}, 72*time.Hour, 72*time.Hour, 72*time.Hour, 72*time.Hour)
		if !out.has("clock jump not taken in") || s.Stats()[0].Error != "no database" || len(s.Overdue()) != 1 {
			t.Errorf("a job that stands still does not show: %+v", s.Stats()[0])
		}
		c.set(-72 * time.Hour)
		c.sleep(5 * time.Minute)
		d.want(t, []string{"01T12:02", "01T12:25"}, 72*time.Hour, 72*time.Hour, 72*time.Hour, 72*time.Hour)
	})
}

func TestAJobThatDoesNotCareAboutJumpsMissesOneRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		var runs atomic.Int32
		s := startOn(t, c.begin(), &logs{}, every(func(context.Context, time.Time, time.Time) error { runs.Add(1); return nil }))
		synctest.Wait()
		c.set(-10*time.Minute - time.Second) // just more than two intervals
		c.sleep(9 * time.Minute)
		if stats := s.Stats()[0]; runs.Load() != 2 || stats.Jumps != 1 || stats.Runs != 2 {
			t.Errorf("ran %d times, want 2: %+v", runs.Load(), stats)
		}
	})
}

func TestAPanicOverAJumpLeavesTheJobStandingStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		job := every(func(context.Context, time.Time, time.Time) error { return nil })
		job.Jumped = func(context.Context, time.Duration) error { panic("a bug in the job") }
		s := startOn(t, c.begin(), &logs{}, job)
		synctest.Wait()
		c.set(time.Hour)
		c.sleep(11 * time.Minute)
		if stats := s.Stats()[0]; stats.Runs != 1 || stats.Jumps != 2 || stats.Panics != 0 || !strings.Contains(stats.Error, "a bug") {
			t.Errorf("%+v", stats)
		}
	})
}

func TestAJumpDuringARunIsAskedAboutWhenTheRunIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		var d diary
		job := every(func(context.Context, time.Time, time.Time) error {
			d.note(func() { d.runs = append(d.runs, "begin "+c.shows()) })
			time.Sleep(7 * time.Minute)
			d.note(func() { d.runs = append(d.runs, "end "+c.shows()) })
			return nil
		})
		job.Jumped = func(_ context.Context, by time.Duration) error {
			d.note(func() { d.jumps = append(d.jumps, by); d.runs = append(d.runs, "asked "+c.shows()) })
			return nil
		}
		startOn(t, c.begin(), &logs{}, job)
		c.sleep(time.Minute)
		c.set(-3 * time.Hour)
		c.sleep(15 * time.Minute)
		d.want(t, []string{"begin 01T00:00", "end 31T21:07", "asked 31T21:10", "begin 31T21:15"}, -3*time.Hour)
	})
}

// A monotonic reading would hide from Sub that the clock was set. Inside a
// bubble there is none, so this test runs by the real clock.
func TestInstantsAreInUTCAndCarryNoMonotonicReading(t *testing.T) {
	t.Parallel()
	ran := make(chan []time.Time, 1)
	s, err := scheduler.New(new(logs).logger(), steady(), every(func(_ context.Context, planned, now time.Time) error {
		ran <- []time.Time{planned, now}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	seen := <-ran
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	stats := s.Stats()[0]
	for i, at := range append(seen, stats.Started, stats.Finished, stats.Succeeded) {
		if at.IsZero() || at != at.UTC().Round(0) {
			t.Errorf("%d: %v", i, at)
		}
	}
}
