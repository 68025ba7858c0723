package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/planfile"
	"assent/terms"
	"assent/tracker"
)

// actor is who the audit log says set the demo up.
const actor = "demo"

// furthest is how far the clock moves at once.
const furthest = 2 * 366 * 24 * time.Hour

// Story moves the demo's clock, the sweeps and the people forward together.
type Story struct {
	deps  tracker.Deps
	clock *Clock
	crowd crowd
	lived bool // Seed was called: the people of the sample are the store's
}

// New returns the story of a store. The Now of deps is replaced by the clock,
// and its sweeps do not rest: nobody waits for them but whoever moved the
// clock. Until Seed is called nobody acts, whatever the people are called.
func New(deps tracker.Deps, clock *Clock) *Story {
	deps.Now = clock.Now
	deps.Pace.Rest = func(context.Context, time.Duration) {}
	return &Story{deps: deps, clock: clock}
}

// Seed brings in Harbor: the terms it had, the new ones, size generated people
// besides Ana and Ben, and the campaign with a plan in force, such as PlanFile,
// all as of Start or the clock, whichever is earlier. progress, if given, is
// told how many people are in. A store that has the campaign is left as it is.
func (s *Story) Seed(ctx context.Context, planFile []byte, size int, progress func(people int)) error {
	at := s.clock.Now()
	if at.After(Start()) {
		at = Start()
	}
	s.lived = true
	t := s.at(at)
	if c, err := t.Campaign(ctx, Campaign); err == nil && c.Plan != 0 {
		return nil
	} else if err != nil && !errors.Is(err, terms.NotFound) {
		return fmt.Errorf("look for the demo campaign: %w", err)
	}
	if err := s.publish(ctx, at); err != nil {
		return err
	}
	people := Population(size)
	for done := 0; done < len(people); done += tracker.MaxBatch {
		batch := people[done:min(done+tracker.MaxBatch, len(people))]
		if err := t.AddPeople(ctx, batch); err != nil {
			return fmt.Errorf("bring in the demo people: %w", err)
		}
		if progress != nil {
			progress(done + len(batch))
		}
	}
	return launch(ctx, t, planFile)
}

// publish stores and publishes Harbor's documents that are not there yet, each
// on the day it took effect or, if that is still to come, now.
func (s *Story) publish(ctx context.Context, now time.Time) error {
	versions, err := Versions()
	if err != nil {
		return err
	}
	for _, v := range versions {
		at := now
		if v.EffectiveAt.Before(at) {
			at = v.EffectiveAt
		}
		t := s.at(at)
		if stored, err := t.Version(ctx, v.DocumentRef); err == nil && !stored.Published.IsZero() {
			continue
		}
		if _, err := t.PutVersion(ctx, v); err != nil {
			return fmt.Errorf("store %s: %w", v.Document, err)
		}
		if _, err := t.Publish(ctx, v.DocumentRef, actor); err != nil {
			return fmt.Errorf("publish %s: %w", v.Document, err)
		}
	}
	return nil
}

func launch(ctx context.Context, t *tracker.Tracker, source []byte) error {
	plan, err := planfile.Parse(source, nil)
	if err != nil {
		return fmt.Errorf("read the demo plan: %w", err)
	}
	record, err := t.AddPlan(ctx, plan, source, actor)
	if err != nil {
		return fmt.Errorf("add the demo plan: %w", err)
	}
	if _, err := t.Activate(ctx, plan.Campaign, record.Number, actor, nil); err != nil {
		return fmt.Errorf("activate the demo plan: %w", err)
	}
	return nil
}

// at returns a tracker for which it is a given time.
func (s *Story) at(now time.Time) *tracker.Tracker {
	deps := s.deps
	deps.Now = func() time.Time { return now }
	return tracker.New(deps)
}

// Passed is what happened while the clock was moved.
type Passed struct {
	From, To time.Time
	Sweeps   int // runs that found something to do
	Moved    int // people who entered a stage, or were restored by a sweep
	Told     int // notices and warnings handed to the app
	Looked   int // people who saw a stage's notice, and no more
	Accepted int
	Declined int
	Snoozed  int
}

// Advance moves the clock forward to an instant, through every sweep that would
// have found something to do on the way and everything the generated people do,
// in order of time. Stretches in which nothing is due cost nothing. It writes
// who moved the clock to the audit log.
//
// Invalid when to lies before now, or more than two years ahead; Conflict while
// another move is under way. When it fails or ctx ends halfway, the clock stays
// where it had got to and Passed tells what was done; moving on goes on from
// there.
func (s *Story) Advance(ctx context.Context, to time.Time, actor string) (Passed, error) {
	from, free := s.clock.halt()
	if !free {
		return Passed{}, terms.Errorf(terms.Conflict, "the clock is being moved already; wait until it stands at its new time")
	}
	defer s.clock.resume()
	passed := Passed{From: from, To: from}
	if err := movable(from, to); err != nil {
		return passed, err
	}
	if err := s.pass(ctx, to.UTC(), &passed); err != nil {
		return passed, fmt.Errorf("move the demo clock past %s: %w", s.clock.Now().Format(time.RFC3339), err)
	}
	s.clock.turn(to.UTC())
	passed.To = to.UTC()
	moved := tracker.Act{At: passed.To, Actor: actor, Action: clockMoved, Object: passed.To.Format(time.RFC3339)}
	if err := tracker.New(s.deps).Note(ctx, moved); err != nil {
		return passed, fmt.Errorf("record the move of the demo clock: %w", err)
	}
	return passed, nil
}

func movable(from, to time.Time) error {
	switch {
	case to.Before(from):
		return terms.Errorf(terms.Invalid, "the demo clock stands at %s and only moves forward; to go back, start the demo with a new database", from.Format(time.RFC3339))
	case to.Sub(from) > furthest:
		return terms.Errorf(terms.Invalid, "move the demo clock by at most two years at a time")
	default:
		return nil
	}
}

// pass goes from one instant at which something can happen to the next.
func (s *Story) pass(ctx context.Context, to time.Time, passed *Passed) error {
	for {
		now := s.clock.Now()
		sweep, err := s.nextSweep(ctx, now)
		if err != nil {
			return err
		}
		open := s.nextOpen(now)
		next := open
		if sweep.Before(open) {
			next = sweep
		}
		if next.After(to) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.clock.turn(next)
		passed.To = next
		if next.Equal(sweep) {
			if err := s.sweep(ctx, next, passed); err != nil {
				return err
			}
		}
		if next.Equal(open) {
			if err := s.open(ctx, next, passed); err != nil {
				return err
			}
		}
	}
}

// nextSweep is when a sweep next finds something to do: on the tick that comes
// after now, where something is overdue.
func (s *Story) nextSweep(ctx context.Context, now time.Time) (time.Time, error) {
	due, err := tracker.New(s.deps).NextDue(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for what is due: %w", err)
	}
	if due.IsZero() {
		return now.Add(furthest + grid), nil
	}
	tick := s.deps.Pace.Tick
	if !due.After(now) {
		due = now.Truncate(tick).Add(tick)
	}
	return due, nil
}

// nextOpen is when people next open the app.
func (s *Story) nextOpen(now time.Time) time.Time {
	if !s.lived {
		return now.Add(furthest + grid)
	}
	return now.Truncate(grid).Add(grid)
}

func (s *Story) sweep(ctx context.Context, now time.Time, passed *Passed) error {
	run, err := s.at(now).Sweep(ctx, now)
	passed.Sweeps++
	passed.Moved += run.Moved
	passed.Told += run.Told
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// open has the people who open the app now do what they do.
func (s *Story) open(ctx context.Context, now time.Time, passed *Passed) error {
	err := s.deps.Store.View(ctx, func(r tracker.Reader) error { return s.crowd.follow(ctx, r) })
	if err != nil {
		return fmt.Errorf("follow the people: %w", err)
	}
	acts := s.crowd.acts(now)
	for len(acts) > 0 {
		batch := acts[:min(together, len(acts))]
		acts = acts[len(batch):]
		done, err := batch, s.inOne(ctx, batch, now)
		if refused(err) {
			done, err = s.oneByOne(ctx, batch, now)
		}
		if err != nil {
			return fmt.Errorf("let people act: %w", err)
		}
		passed.count(done)
	}
	return nil
}

func (p *Passed) count(acts []act) {
	for _, a := range acts {
		switch a.deed {
		case looks:
			p.Looked++
		case accepts:
			p.Accepted++
		case declines:
			p.Declined++
		case snoozes:
			p.Snoozed++
		}
	}
}
