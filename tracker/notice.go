package tracker

import (
	"context"
	"crypto/sha256"
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
	Presented bool      // the person saw it
	Delivered bool      // it reached the person's device or mailbox
	At        time.Time // when that was; zero: now
	Key       string    // made by the sender: of reports on a person with one key the first counts; "" for none
}

const (
	longestNoticeKey = 128         // bytes
	clockSkew        = time.Minute // by how much a sender's clock may be ahead
)

// Notice records that a notice was presented or delivered. It belongs to the
// stage the person was in then; without one in the stage they are in now,
// nothing is taken away there. A report that is known already is answered as it
// was recorded the first time.
func (t *Tracker) Notice(ctx context.Context, n ReportedNotice) (Notice, error) {
	now := t.instant()
	var notice Notice
	err := t.commit(context.WithoutCancel(ctx), func(tx Tx) error {
		r, err := t.rulesOf(ctx, tx, n.Campaign)
		if err != nil {
			return err
		}
		m, fresh, err := t.noticed(ctx, tx, r, n, now)
		if err != nil {
			return err
		}
		if notice = *m.Notice; !fresh {
			return nil
		}
		return t.save(ctx, tx, r, []Move{m}, now)
	})
	return notice, err
}

// NoticeMany records notices to different people in one campaign, at most
// MaxBatch, in one transaction: all of them or none. Those that are known
// already change nothing.
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
		moves := make([]Move, 0, len(notices))
		for _, n := range notices {
			m, fresh, err := t.noticed(ctx, tx, r, n, now)
			if err != nil {
				return err
			}
			if fresh {
				moves = append(moves, m)
			}
		}
		return t.save(ctx, tx, r, moves, now)
	})
}

// noticed is the move that a notice makes, or for a report that is known already
// its notice alone, and false.
func (t *Tracker) noticed(ctx context.Context, tx Tx, r rules, n ReportedNotice, now time.Time) (Move, bool, error) {
	if err := n.check(); err != nil {
		return Move{}, false, err
	}
	if n.Campaign != r.campaign.Key {
		return Move{}, false, terms.Errorf(terms.Invalid, "the notices are about more than one campaign: %q and %q", r.campaign.Key, n.Campaign)
	}
	before, err := enrollment(ctx, tx, n.Person, n.Campaign)
	if err != nil {
		return Move{}, false, err
	}
	id, err := t.noticeID(n)
	if err != nil {
		return Move{}, false, err
	}
	if n.Key != "" {
		if old, err := tx.Notice(ctx, before.Ref, id); !isKind(err, terms.NotFound) {
			old.Person = n.Person
			return Move{Notice: &old}, false, err
		}
	}
	at, err := n.instant(before, now)
	if err != nil {
		return Move{}, false, err
	}
	m := n.move(id, before, at)
	if at.Before(before.Entered) {
		if m.Notice.Plan, m.Notice.Stage, err = stageAt(ctx, tx, before, at); err != nil {
			return Move{}, false, err
		}
	}
	p, err := r.planOf(before)
	m.After = t.schedule(p, m.After, r.holds, now)
	return m, true, err
}

// noticeID is a new id, or the one that reports with this key have. The key
// itself is not stored: it is the sender's, and may say what nobody asked for.
func (t *Tracker) noticeID(n ReportedNotice) (string, error) {
	if n.Key == "" {
		return t.newID("ntc")
	}
	sum := sha256.Sum256([]byte(n.Campaign + "\x00" + n.Key))
	return idText("ntc", [16]byte(sum[:])), nil
}

// move is what a notice changes: it counts for the stage that the person is in,
// if it came while they were.
func (n ReportedNotice) move(id string, before Enrolled, at time.Time) Move {
	m := Move{Before: before, After: before, Kind: ChangeNoticed, Notice: &Notice{
		ID: id, Person: n.Person, Ref: before.Ref, Campaign: n.Campaign, Plan: before.Plan, Stage: before.Stage, Kind: Reported,
		Channel: n.Channel, Presented: n.Presented, Delivered: n.Delivered, At: at,
	}}
	if (n.Presented || n.Delivered) && !at.Before(before.Entered) {
		m.After.Enrollment = before.Notice(at)
	}
	if before.FirstNotice.IsZero() && !m.After.FirstNotice.IsZero() {
		m.Tallies = append(m.Tallies, TallyNoticed)
	}
	return m
}

// instant is when the notice came, by the clock of this server.
func (n ReportedNotice) instant(e Enrolled, now time.Time) (time.Time, error) {
	at := n.At.UTC().Truncate(time.Microsecond)
	switch {
	case n.At.IsZero() || at.After(now) && !at.After(now.Add(clockSkew)):
		return now, nil
	case at.After(now):
		return now, terms.Faults{{Path: "at", Detail: fmt.Sprintf("%s is still to come: the clock here shows %s", at.Format(time.RFC3339), now.Format(time.RFC3339))}}
	case at.Before(e.Joined):
		return now, terms.Faults{{Path: "at", Detail: fmt.Sprintf("%s is before the person was asked, which was on %s", at.Format(time.RFC3339), e.Joined.UTC().Format(time.RFC3339))}}
	}
	return at, nil
}

// stageAt is the plan and the stage that somebody was in before the present one.
func stageAt(ctx context.Context, tx Tx, e Enrolled, at time.Time) (int, int, error) {
	moves, err := tx.Transitions(ctx, e.Campaign, e.Person, MaxBatch)
	plan, stage := e.Plan, e.Stage
	for _, m := range moves { // newest first
		if !m.At.After(at) {
			return m.Plan, m.To, err
		}
		plan, stage = m.Plan, m.From
	}
	return plan, stage, err
}

func (n ReportedNotice) check() error {
	var faults terms.Faults
	if !slices.Contains([]Channel{InApp, Email, Push}, n.Channel) {
		faults = append(faults, terms.Fault{Path: "channel", Detail: fmt.Sprintf("%q is not one of in_app, email, push", n.Channel)})
	}
	if len(n.Key) > longestNoticeKey {
		faults = append(faults, terms.Fault{Path: "idempotency_key", Detail: fmt.Sprintf("is longer than %d bytes", longestNoticeKey)})
	}
	return faults.OrNil()
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
