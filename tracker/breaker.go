package tracker

import (
	"context"
	"fmt"
	"math"
	"time"

	"assent/terms"
)

// Guard is how many people a campaign's sweeps may newly restrict, in one run
// or within 24 hours, before they stop and wait for staff: the larger of Share
// of those the campaign asks and Floor, or Factor times what staff approved. The
// zero Guard lets everything through.
type Guard struct {
	Share  float64
	Floor  int64
	Factor float64
}

// guardWindow is the time over which people newly restricted are added up.
const guardWindow = 24 * time.Hour

// limit is how many people may be newly restricted within the window.
func (g Guard) limit(b Breaker, asked int64, now time.Time) int64 {
	if g == (Guard{}) {
		return math.MaxInt32
	}
	if b.Approved > 0 && now.Before(b.ApprovedUntil) {
		return int64(float64(b.Approved) * g.Factor)
	}
	return max(int64(float64(asked)*g.Share), g.Floor)
}

// restricts reports whether going from one stage to another takes something
// from a person who had everything.
func restricts(p terms.Plan, from, to int) bool { return !taken(p, from) && taken(p, to) }

// taken reports whether people at a stage are without something.
func taken(p terms.Plan, stage int) bool {
	for _, s := range p.Stages[:stage+1] {
		if s.Takes() {
			return true
		}
	}
	return false
}

// fuse is a campaign's breaker as one run knows it.
type fuse struct {
	state  Breaker
	limit  int64
	recent int64 // newly restricted within the window, before this run
	blown  bool  // no stage that takes something is entered in this run
}

// fuseOf reads a campaign's breaker.
func (t *Tracker) fuseOf(ctx context.Context, r Reader, campaign string, now time.Time) (fuse, error) {
	f := fuse{}
	var err error
	if f.state, err = r.Breaker(ctx, campaign); err != nil {
		return f, err
	}
	if f.recent, err = r.Restricted(ctx, campaign, now.Add(-guardWindow)); err != nil {
		return f, err
	}
	counts, err := r.Counts(ctx, campaign)
	var asked int64
	for _, c := range counts {
		if c.Status != terms.Exempt {
			asked += c.People
		}
	}
	f.limit = t.Guard.limit(f.state, asked, now)
	f.blown = !f.state.TrippedAt.IsZero()
	return f, err
}

// arm looks ahead, before a run moves anybody in a campaign, at how many people
// it would newly restrict, and blows the fuse where that is too many.
func (t *Tracker) arm(ctx context.Context, run *Run, campaign string, now time.Time) (fuse, error) {
	var f fuse
	var due int
	room := int64(0)
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if f, err = t.fuseOf(ctx, r, campaign, now); err != nil || f.blown {
			return err
		}
		room = max(f.limit-f.recent, 0)
		due, err = r.DueCount(ctx, campaign, now, int(room)+1)
		return err
	})
	if err != nil || f.blown || int64(due) <= room {
		return f, err // fewer are due, for whatever, than may be restricted
	}
	would, err := t.wouldRestrict(ctx, campaign, now)
	if err != nil || would <= room {
		return f, err
	}
	return t.trip(ctx, f, run, campaign, would, now)
}

// trip stops a campaign's restrictions until staff look at them.
func (t *Tracker) trip(ctx context.Context, f fuse, run *Run, campaign string, would int64, now time.Time) (fuse, error) {
	f.blown = true
	f.state.Campaign, f.state.TrippedAt, f.state.Would, f.state.Recent, f.state.Limit, f.state.Run = campaign, now, would, f.recent, f.limit, run.ID
	return f, t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.SetBreaker(ctx, f.state); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{
			At: now, Actor: "sweep", Action: "breaker.trip", Object: campaign,
			Reason: fmt.Sprintf("the run would newly restrict %d people, %d were within 24 hours, and %d are allowed", would, f.recent, f.limit),
		})
	})
}

// wouldRestrict counts the people that a run would newly restrict now.
func (t *Tracker) wouldRestrict(ctx context.Context, campaign string, now time.Time) (int64, error) {
	var would int64
	err := t.eachDue(ctx, campaign, now, func(r rules, due []Enrolled) error {
		for _, e := range due {
			p, err := r.planOf(e)
			if err != nil {
				continue // the run counts it as a failure
			}
			if step := terms.Step(p, e.Enrollment, r.holds, now); step.Action == terms.Enter && restricts(p, e.Stage, step.Stage) {
				would++
			}
		}
		return nil
	})
	return would, err
}

// eachDue walks what is due in a campaign, page by page, writing nothing.
func (t *Tracker) eachDue(ctx context.Context, campaign string, at time.Time, look func(rules, []Enrolled) error) error {
	for after, more := (Cursor{}), true; more; {
		var r rules
		var due []Enrolled
		err := t.Store.View(ctx, func(tx Reader) error {
			var err error
			if r, err = t.rulesOf(ctx, tx, campaign); err != nil {
				return err
			}
			due, err = tx.Due(ctx, campaign, at, after, previewPage)
			return err
		})
		if err != nil {
			return err
		}
		if more = len(due) == previewPage; len(due) > 0 {
			after = Cursor{due[len(due)-1].NextAt, due[len(due)-1].Ref}
		}
		if err := look(r, due); err != nil { // outside of the snapshot: whoever listens may be slow
			return err
		}
	}
	return nil
}

// Expectation is what staff say, after a preview, that a campaign's next runs
// are expected to do: newly restrict this many people within 24 hours, until an
// instant.
type Expectation struct {
	Campaign string
	People   int64
	Until    time.Time
	Reason   string
}

// maxExpectation is how long an expectation can count.
const maxExpectation = 31 * 24 * time.Hour

// Expect approves a preview: the campaign's sweeps stop only at Factor times as
// many people, and go on if they were stopped. Invalid with faults; an *Awaits
// when it needs a second person.
func (t *Tracker) Expect(ctx context.Context, x Expectation, actor string) (Breaker, error) {
	if err := t.perform(ctx, &expecting{x.Campaign, x.People, x.Until.UTC().Truncate(time.Microsecond), x.Reason}, actor); err != nil {
		return Breaker{}, err
	}
	state, err := t.BreakerOf(ctx, x.Campaign)
	return state.Breaker, err
}

type expecting struct {
	Campaign string    `json:"campaign"`
	People   int64     `json:"people"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
}

func (a *expecting) name() string     { return ActBreaker }
func (a *expecting) campaign() string { return a.Campaign }
func (a *expecting) object() string   { return fmt.Sprintf("%s: %d people", a.Campaign, a.People) }
func (a *expecting) why() string      { return a.Reason }

func (a *expecting) do(ctx context.Context, _ *Tracker, tx Tx, actor string, now time.Time) error {
	var faults terms.Faults
	if a.People < 1 {
		faults = append(faults, terms.Fault{Path: "people", Detail: "must be at least 1: how many people the next runs are expected to newly restrict, as the preview says"})
	}
	if !a.Until.After(now) || a.Until.After(now.Add(maxExpectation)) {
		faults = append(faults, terms.Fault{Path: "until", Detail: "must lie ahead, at most 31 days"})
	}
	if a.Reason == "" {
		faults = append(faults, terms.Fault{Path: "reason", Detail: "say why, for the record"})
	}
	if err := faults.OrNil(); err != nil {
		return err
	}
	if _, err := tx.Campaign(ctx, a.Campaign); err != nil {
		return err
	}
	return tx.SetBreaker(ctx, Breaker{
		Campaign: a.Campaign, Approved: a.People, ApprovedAt: now, ApprovedUntil: a.Until, ApprovedBy: actor, Reason: a.Reason,
	})
}

// BreakerState is a breaker with what it would allow now.
type BreakerState struct {
	Breaker
	Allowed int64 // people that may be newly restricted within 24 hours
	Now     int64 // people that were within the last 24
}

// BreakerOf returns a campaign's breaker.
func (t *Tracker) BreakerOf(ctx context.Context, campaign string) (BreakerState, error) {
	now := t.instant()
	var out BreakerState
	err := t.Store.View(ctx, func(r Reader) error {
		if _, err := r.Campaign(ctx, campaign); err != nil {
			return err
		}
		f, err := t.fuseOf(ctx, r, campaign, now)
		out = BreakerState{f.state, f.limit, f.recent}
		return err
	})
	return out, err
}
