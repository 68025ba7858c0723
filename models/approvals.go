package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

type approvalRow struct {
	ID        string
	Campaign  string
	Act       string
	Object    string
	Request   []byte
	Digest    string
	AskedBy   string
	AskedAt   instant
	Expires   instant
	State     tracker.ApprovalState
	DecidedBy string
	DecidedAt instant
	Note      string
}

func (approvalRow) TableName() string { return "approvals" }

func (a approvalRow) approval() tracker.Approval {
	return tracker.Approval{
		ID: a.ID, Campaign: a.Campaign, Act: a.Act, Object: a.Object, Request: a.Request, Digest: a.Digest,
		AskedBy: a.AskedBy, AskedAt: a.AskedAt.time(), Expires: a.Expires.time(), State: a.State,
		DecidedBy: a.DecidedBy, DecidedAt: a.DecidedAt.time(), Note: a.Note,
	}
}

func approvalName(id string) string { return fmt.Sprintf("approval %q", id) }

func (r reader) Approval(ctx context.Context, id string) (tracker.Approval, error) {
	var row approvalRow
	err := r.in(ctx).Take(&row, "id = ?", id).Error
	return row.approval(), r.translate(err, approvalName(id))
}

func (r reader) Approvals(ctx context.Context, campaign string, limit int) ([]tracker.Approval, error) {
	query := r.in(ctx).Order("asked_at DESC, id DESC").Limit(limit)
	if campaign != "" {
		query = query.Where("campaign = ?", campaign)
	}
	var rows []approvalRow
	err := query.Find(&rows).Error
	return all(rows, approvalRow.approval), r.translate(err, "approvals")
}

func (t *tx) AddApproval(ctx context.Context, a tracker.Approval) error {
	return t.insert(ctx, approvalName(a.ID), &approvalRow{
		ID: a.ID, Campaign: a.Campaign, Act: a.Act, Object: a.Object, Request: blob(a.Request), Digest: a.Digest,
		AskedBy: a.AskedBy, AskedAt: at(a.AskedAt), Expires: at(a.Expires), State: a.State,
		DecidedBy: a.DecidedBy, DecidedAt: at(a.DecidedAt), Note: a.Note,
	})
}

// DecideApproval writes the state, who decided, when, and the note.
func (t *tx) DecideApproval(ctx context.Context, a tracker.Approval) error {
	missed := func() error {
		was, err := t.Approval(ctx, a.ID)
		if err != nil {
			return err
		}
		return terms.Errorf(terms.Conflict, "%s is %s already", approvalName(a.ID), was.State)
	}
	return t.set(ctx, approvalName(a.ID), missed,
		"UPDATE approvals SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE id = ? AND state = ?",
		a.State, a.DecidedBy, at(a.DecidedAt), a.Note, a.ID, tracker.ApprovalOpen)
}
