package scheduler

import (
	"context"
	"time"
)

// Clock tells the time twice, so that a step of the wall clock shows.
type Clock struct {
	Now     func() time.Time     // the wall clock, which people set and NTP corrects
	Elapsed func() time.Duration // how long it has been since some instant; never stepped
}

// moment is one look at a clock.
type moment struct {
	wall    time.Time // in UTC, without the monotonic reading that would hide a step from Sub
	elapsed time.Duration
}

// look reads the clock. UTC also takes away the monotonic reading, which would
// hide from Sub that the clock was set.
func (c Clock) look() moment {
	return moment{c.Now().UTC(), c.Elapsed()}
}

// jump is how much further the wall clock went than time did since an earlier
// look; negative when it was set back.
func (m moment) jump(earlier moment) time.Duration {
	return m.wall.Sub(earlier.wall) - (m.elapsed - earlier.elapsed)
}

// ticks calls tick with each instant the job is planned for, as it comes,
// until ctx ends. The cron package has such a loop too, but one that sleeps on
// when the clock is set back, for as long as it was set back.
func (j *job) ticks(ctx context.Context, tick func(planned time.Time)) {
	for {
		now := j.clock.look().wall
		planned := j.schedule.Next(now)
		j.plan(planned)
		if planned.IsZero() || !j.wait(ctx, planned.Sub(now), planned) {
			return
		}
		tick(planned)
	}
}

// wait sleeps for left and on until the clock shows planned; it returns false
// when ctx ends first. A clock that was set back by more than the job
// tolerates is not waited for: the job has to hear of it now.
func (j *job) wait(ctx context.Context, left time.Duration, planned time.Time) bool {
	for left > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(left):
		}
		left = planned.Sub(j.clock.look().wall)
		if left > j.tolerance(planned) {
			return true
		}
	}
	return true
}

// tolerance is how far the clock may be off before it counts as having jumped:
// two of the job's intervals, as they are after an instant.
func (j *job) tolerance(after time.Time) time.Duration {
	first := j.schedule.Next(after)
	return j.schedule.Next(j.schedule.Next(first)).Sub(first)
}
