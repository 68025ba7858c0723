package demo

import (
	"context"
	"sync"
	"time"

	"assent/terms"
	"assent/tracker"
)

// Clock is the time of the demo. It runs like any other clock, from wherever it
// was set, and can be moved forward; see Story.Advance. Safe for concurrent use.
type Clock struct {
	real func() time.Time

	mu     sync.Mutex
	at     time.Time // what it showed when it was last set
	set    time.Time // the real time of that
	halted bool
}

// NewClock returns a clock that shows start now, and runs as fast as real,
// which is time.Now outside tests.
func NewClock(start time.Time, real func() time.Time) *Clock {
	return &Clock{real: real, at: start.UTC(), set: real()}
}

// Now is the time of the demo in UTC. It never goes back.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.halted {
		return c.at
	}
	return c.at.Add(c.real().Sub(c.set)).Round(0)
}

// halt stops the clock and returns what it shows, and false when somebody else
// has stopped it.
func (c *Clock) halt() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.halted {
		return c.at, false
	}
	c.at, c.halted = c.now(), true
	return c.at, true
}

// turn moves a halted clock.
func (c *Clock) turn(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = to
}

// resume lets a halted clock run on.
func (c *Clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set, c.halted = c.real(), false
}

// Begin says where the clock of a demo starts: where it is wanted, or, for the
// zero time, where the facts in the store end, or at Start. Conflict when it is
// wanted before the facts, since time cannot go back.
func Begin(ctx context.Context, store tracker.Store, wanted time.Time) (time.Time, error) {
	last, err := lastFact(ctx, store)
	switch {
	case err != nil:
		return time.Time{}, err
	case wanted.IsZero() && last.IsZero():
		return Start(), nil
	case wanted.IsZero():
		return last, nil
	case wanted.Before(last):
		return time.Time{}, terms.Errorf(terms.Conflict,
			"the demo clock cannot start at %s: the database knows what happened until %s; start later, or with another database",
			wanted.UTC().Format(time.RFC3339), last.Format(time.RFC3339))
	default:
		return wanted.UTC(), nil
	}
}

// clockMoved is the act of Advance in the audit log.
const clockMoved = "demo.clock"

// lastFact is when the newest run was, or the clock was last moved to; zero for
// neither. Other facts lie at most a tick after it.
func lastFact(ctx context.Context, store tracker.Store) (time.Time, error) {
	var last time.Time
	err := store.View(ctx, func(r tracker.Reader) error {
		runs, err := r.Runs(ctx, 1)
		if err != nil {
			return err
		}
		acts, err := r.Acts(ctx, 100)
		for _, run := range runs {
			last = run.Started
		}
		for _, act := range acts {
			if act.Action == clockMoved && act.At.After(last) {
				last = act.At
			}
		}
		return err
	})
	return last, err
}
