package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// PlaceHold stops the ladder for a scope, from Starts on. A zero Starts is
// now; it cannot lie in the past. Nothing is taken away from anybody under a
// hold; with Lift, people have everything meanwhile. A negative Spread is
// the deployment's: a while for holds that continue or restart the clock, none
// for those that stop it, which keep people as far apart as they were.
func (t *Tracker) PlaceHold(ctx context.Context, h terms.Hold, actor string) (Hold, error) {
	now := t.instant()
	if h.Starts.IsZero() {
		h.Starts = now
	}
	if h.Spread < 0 {
		h.Spread = 0
		if h.Clock != terms.ClockStop {
			h.Spread = t.Leniency.HoldSpread
		}
	}
	if err := checkHold(h, now); err != nil {
		return Hold{}, err
	}
	id, err := t.newID("hld")
	if err != nil {
		return Hold{}, err
	}
	h.ID, h.Starts, h.Ends = id, h.Starts.UTC(), h.Ends.UTC()
	placed := Hold{Hold: h, PlacedBy: actor, PlacedAt: now}
	err = t.Store.Update(ctx, func(tx Tx) error {
		if err := t.checkScope(ctx, tx, h); err != nil {
			return err
		}
		if err := tx.AddHold(ctx, placed); err != nil {
			return err
		}
		if h.Effect == terms.Lift {
			if err := t.revisit(ctx, tx, h, now); err != nil {
				return err
			}
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "hold.place", Object: h.Campaign + "/" + id, Person: h.Scope.Person,
			Reason: h.Reason, After: holdFacts(h)})
	})
	if err != nil {
		return Hold{}, err
	}
	return placed, t.settled(ctx)
}

// revisit has everybody in a hold's scope looked at afresh: people whom it
// gives something back, or who waited for its end, may have no date for that.
func (t *Tracker) revisit(ctx context.Context, tx Tx, h terms.Hold, now time.Time) error {
	if h.Scope.Person == "" {
		return tx.SetEnrolledTo(ctx, h.Campaign, 0)
	}
	return t.look(ctx, tx, h.Scope.Person, h.Campaign, now)
}

// checkScope refuses a scope that nobody can be in.
func (t *Tracker) checkScope(ctx context.Context, r Reader, h terms.Hold) error {
	rules, err := t.rulesOf(ctx, r, h.Campaign)
	if err != nil {
		return err
	}
	if !rules.regionKnown(h.Scope.Region) {
		return terms.Faults{{Path: "scope.region", Detail: fmt.Sprintf("%q is neither a region of plan %d nor an ISO 3166-1 country", h.Scope.Region, rules.active.Number)}}
	}
	if h.Scope.Person != "" {
		_, err = enrollment(ctx, r, h.Scope.Person, h.Campaign)
	}
	return err
}

func checkHold(h terms.Hold, now time.Time) error {
	var faults terms.Faults
	add := func(path, detail string) { faults = append(faults, terms.Fault{Path: path, Detail: detail}) }
	if h.Reason == "" {
		add("reason", "say why, for the record and for the people it concerns")
	}
	if !slices.Contains([]terms.HoldClock{terms.ClockStop, terms.ClockContinue, terms.ClockRestart}, h.Clock) {
		add("clock", fmt.Sprintf("%q is not one of stop, continue, restart", h.Clock))
	}
	if !slices.Contains([]terms.HoldEffect{terms.Freeze, terms.Lift}, h.Effect) {
		add("effect", fmt.Sprintf("%q is not one of freeze, lift", h.Effect))
	}
	if h.Starts.Before(now) {
		add("starts_at", "lies in the past; leave it out to start now")
	}
	if !h.Ends.IsZero() && !h.Ends.After(h.Starts) {
		add("ends_at", "must come after starts_at")
	}
	if h.Spread > maxSpread {
		add("spread", "is longer than 90d; that would be another plan")
	}
	return faults.OrNil()
}

// maxSpread is the longest time over which people go on after a hold.
const maxSpread = 90 * 24 * time.Hour

// Holds lists every hold of a campaign, also those that are over; NotFound for
// an unknown campaign.
func (t *Tracker) Holds(ctx context.Context, campaign string) ([]Hold, error) {
	return read(ctx, t, func(r Reader) ([]Hold, error) {
		if _, err := r.Campaign(ctx, campaign); err != nil {
			return nil, err
		}
		return r.Holds(ctx, campaign)
	})
}

// ReleaseHold ends a hold now. Those it stopped go on by the clock it was given,
// over its spread. NotFound; Conflict when it has ended already; an *Awaits
// when it needs a second person.
func (t *Tracker) ReleaseHold(ctx context.Context, campaign, id, reason, actor string) (Hold, error) {
	if err := t.perform(ctx, &releasing{Campaign: campaign, Hold: id, Reason: reason}, actor); err != nil {
		return Hold{}, err
	}
	holds, err := read(ctx, t, func(r Reader) ([]Hold, error) { return r.Holds(ctx, campaign) })
	if err != nil {
		return Hold{}, err
	}
	i := slices.IndexFunc(holds, func(h Hold) bool { return h.ID == id })
	return holds[i], nil
}

type releasing struct {
	Campaign string `json:"campaign"`
	Hold     string `json:"hold"`
	Reason   string `json:"reason,omitempty"`

	person string // whom the hold was for, once it is released
}

// about is whom the hold was for.
func (a *releasing) about() string { return a.person }

func (a *releasing) name() string     { return ActRelease }
func (a *releasing) campaign() string { return a.Campaign }
func (a *releasing) object() string   { return a.Campaign + "/" + a.Hold }
func (a *releasing) why() string      { return a.Reason }

func (a *releasing) do(ctx context.Context, t *Tracker, tx Tx, actor string, now time.Time) error {
	h, err := tx.EndHold(ctx, a.Campaign, a.Hold, now, actor, a.Reason)
	if err != nil {
		return err
	}
	a.person = h.Scope.Person
	return t.revisit(ctx, tx, h.Hold, now)
}

// holdFacts says what a hold holds.
func holdFacts(h terms.Hold) string {
	return facts("region", h.Scope.Region, "person", h.Scope.Person, "attributes", h.Scope.Attributes, "reference", h.Reference,
		"clock", h.Clock, "effect", h.Effect, "starts", stamp(h.Starts), "ends", stamp(h.Ends))
}

// look works out one person's next date afresh.
func (t *Tracker) look(ctx context.Context, tx Tx, person, campaign string, now time.Time) error {
	r, err := t.rulesOf(ctx, tx, campaign)
	if err != nil {
		return err
	}
	before, err := tx.Enrollment(ctx, person, campaign)
	if err != nil {
		return err
	}
	p, err := r.planOf(before)
	if err != nil {
		return err
	}
	_, err = tx.Save(ctx, []Move{{Before: before, After: t.schedule(p, before, r.holds, now), Kind: ChangeNext}}, now)
	return err
}
