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
	notice := Notice{ID: id, Person: n.Person, Campaign: n.Campaign, Kind: Reported, Channel: n.Channel, Presented: n.Presented, Delivered: n.Delivered, At: now}
	err = t.change(ctx, n.Person, n.Campaign, func(tx Tx, p terms.Plan, before Enrolled) (Move, error) {
		notice.Ref, notice.Plan, notice.Stage = before.Ref, before.Plan, before.Stage
		m := Move{Before: before, After: before, Kind: ChangeNoticed, Notice: &notice}
		if n.Presented || n.Delivered {
			m.After.Enrollment = before.Notice(now)
		}
		if before.FirstNotice.IsZero() && !m.After.FirstNotice.IsZero() {
			m.Tallies = append(m.Tallies, TallyNoticed)
		}
		return m, nil
	}, now)
	return notice, err
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
	var revision uint64
	ctx = context.WithoutCancel(ctx)
	err := t.Store.Update(ctx, func(tx Tx) error {
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
		if err := t.follow(ctx, tx, r, []Enrolled{m.After}, now); err != nil {
			return err
		}
		revision, err = tx.Revision(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return t.committed(ctx, revision)
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
