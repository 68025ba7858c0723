package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

// failureRow knows people by number, as all that is about them but themselves.
type failureRow struct {
	Campaign string
	Ref      int64
	Person   string
	Tries    int
	Error    string
	At       instant
}

func (f failureRow) failure() tracker.Failure {
	return tracker.Failure{Campaign: f.Campaign, Ref: f.Ref, Person: f.Person, Tries: f.Tries, Error: f.Error, At: f.At.time()}
}

func failureName(campaign, person string) string {
	return fmt.Sprintf("a failure of %s in %s", personName(person), campaignName(campaign))
}

func (r reader) Failures(ctx context.Context, campaign string, limit int) ([]tracker.Failure, error) {
	query := r.in(ctx).Table("failures AS f").Joins("JOIN people p ON p.ref = f.ref").
		Select("f.campaign, f.ref, p.id AS person, f.tries, f.error, f.at")
	if campaign != "" {
		query = query.Where("f.campaign = ?", campaign)
	}
	var rows []failureRow
	err := query.Order("f.at DESC, f.campaign, f.ref").Limit(limit).Find(&rows).Error
	return all(rows, failureRow.failure), r.translate(err, "failures")
}

// AddFailure keeps the newest error. Tries of what it is given do not matter.
func (t *tx) AddFailure(ctx context.Context, f tracker.Failure) (int, error) {
	if f.Ref == 0 {
		return 0, t.wrote(errNoRef, failureName(f.Campaign, f.Person))
	}
	var tries int
	err := t.in(ctx).Raw(`INSERT INTO failures (campaign, ref, tries, error, at) VALUES (?, ?, 1, ?, ?)
		ON CONFLICT (campaign, ref) DO UPDATE SET tries = failures.tries + 1, error = excluded.error, at = excluded.at
		RETURNING tries`, f.Campaign, f.Ref, f.Error, at(f.At)).Row().Scan(&tries)
	return tries, t.wrote(err, failureName(f.Campaign, f.Person))
}

func (t *tx) EndFailure(ctx context.Context, campaign, person string) error {
	missed := func() error { return terms.Errorf(terms.NotFound, "%s does not exist", failureName(campaign, person)) }
	return t.set(ctx, failureName(campaign, person), missed,
		"DELETE FROM failures WHERE campaign = ? AND ref = (SELECT ref FROM people WHERE id = ?)", campaign, person)
}
