package models

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

type reversalRow struct {
	Campaign   string
	ID         string
	Region     string
	Stage      string
	Reminders  terms.Reminding
	Reason     string
	Reference  string
	At         instant
	UndoUntil  instant
	MadeBy     string
	Counts     object[[]tracker.Count]
	Undone     instant
	UndoneBy   string
	UndoReason string
	UndoCounts object[[]tracker.Count]
}

func (reversalRow) TableName() string { return "reversals" }

func (r reversalRow) reversal() tracker.Reversal {
	return tracker.Reversal{
		Reversal: terms.Reversal{
			ID: r.ID, Campaign: r.Campaign, Region: r.Region, Stage: r.Stage, Reminders: r.Reminders, Reason: r.Reason,
			Reference: r.Reference, At: r.At.time(), UndoUntil: r.UndoUntil.time(), Undone: r.Undone.time(),
		},
		By: r.MadeBy, UndoneBy: r.UndoneBy, UndoReason: r.UndoReason, Before: r.Counts.it, UndoBefore: r.UndoCounts.it,
	}
}

func reversalName(campaign, id string) string {
	return fmt.Sprintf("reversal %q of campaign %q", id, campaign)
}

func (r reader) Reversals(ctx context.Context, campaign string) ([]tracker.Reversal, error) {
	var rows []reversalRow
	err := r.in(ctx).Order("at, id").Find(&rows, "campaign = ?", campaign).Error
	return all(rows, reversalRow.reversal), r.translate(err, campaignName(campaign))
}

func (t *tx) AddReversal(ctx context.Context, r tracker.Reversal) error {
	if _, err := t.Campaign(ctx, r.Campaign); err != nil {
		return err
	}
	err := t.insert(ctx, reversalName(r.Campaign, r.ID), &reversalRow{
		Campaign: r.Campaign, ID: r.ID, Region: r.Region, Stage: r.Stage, Reminders: r.Reminders, Reason: r.Reason,
		Reference: r.Reference, At: at(r.At), UndoUntil: at(r.UndoUntil), MadeBy: r.By, Counts: object[[]tracker.Count]{r.Before},
		Undone: at(r.Undone), UndoneBy: r.UndoneBy, UndoReason: r.UndoReason, UndoCounts: object[[]tracker.Count]{r.UndoBefore},
	})
	if err != nil {
		return err
	}
	return t.announce(ctx, tracker.ChangeReversal, r.Campaign, r.At)
}

func (t *tx) UndoReversal(ctx context.Context, r tracker.Reversal) error {
	missed := func() error {
		var row reversalRow
		if err := t.in(ctx).Take(&row, "campaign = ? AND id = ?", r.Campaign, r.ID).Error; err != nil {
			return t.translate(err, reversalName(r.Campaign, r.ID))
		}
		return terms.Errorf(terms.Conflict, "%s was undone at %s", reversalName(r.Campaign, r.ID), row.Undone.time().Format(time.RFC3339))
	}
	err := t.set(ctx, reversalName(r.Campaign, r.ID), missed,
		"UPDATE reversals SET undone = ?, undone_by = ?, undo_reason = ?, undo_counts = ? WHERE campaign = ? AND id = ? AND undone = 0",
		at(r.Undone), r.UndoneBy, r.UndoReason, object[[]tracker.Count]{r.UndoBefore}, r.Campaign, r.ID)
	if err != nil {
		return err
	}
	return t.announce(ctx, tracker.ChangeReversal, r.Campaign, r.Undone)
}
