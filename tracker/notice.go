package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// ReportedNotice is what an app or a channel tells about a notice of its own.
type ReportedNotice struct {
	Person    string
	Campaign  string
	Channel   Channel
	Presented bool // the person saw it
	Delivered bool // it reached the person's device or mailbox
}

// Notice records that a notice was presented or delivered. It belongs to the
// stage the person is in now; without one, nothing is taken away there.
func (t *Tracker) Notice(ctx context.Context, n ReportedNotice) (Notice, error) {
	if err := n.check(); err != nil {
		return Notice{}, err
	}
	now := t.instant()
	id, err := t.newID("ntc")
	if err != nil {
		return Notice{}, err
	}
	var notice Notice
	err = t.change(ctx, n.Person, n.Campaign, func(_ Tx, _ terms.Plan, before Enrolled) (Move, error) {
		m := n.move(id, before, now)
		notice = *m.Notice
		return m, nil
	}, now)
	return notice, err
}

// NoticeMany records notices to different people in one campaign, at most
// MaxBatch, in one transaction: all of them or none.
func (t *Tracker) NoticeMany(ctx context.Context, notices []ReportedNotice) error {
	if len(notices) > MaxBatch {
		return terms.Errorf(terms.Invalid, "%d notices at once; send at most %d", len(notices), MaxBatch)
	}
	now := t.instant()
	return t.commit(context.WithoutCancel(ctx), func(tx Tx) error {
		if len(notices) == 0 {
			return nil
		}
		r, err := t.rulesOf(ctx, tx, notices[0].Campaign)
		if err != nil {
			return err
		}
		moves := make([]Move, len(notices))
		for i, n := range notices {
			if moves[i], err = t.noticed(ctx, tx, r, n, now); err != nil {
				return err
			}
		}
		return t.save(ctx, tx, r, moves, now)
	})
}

// noticed is the move that a notice makes.
func (t *Tracker) noticed(ctx context.Context, tx Tx, r rules, n ReportedNotice, now time.Time) (Move, error) {
	if err := n.check(); err != nil {
		return Move{}, err
	}
	if n.Campaign != r.campaign.Key {
		return Move{}, terms.Errorf(terms.Invalid, "the notices are about more than one campaign: %q and %q", r.campaign.Key, n.Campaign)
	}
	before, err := enrollment(ctx, tx, n.Person, n.Campaign)
	if err != nil {
		return Move{}, err
	}
	p, err := r.planOf(before)
	if err != nil {
		return Move{}, err
	}
	id, err := t.newID("ntc")
	m := n.move(id, before, now)
	m.After = t.schedule(p, m.After, r.holds, now)
	return m, err
}

func (n ReportedNotice) move(id string, before Enrolled, now time.Time) Move {
	m := Move{Before: before, After: before, Kind: ChangeNoticed, Notice: &Notice{
		ID: id, Person: n.Person, Ref: before.Ref, Campaign: n.Campaign, Plan: before.Plan, Stage: before.Stage, Kind: Reported,
		Channel: n.Channel, Presented: n.Presented, Delivered: n.Delivered, At: now,
	}}
	if n.Presented || n.Delivered {
		m.After.Enrollment = before.Notice(now)
	}
	if before.FirstNotice.IsZero() && !m.After.FirstNotice.IsZero() {
		m.Tallies = append(m.Tallies, TallyNoticed)
	}
	return m
}

func (n ReportedNotice) check() error {
	if !slices.Contains([]Channel{InApp, Email, Push}, n.Channel) {
		return terms.Faults{{Path: "channel", Detail: fmt.Sprintf("%q is not one of in_app, email, push", n.Channel)}}
	}
	return nil
}

// Snooze records "decide later" and returns when reminders may come back.
// TooMany when the campaign's budget is used up; Conflict when there is
// nothing to decide.
func (t *Tracker) Snooze(ctx context.Context, person, campaign string) (time.Time, error) {
	now := t.instant()
	var until time.Time
	err := t.change(ctx, person, campaign, func(tx Tx, p terms.Plan, before Enrolled) (Move, error) {
		if before.Status == terms.Accepted || before.Status == terms.Exempt {
			return Move{}, terms.Errorf(terms.Conflict, "there is nothing to decide: the person's status is %s", before.Status)
		}
		m := Move{Before: before, After: before, Kind: ChangeSnoozed, Tallies: []Tally{TallySnoozed}}
		var err error
		if m.After.Enrollment, err = before.Snooze(p, now); err != nil {
			return Move{}, err
		}
		if before.FirstNotice.IsZero() {
			m.Tallies = append(m.Tallies, TallyNoticed)
		}
		until = m.After.SnoozedUntil
		return m, nil
	}, now)
	return until, err
}

// change writes one move of one person in one transaction.
func (t *Tracker) change(ctx context.Context, person, campaign string, decide func(Tx, terms.Plan, Enrolled) (Move, error), now time.Time) error {
	ctx = context.WithoutCancel(ctx)
	return t.commit(ctx, func(tx Tx) error {
		r, err := t.rulesOf(ctx, tx, campaign)
		if err != nil {
			return err
		}
		before, err := enrollment(ctx, tx, person, campaign)
		if err != nil {
			return err
		}
		p, err := r.planOf(before)
		if err != nil {
			return err
		}
		m, err := decide(tx, p, before)
		if err != nil {
			return err
		}
		m.After = t.schedule(p, m.After, r.holds, now)
		revisions, err := tx.Save(ctx, []Move{m}, now)
		if err != nil {
			return err
		}
		if revisions[0] == 0 {
			return fmt.Errorf("person %s moved while the row was locked", person)
		}
		return t.follow(ctx, tx, r, []Enrolled{m.After}, now)
	})
}

// enrollment returns a person's place in a campaign, or NotFound that says
// whether it is the person or the place that is missing.
func enrollment(ctx context.Context, r Reader, person, campaign string) (Enrolled, error) {
	e, err := r.Enrollment(ctx, person, campaign)
	if !isKind(err, terms.NotFound) {
		return e, err
	}
	if _, err := r.Person(ctx, person); err != nil {
		return e, err
	}
	return e, terms.Errorf(terms.NotFound, "person %q is not in campaign %q", person, campaign)
}
