package tracker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"assent/terms"
)

// Offer is all that a choice page needs to say to one person.
type Offer struct {
	Person   Person
	Plan     PlanRecord // the active plan: what is asked
	Ladder   terms.Plan // the plan as it binds the person now, whose stages Enrolled counts: see terms.InForce
	Enrolled Enrolled
	Position terms.Position
	Standing terms.Standing // combined over all campaigns
	Local    terms.Local    // the plan as it stands for the person's region
	Ahead    []terms.Next   // the stages still before the person, with dates
	Previous terms.Plan     // the one that was active before it; zero for the first
	Versions []Version      // the plan's documents, in its order, with texts
	Holds    []Hold         // in force for the person
	Past     []Response     // every choice of the person, newest first
	Answers  []Response     // those of them in this campaign
	Language string         // to speak to the person in, BCP 47: as the person chose, else that of the account
	Zone     *time.Location // to show the person times in: as the platform named it, else of the country, else UTC

	Earlier map[terms.DocumentRef]string // the version of the same document published before each version, but the first
}

// Offer returns what a campaign asks of a person. NotFound for an unknown
// person or campaign, or a person who is not in it. What it holds is shared, and
// only to be read.
func (t *Tracker) Offer(ctx context.Context, person, campaign string) (Offer, error) {
	now := t.instant()
	var o Offer
	err := t.Store.View(ctx, func(r Reader) error {
		a, err := r.Account(ctx, person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(a.Places, func(p Place) bool { return p.Campaign.Key == campaign })
		if i < 0 {
			_, err := r.Enrollment(ctx, person, campaign) // which says why
			return err
		}
		place := a.Places[i]
		rules, err := t.rulesFor(ctx, r, place.Campaign)
		if err != nil {
			return err
		}
		p, err := rules.planOf(place.Enrolled)
		if err != nil {
			return err
		}
		o = Offer{Plan: rules.active, Previous: rules.previous(), Person: a.Person, Enrolled: place.Enrolled}
		o.Language, o.Zone = cmp.Or(a.Language, a.Person.Locale), t.zoneOf(a.Zone, a.Person.Country)
		if o.Standing, err = t.standingOf(ctx, r, a, now); err != nil {
			return err
		}
		o.judge(p, rules, now)
		if o.Earlier, err = t.earlier(ctx, r, a.Published); err != nil {
			return err
		}
		if err := t.texts(ctx, r, rules, &o); err != nil || !a.Answered {
			return err
		}
		return o.answers(ctx, r)
	})
	return o, err
}

// History is what "my terms" shows: every choice of a person, newest first.
func (t *Tracker) History(ctx context.Context, person string) ([]Response, error) {
	var list []Response
	err := t.Store.View(ctx, func(r Reader) error {
		if _, err := r.Person(ctx, person); err != nil {
			return err
		}
		var err error
		list, err = r.Responses(ctx, person)
		return err
	})
	return list, err
}

// File is what staff see of one person in all campaigns.
type File struct {
	PersonStanding
	Responses   []Response
	Notices     []Notice
	Transitions []Transition
}

// fileLength is how many notices and transitions a File holds at most.
const fileLength = 100

// File returns a person's standing and timeline.
func (t *Tracker) File(ctx context.Context, person string) (File, error) {
	standing, err := t.Standing(ctx, person)
	if err != nil {
		return File{}, err
	}
	f := File{PersonStanding: standing}
	err = t.Store.View(ctx, func(r Reader) error {
		if f.Responses, err = r.Responses(ctx, person); err != nil {
			return err
		}
		if f.Notices, err = r.Notices(ctx, person, fileLength); err != nil {
			return err
		}
		f.Transitions, err = r.Transitions(ctx, "", person, fileLength)
		return err
	})
	return f, err
}

// judge fills in what the rules say of the person.
func (o *Offer) judge(p terms.Plan, r rules, now time.Time) {
	o.Ladder, o.Local = p, p.In(o.Enrolled.Country)
	o.Ahead = p.Ahead(o.Enrolled.Enrollment, r.holds, now)
	for _, pos := range o.Standing.Positions {
		if pos.Campaign == p.Campaign {
			o.Position = pos
		}
	}
	for _, h := range r.held {
		if h.Covers(p, o.Enrolled.Enrollment) && h.Active(now) {
			o.Holds = append(o.Holds, h)
		}
	}
}

// texts fills in what is asked about where the person is.
func (t *Tracker) texts(ctx context.Context, r Reader, rules rules, o *Offer) error {
	for _, ref := range rules.active.In(o.Enrolled.Country).Documents {
		v, err := t.library.version(ctx, r, ref)
		if err != nil {
			return err
		}
		o.Versions = append(o.Versions, v)
	}
	return nil
}

func (o *Offer) answers(ctx context.Context, r Reader) error {
	var err error
	o.Past, err = r.Responses(ctx, o.Person.ID)
	for _, one := range o.Past {
		if one.Campaign == o.Plan.Campaign {
			o.Answers = append(o.Answers, one)
		}
	}
	return err
}
