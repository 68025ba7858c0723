package tracker

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
)

// Post is how people are written to outside the app.
type Post struct {
	Weekly      int              // reminders a person is sent within seven days, over all campaigns, at most
	Quiet       terms.QuietHours // nobody is sent anything
	CountsAfter time.Duration    // a mail that was sent and did not come back within this time has reached the person
	Tries       int              // after so many a delivery is given up
}

// postPlace is the name of the place in the journal up to which letters are
// queued.
const postPlace = "mail"

// QueueLetters reads the journal on from where it last stopped, at most so many
// changes, and queues what people are to be sent. It reports whether there may be
// more. The first time it begins with what happens from now on. Place and
// letters move in one transaction, so nothing is left out and nothing is queued
// twice.
func (t *Tracker) QueueLetters(ctx context.Context, limit int) (bool, error) {
	now := t.instant()
	var q piece
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		q, err = t.readOn(ctx, r, limit, now)
		return err
	})
	if err != nil || q.to == q.from && !q.begins {
		return false, err
	}
	err = t.Store.Update(ctx, func(tx Tx) error {
		if place, err := tx.Place(ctx, postPlace); err != nil && !isKind(err, terms.NotFound) || place != q.from {
			return err // another process was there first
		}
		for _, m := range q.walks {
			if err := tx.PutMailing(ctx, m); err != nil {
				return err
			}
		}
		if err := tx.AddDeliveries(ctx, q.letters); err != nil {
			return err
		}
		return tx.SetPlace(ctx, postPlace, q.to)
	})
	return q.full, err
}

// piece is what a part of the journal leads to.
type piece struct {
	from, to uint64
	begins   bool
	full     bool // there may be more
	letters  []Delivery
	walks    []Mailing
}

func (t *Tracker) readOn(ctx context.Context, r Reader, limit int, now time.Time) (piece, error) {
	var q piece
	var err error
	if q.from, err = r.Place(ctx, postPlace); isKind(err, terms.NotFound) {
		q.begins = true
		q.to, err = r.Revision(ctx)
		return q, err
	}
	if err != nil {
		return q, err
	}
	changes, err := r.Changes(ctx, q.from, limit)
	if err != nil || len(changes) == 0 {
		q.to = q.from
		return q, err
	}
	q.to, q.full = changes[len(changes)-1].Revision, len(changes) == limit
	books := &books{t: t, known: map[string]rules{}}
	var to []Enrolled
	for _, c := range changes {
		d, err := books.letter(ctx, r, c)
		switch {
		case err != nil:
			return q, err
		case c.Kind == ChangePlan || c.Kind == ChangeReversal:
			q.walks = append(q.walks, Mailing{Campaign: c.Enrolled.Campaign, Revision: c.Revision})
		case d.Kind != "":
			q.letters, to = append(q.letters, d), append(to, c.Enrolled)
		}
	}
	q.letters, err = t.addressed(ctx, r, q.letters, to, now)
	return q, err
}

// addressed leaves the letters to people who can be written to, and says when it
// is not night where they are. Letter i is to whoever stands at i.
func (t *Tracker) addressed(ctx context.Context, r Reader, letters []Delivery, to []Enrolled, now time.Time) ([]Delivery, error) {
	refs := make([]int64, len(to))
	for i, e := range to {
		refs[i] = e.Ref
	}
	contacts, err := r.Contacts(ctx, refs)
	if err != nil {
		return nil, err
	}
	kept := letters[:0]
	for i, d := range letters {
		contact := contacts[d.Ref]
		if contact.unfit(d.Kind) != "" {
			continue
		}
		d.Channel, d.State, d.Created, d.NextAt = Email, Queued, now, t.Post.Quiet.After(now, t.zoneOf(contact.Zone, to[i].Country))
		kept = append(kept, d)
	}
	return kept, nil
}

// unfit says why a letter cannot be mailed to a person, "" where it can.
func (c Contact) unfit(k LetterKind) string {
	switch {
	case c.Email == "":
		return "no address is known"
	case !c.Bounced.IsZero():
		return "the address takes no mail"
	case !c.Allows(Email):
		return "the platform does not allow e-mail for the person"
	case !k.Owed() && !c.Silenced.IsZero():
		return "the person wants no reminders"
	}
	return ""
}

// books are the rules of the campaigns that changes are about.
type books struct {
	t     *Tracker
	known map[string]rules
}

func (b *books) of(ctx context.Context, r Reader, campaign string) (rules, error) {
	if known, ok := b.known[campaign]; ok {
		return known, nil
	}
	found, err := b.t.rulesOf(ctx, r, campaign)
	if err == nil {
		b.known[campaign] = found
	}
	return found, err
}

// letter is what a change has to be told of, without a kind where it is nothing.
func (b *books) letter(ctx context.Context, r Reader, c Change) (Delivery, error) {
	if c.Enrolled.Ref == 0 || c.Kind != ChangeTold && c.Kind != ChangeWarned && c.Kind != ChangeEntered && c.Kind != ChangeRestored {
		return Delivery{}, nil
	}
	rules, err := b.of(ctx, r, c.Enrolled.Campaign)
	if err != nil {
		return Delivery{}, err
	}
	p, ok := rules.plans[c.Plan]
	if !ok || c.Stage >= len(p.Stages) || c.From >= len(p.Stages) {
		return Delivery{}, nil
	}
	d := Delivery{Notice: fmt.Sprintf("ntc_%d", c.Revision), Ref: c.Enrolled.Ref, Campaign: c.Enrolled.Campaign, Plan: c.Plan, Stage: c.Stage}
	switch {
	case c.Kind == ChangeTold:
		d.Kind = LetterTold
	case c.Kind == ChangeWarned:
		d.Kind = LetterWarned
	case c.Kind == ChangeEntered && p.Stages[c.Stage].Takes():
		d.Kind = LetterEntered
	case c.Kind == ChangeEntered:
		d.Kind = LetterReminder
	case c.Kind == ChangeRestored && taken(p, c.From) && p.In(c.Enrolled.Country).ReversalID == "": // everybody is told of a reversal
		d.Kind = LetterRestored
	}
	return d, nil
}

// WalkLetters goes on telling everybody in a campaign whose rules have changed,
// at most so many people, and reports whether there may be more. People are told
// who were told something else before.
func (t *Tracker) WalkLetters(ctx context.Context, limit int) (bool, error) {
	now := t.instant()
	walks, err := read(ctx, t, func(r Reader) ([]Mailing, error) { return r.Mailings(ctx) })
	if err != nil || len(walks) == 0 {
		return false, err
	}
	walk := walks[0]
	var letters []Delivery
	next := walk
	err = t.Store.View(ctx, func(r Reader) error {
		rows, err := r.Positions(ctx, walk.Campaign, walk.Ref, limit)
		if err != nil || len(rows) == 0 {
			return err
		}
		next.Ref = rows[len(rows)-1].Ref
		letters, err = t.contradicted(ctx, r, walk, rows, now)
		return err
	})
	if err != nil {
		return false, err
	}
	err = t.Store.Update(ctx, func(tx Tx) error {
		if now, err := tx.Mailings(ctx); err != nil || len(now) == 0 || now[0] != walk {
			return err // another process was there first, or the rules have changed again
		}
		if err := tx.AddDeliveries(ctx, letters); err != nil {
			return err
		}
		if next == walk {
			return tx.EndMailing(ctx, walk.Campaign)
		}
		return tx.PutMailing(ctx, next)
	})
	return true, err
}

// contradicted are the letters to people who were told another date than the one
// that holds now.
func (t *Tracker) contradicted(ctx context.Context, r Reader, walk Mailing, rows []Enrolled, now time.Time) ([]Delivery, error) {
	rules, err := t.rulesOf(ctx, r, walk.Campaign)
	if err != nil {
		return nil, err
	}
	refs := make([]int64, len(rows))
	for i, e := range rows {
		refs[i] = e.Ref
	}
	said, err := r.LastSaid(ctx, walk.Campaign, refs)
	if err != nil {
		return nil, err
	}
	var letters []Delivery
	var to []Enrolled
	for _, e := range rows {
		before, told := said[e.Ref]
		p, err := rules.planOf(e)
		if err != nil {
			return nil, err
		}
		say := says(p, e.Country)
		if !told || before.Equal(say) || e.Status != terms.Pending && e.Status != terms.Declined || e.Bound {
			continue
		}
		d := Delivery{Notice: fmt.Sprintf("ntc_%d_%d", walk.Revision, e.Ref), Ref: e.Ref, Campaign: e.Campaign, Plan: e.Plan, Stage: e.Stage, Kind: LetterMoved}
		if say.Equal(Never()) {
			d.Kind = LetterReversed
		}
		letters, to = append(letters, d), append(to, e)
	}
	return t.addressed(ctx, r, letters, to, now)
}
