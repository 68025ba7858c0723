package tracker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// PlanPreview is what activating a plan would change for the people who are in
// the campaign. Nothing is written to find out.
type PlanPreview struct {
	Campaign string
	Plan     int
	Active   int                // the plan in force now, 0 for none
	Changes  []terms.Difference // from the plan in force
	Harsher  terms.Faults       // what it would take: until it is confirmed, it binds newcomers only
	Faults   terms.Faults       // why it cannot be activated
	People   int                // in the campaign
	Outcomes []PlanOutcome      // once it binds everybody
}

// PlanOutcome counts people of one region with the same outcome.
type PlanOutcome struct {
	Region   string // key of the new plan's region, "" for the rest of the world
	From, To string // keys of the stages, by the plan they are on and by the new one
	Asked    bool   // accepted already, and asked again
	Later    bool   // the next stage comes later, or not at all
	Sooner   bool   // it comes sooner, after the notice period has run again
	People   int
}

// PreviewPlan works out what a stored plan would change if it were activated
// and confirmed now. progress, if given, is told how many people were looked
// at. NotFound for an unknown campaign or plan.
func (t *Tracker) PreviewPlan(ctx context.Context, campaign string, number int, progress func(int)) (PlanPreview, error) {
	now := t.instant()
	p := PlanPreview{Campaign: campaign, Plan: number}
	var c Campaign
	var next PlanRecord
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if c, err = r.Campaign(ctx, campaign); err != nil {
			return err
		}
		if next, err = r.Plan(ctx, campaign, number); err != nil {
			return err
		}
		p.Active = c.Plan
		if c.Plan == 0 {
			return nil
		}
		active, err := r.Plan(ctx, campaign, c.Plan)
		if err != nil {
			return err
		}
		p.Changes = terms.Diff(active.Plan, next.Plan)
		p.Harsher, err = t.replaces(ctx, r, c, next.Plan)
		if errors.As(err, &p.Faults) {
			return nil
		}
		return err
	})
	if err != nil || c.Plan == 0 || len(p.Faults) > 0 {
		return p, err
	}
	return p, t.outcomes(ctx, &p, next.Plan, now, progress)
}

// Unconfirmed lists what the active plan would take from people who were in the
// campaign before it, who keep the gentler of it and their own until it is
// confirmed; nothing when it is. NotFound for an unknown campaign.
func (t *Tracker) Unconfirmed(ctx context.Context, campaign string) (terms.Faults, error) {
	return read(ctx, t, func(r Reader) (terms.Faults, error) {
		c, err := r.Campaign(ctx, campaign)
		if err != nil || c.Plan == c.Confirmed || c.Confirmed == 0 {
			return nil, err
		}
		plans, err := r.Plans(ctx, campaign)
		if err != nil {
			return nil, err
		}
		active, confirmed := plans[c.Plan-1], plans[c.Confirmed-1]
		var harsher terms.Faults
		for _, old := range plans { // people may be on any that was active since
			if old.Number == c.Plan || old.ActivatedAt.IsZero() || old.ActivatedAt.Before(confirmed.ActivatedAt) {
				continue
			}
			for _, one := range terms.Harsher(old.Plan, active.Plan, t.Catalogue) {
				if !slices.Contains(harsher, one) {
					harsher = append(harsher, one)
				}
			}
		}
		return harsher, nil
	})
}

// outcomes walks everybody in the campaign and counts what a plan would mean.
func (t *Tracker) outcomes(ctx context.Context, p *PlanPreview, next terms.Plan, now time.Time, progress func(int)) error {
	counts := map[PlanOutcome]int{}
	for after, more := int64(0), true; more; {
		err := t.Store.View(ctx, func(r Reader) error {
			rules, err := t.rulesOf(ctx, r, p.Campaign)
			if err != nil {
				return err
			}
			next.Reversals = rules.current().Reversals
			rows, err := r.Positions(ctx, p.Campaign, after, previewPage)
			if err != nil {
				return err
			}
			renewed := &renewal{rules: rules, known: map[renewalKey]bool{}}
			renewed.active.Plan = next
			for _, e := range rows {
				again, err := renewed.asksAgain(ctx, r, e)
				if err != nil {
					return err
				}
				old, err := rules.planOf(e)
				if err != nil {
					return err
				}
				counts[t.outcome(old, next, e.Enrollment, rules.holds, again, now)]++
				after = e.Ref
			}
			p.People += len(rows)
			more = len(rows) == previewPage
			return nil
		})
		if err != nil {
			return err
		}
		if progress != nil {
			progress(p.People)
		}
	}
	for o, people := range counts {
		o.People = people
		p.Outcomes = append(p.Outcomes, o)
	}
	slices.SortFunc(p.Outcomes, func(a, b PlanOutcome) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), b.People-a.People)
	})
	return nil
}

// outcome is what a plan would mean for one person. Account types stay in or
// out as they are: a preview does not look at the people's rows.
func (t *Tracker) outcome(old, next terms.Plan, e terms.Enrollment, holds []terms.Hold, again bool, now time.Time) PlanOutcome {
	after := e.Adopt(old, next, t.Catalogue, holds, e.Status != terms.Exempt, again, now)
	o := PlanOutcome{
		Region: next.In(e.Country).Region, From: old.Stages[e.Stage].Key, To: next.Stages[after.Stage].Key,
		Asked: e.Status == terms.Accepted && after.Status == terms.Pending,
	}
	if e.Status == terms.Accepted || e.Status == terms.Exempt {
		return o
	}
	at := func(p terms.Plan, e terms.Enrollment) time.Time {
		ahead := p.Ahead(e, holds, now)
		if len(ahead) == 0 {
			return never()
		}
		return ahead[0].At
	}
	then, will := at(old, e), at(next, after)
	o.Later, o.Sooner = will.After(then), will.Before(then)
	return o
}

// never stands for a date that does not come.
func never() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }
