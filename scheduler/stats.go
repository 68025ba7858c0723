package scheduler

import (
	"errors"
	"time"
)

// missable is how many intervals may go by without a run that went well before
// a job counts as overdue.
const missable = 3

// JobStats is what is known about a job since the process began. Instants are
// in UTC, and zero for what has not been.
type JobStats struct {
	Name, Spec string

	Runs     int // that ended, well or not; one that Stop cancelled is not counted
	Failures int // those of Runs that returned an error
	Panics   int // those of Runs that panicked
	Skips    int // ticks without a run, because the last one was still going
	Jumps    int // ticks without a run, because the clock had jumped

	Started   time.Time     // when the last run began
	Finished  time.Time     // when the last run ended, well or not
	Succeeded time.Time     // when a run last ended well
	Error     string        // why the last run failed, or nobody took in the last jump; empty if it went well
	Running   time.Time     // since when a run is going; zero while none is
	Took      time.Duration // how long the last run took that ended
	Late      time.Duration // how long after its planned instant the last run began
	Next      time.Time     // the next planned tick
	Overdue   bool          // see Scheduler.Overdue
}

// snapshot copies what is known.
func (j *job) snapshot() JobStats {
	j.mu.Lock()
	defer j.mu.Unlock()
	stats := j.stats
	stats.Overdue = j.overdue()
	return stats
}

// overdue goes by elapsed time, so that neither a clock that jumped nor a
// machine that slept makes a job overdue, or hides that it is.
func (j *job) overdue() bool {
	if !j.counting {
		return false
	}
	limit := j.since.wall
	for range missable {
		limit = j.schedule.Next(limit)
	}
	return j.clock.Elapsed()-j.since.elapsed > limit.Sub(j.since.wall)
}

// open takes the first look at the clock.
func (j *job) open(now moment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen, j.since, j.counting = now, now, true
}

func (j *job) plan(next time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Next = next
}

// claim takes the only place there is for a run; false if it is taken.
func (j *job) claim(now time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.stats.Running.IsZero() {
		j.stats.Skips++
		return false
	}
	j.stats.Running = now
	return true
}

func (j *job) release() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Running = time.Time{}
}

// began notes a run that begins.
func (j *job) began(planned time.Time, now moment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Started = now.wall
	j.stats.Late = max(0, now.wall.Sub(planned))
}

// ended notes a run that ended by itself.
func (j *job) ended(end moment, took time.Duration, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &j.stats
	s.Runs++
	s.Finished, s.Took, s.Error = end.wall, took, ""
	var panicked *panicError
	switch {
	case err == nil:
		s.Succeeded, j.since = end.wall, end
		return
	case errors.As(err, &panicked):
		s.Panics++
	default:
		s.Failures++
	}
	s.Error = err.Error()
}

// jumped notes a tick without a run; err says why the jump could not be
// handed on.
func (j *job) jumped(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Jumps++
	if err != nil {
		j.stats.Error = err.Error()
	}
}
