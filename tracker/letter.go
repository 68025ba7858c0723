package tracker

import (
	"context"
	"time"

	"assent/terms"
)

// Letter is a delivery with all that goes into its message, and whether it is to
// be sent at all.
type Letter struct {
	Delivery
	Contact Contact
	Offer   Offer
	Say     time.Time     // the date it tells, Never where it tells that there is none
	Again   time.Duration // how long after it the next reminder is due; 0: none
	Drop    string        // why it must not be sent any more, "" where it must
	Wait    time.Time     // until when it must not be sent yet; zero: now is right
}

// says is the date a person has to be told.
func says(p terms.Plan, country string) time.Time {
	l := p.In(country)
	if l.ReversalID != "" {
		return Never()
	}
	return l.Deadline
}

// week is the time in which reminders are counted.
const week = 7 * 24 * time.Hour

// LetterOf works out, on the facts of now, what a delivery says and whether it
// is still right.
func (t *Tracker) LetterOf(ctx context.Context, d Delivery) (Letter, error) {
	now := t.instant()
	l := Letter{Delivery: d}
	if d.Person == "" {
		l.Drop = "the account is gone"
		return l, nil
	}
	var sent []time.Time
	var said map[int64]time.Time
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if l.Contact, err = r.Contact(ctx, d.Ref); err != nil && !isKind(err, terms.NotFound) {
			return err
		}
		if sent, err = r.SentTo(ctx, d.Ref, now.Add(-week)); err != nil {
			return err
		}
		said, err = r.LastSaid(ctx, d.Campaign, []int64{d.Ref})
		return err
	})
	if err != nil {
		return l, err
	}
	l.Offer, err = t.Offer(ctx, d.Person, d.Campaign)
	if isKind(err, terms.NotFound) {
		l.Drop = "the person is not in the campaign any more"
		return l, nil
	}
	if err != nil {
		return l, err
	}
	l.Say = says(l.Offer.Ladder, l.Offer.Enrolled.Country)
	if l.Drop = l.Contact.unfit(d.Kind); l.Drop == "" {
		l.Drop = l.overtaken(said[d.Ref])
	}
	if l.Drop == "" {
		l.Wait = l.later(t.Post, sent, now)
	}
	if d.Kind == LetterTold || d.Kind == LetterReminder || d.Kind == LetterEntered {
		l.Again = l.Offer.Position.Reminder.Every
	}
	return l, nil
}

// overtaken says why it would not be right any more, "" where it still is.
func (l Letter) overtaken(said time.Time) string {
	e, pos := l.Offer.Enrolled, l.Offer.Position
	climbs := l.Kind == LetterTold || l.Kind == LetterReminder || l.Kind == LetterWarned || l.Kind == LetterEntered
	silent := l.Offer.Local.Reminder != nil && *l.Offer.Local.Reminder == (terms.Reminder{})
	switch {
	case e.Status != terms.Pending && e.Status != terms.Declined || e.Bound:
		return "nothing is asked of the person any more"
	case climbs && e.Stage != l.Stage, l.Kind == LetterRestored && e.Stage > l.Stage:
		return "the person has moved on"
	case climbs && pos.Reversal != "":
		return "it was taken back"
	case climbs && silent && !l.Offer.Ladder.Stages[e.Stage].Takes():
		return "nobody is reminded where the person is"
	case l.Kind == LetterMoved && (l.Say.Equal(Never()) || said.Equal(l.Say)), l.Kind == LetterReversed && (!l.Say.Equal(Never()) || said.Equal(l.Say)):
		return "the person knows already"
	case l.Kind == LetterReminder && pos.HoldID == "" && pos.Reminder == (terms.Reminder{}):
		return "the person is not reminded any more"
	}
	return ""
}

// heldFor is how long a letter waits before it is looked at again while an open
// hold covers the person.
const heldFor = 24 * time.Hour

// later is until when it must wait, zero where it need not.
func (l Letter) later(post Post, sent []time.Time, now time.Time) time.Time {
	pos := l.Offer.Position
	climbs := l.Kind != LetterMoved && l.Kind != LetterReversed && l.Kind != LetterRestored
	switch quiet := post.Quiet.After(now, l.Offer.Zone); {
	case climbs && pos.HoldID != "" && (l.Kind != LetterReminder || pos.Reminder == (terms.Reminder{})):
		return now.Add(heldFor)
	case l.Kind == LetterReminder && pos.Quiet.After(now):
		return pos.Quiet
	case l.Kind == LetterReminder && post.Weekly > 0 && len(sent) >= post.Weekly:
		return sent[len(sent)-post.Weekly].Add(week)
	case quiet.After(now):
		return quiet
	}
	return time.Time{}
}
