package tracker

import (
	"context"
	"time"

	"assent/terms"
)

// bound reports whether an account follows its owner's choice in a campaign.
func bound(p terms.Plan, person Person) bool {
	return person.Owner != "" && isBound(p, person.Type)
}

func isBound(p terms.Plan, kind terms.AccountType) bool {
	for _, t := range p.Audience.Bound {
		if t == kind {
			return true
		}
	}
	return false
}

// bind puts an account where its owner stands. One whose owner is not in the
// campaign waits at its beginning.
func bind(ctx context.Context, tx Tx, e terms.Enrollment, owner string, now time.Time) (terms.Enrollment, error) {
	at, err := tx.Enrollment(ctx, owner, e.Campaign)
	switch {
	case isKind(err, terms.NotFound):
		e.Bound, e.Status = true, terms.Pending
		return e, nil
	case err != nil:
		return e, err
	default:
		return e.Follow(at.Enrollment, now), nil
	}
}

// follow moves the accounts that are bound to people who were moved, in the
// same transaction.
func (t *Tracker) follow(ctx context.Context, tx Tx, r rules, moved []Enrolled, now time.Time) error {
	if len(r.active.Audience.Bound) == 0 || len(moved) == 0 {
		return nil
	}
	owners := make([]string, len(moved))
	for i, e := range moved {
		owners[i] = e.Person
	}
	accounts, err := tx.Bound(ctx, r.campaign.Key, owners)
	if err != nil {
		return err
	}
	var moves []Move
	for _, owner := range moved {
		for _, before := range accounts[owner.Person] {
			if !before.Bound {
				continue
			}
			after := before
			after.Enrollment = before.Follow(owner.Enrollment, now)
			if after.Enrollment != before.Enrollment {
				moves = append(moves, t.followed(r, before, after, now))
			}
		}
	}
	_, err = tx.Save(ctx, moves, now)
	return err
}

func (t *Tracker) followed(r rules, before, after Enrolled, now time.Time) Move {
	m := Move{Before: before, After: t.schedule(r.plans[after.Plan], after, r.holds, now), Kind: ChangeNext}
	switch {
	case after.Stage > before.Stage:
		m.Kind = ChangeEntered
	case after.Stage < before.Stage:
		m.Kind = ChangeRestored
	case after.Status != before.Status:
		m.Kind = ChangeAnswered
	}
	return m.transit(CauseOwner, "", now)
}

// orphan exempts the accounts bound to a person who is leaving.
func (t *Tracker) orphan(ctx context.Context, tx Tx, owner string, now time.Time) error {
	campaigns, err := t.running(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range campaigns {
		accounts, err := tx.Bound(ctx, r.campaign.Key, []string{owner})
		if err != nil {
			return err
		}
		var moves []Move
		for _, before := range accounts[owner] {
			if before.Bound {
				after := before
				after.Enrollment = before.Unbind(now)
				moves = append(moves, t.followed(r, before, after, now))
			}
		}
		if _, err := tx.Save(ctx, moves, now); err != nil {
			return err
		}
	}
	return nil
}
