package tracker

import (
	"context"
	"time"

	"assent/terms"
)

// Sample is somebody made up, for showing what people are shown and sent.
type Sample struct {
	Campaign        string
	Plan            int // 0: the active one
	Country, Locale string
	Stage           int
	Dated           bool // at the time somebody who was told first would come to the stage, instead of now
}

// SampleOffer is what a plan would ask of such a person, and the instant it is
// asked at.
func (t *Tracker) SampleOffer(ctx context.Context, s Sample) (Offer, time.Time, error) {
	now := t.instant()
	var o Offer
	err := t.Store.View(ctx, func(r Reader) error {
		rules, err := t.sampled(ctx, r, s)
		if err != nil {
			return err
		}
		p := rules.current()
		e := terms.Enroll(p, "sample", s.Country, terms.Personal, now.Add(-p.NoticePeriod), now).Notice(now)
		e.Stage, e.Told = min(s.Stage, len(p.Stages)-1), now
		if s.Dated {
			e, now = arrived(p, e, rules.holds, now)
		}
		o.Plan, o.Previous, o.Person = rules.active, rules.previous(), Person{ID: "sample", Country: s.Country, Locale: s.Locale, Type: terms.Personal, Created: e.Created}
		o.Language, o.Zone = s.Locale, t.zoneOf("", s.Country)
		o.Enrolled = Enrolled{Enrollment: e, Locale: s.Locale}
		o.Standing = p.Standing(t.Catalogue, e, rules.holds, now)
		o.judge(p, rules, now)
		published, err := r.Versions(ctx, "")
		if err != nil {
			return err
		}
		o.Earlier = earlier(published)
		return t.texts(ctx, r, rules, &o)
	})
	return o, now, err
}

// sampled are the rules as they are, or as they would be with another plan.
func (t *Tracker) sampled(ctx context.Context, r Reader, s Sample) (rules, error) {
	c, err := r.Campaign(ctx, s.Campaign)
	if err != nil {
		return rules{}, err
	}
	var out rules
	if c.Plan != 0 || s.Plan == 0 {
		if out, err = t.rulesOf(ctx, r, s.Campaign); err != nil || s.Plan == 0 || s.Plan == c.Plan {
			return out, err
		}
	}
	next, err := r.Plan(ctx, s.Campaign, s.Plan)
	if err != nil {
		return rules{}, err
	}
	if c.Plan != 0 {
		next.Reversals = out.current().Reversals
	}
	out.active, out.plans = next, map[int]terms.Plan{next.Number: next.Plan}
	return out, nil
}

// arrived has somebody who was told at the announcement, or now where it was
// before, come to a stage when it is due, and answers when that is.
func arrived(p terms.Plan, e terms.Enrollment, holds []terms.Hold, now time.Time) (terms.Enrollment, time.Time) {
	stage, at := e.Stage, now
	if local := p.In(e.Country); at.Before(local.AnnounceAt) {
		at = local.AnnounceAt
	}
	e = terms.Enroll(p, e.Person, e.Country, terms.Personal, at.Add(-p.NoticePeriod), at).Notice(at)
	for _, next := range p.Ahead(e, holds, at) {
		if e.Stage == stage {
			break
		}
		if next.At.After(at) {
			at = next.At
		}
		e = e.Apply(p, terms.Due{Action: terms.Enter, Stage: e.Stage + 1}, at).Notice(at)
	}
	e.Told = e.Entered
	return e, at
}
