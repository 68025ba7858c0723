package models

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

type holdRow struct {
	Campaign      string
	ID            string
	Region        string
	Attributes    terms.Attributes
	Person        string
	Reason        string
	Reference     string
	Clock         terms.HoldClock
	Effect        terms.HoldEffect
	Reminders     bool
	Message       object[terms.Texts]
	Spread        time.Duration
	Starts        instant
	Ends          instant
	PlacedBy      string
	PlacedAt      instant
	ReleasedBy    string
	ReleaseReason string
}

func (holdRow) TableName() string { return "holds" }

func (h holdRow) hold() tracker.Hold {
	return tracker.Hold{
		Hold: terms.Hold{
			ID: h.ID, Campaign: h.Campaign, Scope: terms.Scope{Region: h.Region, Attributes: h.Attributes, Person: h.Person},
			Reason: h.Reason, Reference: h.Reference, Clock: h.Clock, Effect: h.Effect,
			Reminders: h.Reminders, Message: h.Message.it, Spread: h.Spread, Starts: h.Starts.time(), Ends: h.Ends.time(),
		},
		PlacedBy: h.PlacedBy, PlacedAt: h.PlacedAt.time(), ReleasedBy: h.ReleasedBy, ReleaseReason: h.ReleaseReason,
	}
}

func holdName(campaign, id string) string { return fmt.Sprintf("hold %q of campaign %q", id, campaign) }

// Holds lists them in order of start.
func (r reader) Holds(ctx context.Context, campaign string) ([]tracker.Hold, error) {
	var rows []holdRow
	err := r.in(ctx).Order("starts, id").Find(&rows, "campaign = ?", campaign).Error
	return all(rows, holdRow.hold), r.translate(err, campaignName(campaign))
}

func (t *tx) AddHold(ctx context.Context, h tracker.Hold) error {
	if _, err := t.Campaign(ctx, h.Campaign); err != nil {
		return err
	}
	err := t.insert(ctx, holdName(h.Campaign, h.ID), &holdRow{
		Campaign: h.Campaign, ID: h.ID, Region: h.Scope.Region, Attributes: h.Scope.Attributes, Person: h.Scope.Person,
		Reason: h.Reason, Reference: h.Reference, Clock: h.Clock, Effect: h.Effect,
		Reminders: h.Reminders, Message: object[terms.Texts]{h.Message}, Spread: h.Spread, Starts: at(h.Starts), Ends: at(h.Ends),
		PlacedBy: h.PlacedBy, PlacedAt: at(h.PlacedAt), ReleasedBy: h.ReleasedBy, ReleaseReason: h.ReleaseReason,
	})
	if err != nil {
		return err
	}
	return t.announce(ctx, tracker.ChangeHold, h.Campaign, h.PlacedAt)
}

func (t *tx) EndHold(ctx context.Context, campaign, id string, when time.Time, by, reason string) (tracker.Hold, error) {
	missed := func() error {
		h, err := t.hold(ctx, campaign, id)
		if err != nil {
			return err
		}
		return terms.Errorf(terms.Conflict, "%s ended at %s", holdName(campaign, id), h.Ends.Format(time.RFC3339))
	}
	err := t.set(ctx, holdName(campaign, id), missed,
		"UPDATE holds SET ends = ?, released_by = ?, release_reason = ? WHERE campaign = ? AND id = ? AND (ends = 0 OR ends > ?)",
		at(when), by, reason, campaign, id, at(when))
	if err != nil {
		return tracker.Hold{}, err
	}
	if err := t.announce(ctx, tracker.ChangeHold, campaign, when); err != nil {
		return tracker.Hold{}, err
	}
	return t.hold(ctx, campaign, id)
}

func (r reader) hold(ctx context.Context, campaign, id string) (tracker.Hold, error) {
	var row holdRow
	err := r.in(ctx).Take(&row, "campaign = ? AND id = ?", campaign, id).Error
	return row.hold(), r.translate(err, holdName(campaign, id))
}
