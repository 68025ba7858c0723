package models

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"assent/tracker"
)

type actRow struct {
	ID        int64
	Act       string
	LeafIndex int64
	At        instant
	Actor     string
	Action    string
	Object    string
	Ref       int64
	RequestID string
}

func (actRow) TableName() string { return "acts" }

// actDetailsRow is the part that may be personal, which erasure deletes.
type actDetailsRow struct {
	ID      int64
	Person  string
	Salt    []byte
	Details []byte
}

func (actDetailsRow) TableName() string { return "act_details" }

type wholeAct struct {
	Row     actRow `gorm:"embedded"`
	Person  string
	Salt    []byte
	Details []byte
	Record  []byte
}

func (a wholeAct) act() tracker.Act {
	var told struct {
		Before json.RawMessage `json:"before"`
		After  json.RawMessage `json:"after"`
		Reason string          `json:"reason"`
	}
	_ = json.Unmarshal(a.Details, &told) // of those that were erased there is nothing to tell
	return tracker.Act{
		Place: a.Row.ID, ID: a.Row.Act, At: a.Row.At.time(), Actor: a.Row.Actor, Action: a.Row.Action, Object: a.Row.Object,
		Person: a.Person, Ref: a.Row.Ref, Before: string(told.Before), After: string(told.After), Reason: told.Reason,
		Request: a.Row.RequestID, LeafIndex: a.Row.LeafIndex, Record: a.Record, Salt: a.Salt, Details: a.Details,
	}
}

// acts joins the record, and the personal part, which may be erased; the order
// in which they were recorded is their age.
func (r reader) acts(ctx context.Context) *gorm.DB {
	return r.in(ctx).Table("acts AS a").Order("a.id DESC").
		Joins("LEFT JOIN act_details d ON d.id = a.id LEFT JOIN log_entries l ON l.leaf_index = a.leaf_index").
		Select(`a.id, a.act, a.leaf_index, a.at, a.actor, a.action, a.object, a.ref, a.request_id,
			coalesce(d.person, '') AS person, d.salt, d.details, l.record`)
}

func (r reader) Acts(ctx context.Context, limit int) ([]tracker.Act, error) {
	return r.ActsOf(ctx, tracker.ActQuery{Limit: limit})
}

func (r reader) ActsOf(ctx context.Context, q tracker.ActQuery) ([]tracker.Act, error) {
	find := r.acts(ctx).Limit(q.Limit)
	if q.Before > 0 {
		find = find.Where("a.id < ?", q.Before)
	}
	switch {
	case q.Ref != 0 && q.Person != "":
		find = find.Where("(a.ref = ? OR a.id IN (SELECT id FROM act_details WHERE person = ?))", q.Ref, q.Person)
	case q.Ref != 0:
		find = find.Where("a.ref = ?", q.Ref)
	case q.Person != "":
		find = find.Where("a.id IN (SELECT id FROM act_details WHERE person = ?)", q.Person)
	}
	if q.Object != "" {
		find = find.Where("(a.object = ? OR (a.object > ? AND a.object < ?))", q.Object, q.Object+"/", q.Object+"0") // "0" comes after "/"
	}
	var rows []wholeAct
	err := find.Find(&rows).Error
	return all(rows, wholeAct.act), r.translate(err, "acts")
}

func (r reader) Act(ctx context.Context, id string) (tracker.Act, error) {
	var row wholeAct
	err := r.acts(ctx).Take(&row, "a.act = ? AND a.act <> ''", id).Error
	return row.act(), r.translate(err, fmt.Sprintf("act %q", id))
}

func (t *tx) AddAct(ctx context.Context, a tracker.Act) error {
	row := actRow{
		Act: a.ID, LeafIndex: a.LeafIndex, At: at(a.At), Actor: a.Actor, Action: a.Action, Object: a.Object, Ref: a.Ref, RequestID: a.Request,
	}
	if err := t.insert(ctx, "acts", &row); err != nil {
		return err
	}
	return t.insert(ctx, "the details of an act", &actDetailsRow{row.ID, a.Person, blob(a.Salt), blob(a.Details)})
}
