package tracker

import (
	"context"
	"time"

	"assent/terms"
)

// Extension gives one person more time in one campaign.
type Extension struct {
	Person   string
	Campaign string
	Until    time.Time
	Lift     bool // give back meanwhile what stages took away
	Reason   string
}

// Extend gives a person more time: the next stage comes no earlier than Until.
// TooMany when the campaign's budget for the person is used up; Conflict when
// there is nothing to extend; Invalid with faults.
func (t *Tracker) Extend(ctx context.Context, x Extension, actor string) (Enrolled, error) {
	act := Act{Actor: actor, Action: "person.extend", Object: x.Campaign, Person: x.Person, Reason: x.Reason}
	return t.grant(ctx, x.Person, x.Campaign, act, func(p terms.Plan, before Enrolled, now time.Time) (Move, error) {
		m := Move{Before: before, After: before, Kind: ChangeExtended}
		var err error
		m.After.Enrollment, err = before.Extend(p, x.Until.UTC().Truncate(time.Microsecond), x.Lift, now)
		return m.transit(CauseExtension, "", now), err
	})
}

// Exemption excuses one person from one campaign, until an instant or, for
// zero, until further notice.
type Exemption struct {
	Person   string
	Campaign string
	Until    time.Time
	Reason   string
}

// Exempt excuses a person: everything comes back at once. When it ends the
// person is asked anew, with the full notice period. Conflict for someone who
// accepted already.
func (t *Tracker) Exempt(ctx context.Context, x Exemption, actor string) (Enrolled, error) {
	act := Act{Actor: actor, Action: "person.exempt", Object: x.Campaign, Person: x.Person, Reason: x.Reason}
	return t.grant(ctx, x.Person, x.Campaign, act, func(_ terms.Plan, before Enrolled, now time.Time) (Move, error) {
		switch {
		case before.Status == terms.Accepted:
			return Move{}, terms.Errorf(terms.Conflict, "the person has accepted: there is nothing to be exempt from")
		case !x.Until.IsZero() && !x.Until.After(now):
			return Move{}, terms.Faults{{Path: "until", Detail: "must lie ahead; leave it out for an open exemption"}}
		}
		m := Move{Before: before, After: before, Kind: ChangeExempted}
		m.After.Enrollment = before.Exempt(x.Until.UTC().Truncate(time.Microsecond), now)
		return m.transit(CauseExemption, "", now), nil
	})
}

// EndExemption asks a person again who was excused by staff, with the full
// notice period; an acceptance made meanwhile stays. Conflict for anybody else.
func (t *Tracker) EndExemption(ctx context.Context, person, campaign, reason, actor string) (Enrolled, error) {
	act := Act{Actor: actor, Action: "person.recall", Object: campaign, Person: person, Reason: reason}
	return t.grant(ctx, person, campaign, act, func(p terms.Plan, before Enrolled, now time.Time) (Move, error) {
		if !before.Excused {
			return Move{}, terms.Errorf(terms.Conflict, "the person is not exempt by an act of staff; the status is %s", before.Status)
		}
		if before.Status == terms.Accepted { // who has chosen meanwhile keeps the choice
			m := Move{Before: before, After: before, Kind: ChangeNext}
			m.After.Excused, m.After.ExemptUntil = false, time.Time{}
			return m, nil
		}
		m := Move{Before: before, After: before, Kind: ChangeRecalled}
		m.After.Enrollment = before.Recall(p, now)
		return m, nil
	})
}

// grant writes one move of one person that staff ask for, with its reason.
func (t *Tracker) grant(ctx context.Context, person, campaign string, act Act, decide func(terms.Plan, Enrolled, time.Time) (Move, error)) (Enrolled, error) {
	if act.Reason == "" {
		return Enrolled{}, terms.Faults{{Path: "reason", Detail: "say why, for the record"}}
	}
	now := t.instant()
	act.At = now
	var after Enrolled
	err := t.change(ctx, person, campaign, func(tx Tx, p terms.Plan, before Enrolled) (Move, error) {
		if before.Bound {
			return Move{}, terms.Errorf(terms.Conflict, "the account stands where its owner stands; ask for its owner instead")
		}
		m, err := decide(p, before, now)
		if err != nil {
			return Move{}, err
		}
		after = m.After
		act.Before, act.After = leave(before), leave(m.After)
		return m, t.note(ctx, tx, act)
	}, now)
	return after, err
}

// leave is what an act about one person's place in a campaign changes.
func leave(e Enrolled) string {
	return facts("status", e.Status, "stage", e.Stage, "not_before", stamp(e.NotBefore), "exempt", e.Excused, "exempt_until", stamp(e.ExemptUntil))
}

// stamp writes an instant, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
