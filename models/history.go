package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/tracker"
)

// transitionRow and noticeRow know people by number; the id comes from people
// for as long as the account exists.
type transitionRow struct {
	Ref       int64
	Person    string
	Campaign  string
	Plan      int
	Country   string
	FromStage int
	Stage     int
	Cause     tracker.Cause
	At        instant
	Run       string
}

func (t transitionRow) transition() tracker.Transition {
	return tracker.Transition{
		Person: t.Person, Ref: t.Ref, Campaign: t.Campaign, Plan: t.Plan, Country: t.Country,
		From: t.FromStage, To: t.Stage, Cause: t.Cause, At: t.At.time(), Run: t.Run,
	}
}

type noticeRow struct {
	Ref       int64
	ID        string
	Person    string
	Campaign  string
	Plan      int
	Stage     int
	Kind      tracker.NoticeKind
	Channel   tracker.Channel
	Presented bool
	Delivered bool
	At        instant
}

func (n noticeRow) notice() tracker.Notice {
	return tracker.Notice{
		ID: n.ID, Person: n.Person, Ref: n.Ref, Campaign: n.Campaign, Plan: n.Plan, Stage: n.Stage,
		Kind: n.Kind, Channel: n.Channel, Presented: n.Presented, Delivered: n.Delivered, At: n.At.time(),
	}
}

// Transitions are the changes with a cause.
func (r reader) Transitions(ctx context.Context, campaign, person string, limit int) ([]tracker.Transition, error) {
	query := r.in(ctx).Table("changes AS c").Joins("LEFT JOIN people p ON p.ref = c.ref").
		Select("c.ref, coalesce(p.id, '') AS person, c.campaign, c.plan, c.country, c.from_stage, c.stage, c.cause, c.at, c.run").
		Where("c.cause <> ''")
	if campaign != "" {
		query = query.Where("c.campaign = ?", campaign)
	}
	if person != "" {
		query = query.Where("c.ref = (SELECT ref FROM people WHERE id = ?) AND c.ref <> 0", person)
	}
	var rows []transitionRow
	err := query.Order("c.revision DESC").Limit(limit).Find(&rows).Error
	return all(rows, transitionRow.transition), r.translate(err, "transitions")
}

// Notices are those reported, and the changes that are themselves a notice in
// the app.
func (r reader) Notices(ctx context.Context, person string, limit int) ([]tracker.Notice, error) {
	var rows []noticeRow
	err := r.in(ctx).Raw(`
		SELECT 0 AS revision, n.ref, n.id, p.id AS person, n.campaign, n.plan, n.stage, n.kind, n.channel, n.presented, n.delivered, n.at
		FROM people p JOIN notices n ON n.ref = p.ref WHERE p.id = ?
		UNION ALL
		SELECT c.revision, c.ref, 'ntc_' || c.revision, p.id, c.campaign, c.plan, c.stage, CASE c.kind WHEN ? THEN ? ELSE ? END, ?, false, false, c.at
		FROM people p JOIN changes c ON c.ref = p.ref AND c.ref <> 0 AND c.kind IN ? WHERE p.id = ?
		ORDER BY at DESC, revision DESC, id DESC LIMIT ?`,
		person, tracker.ChangeWarned, tracker.FinalWarning, tracker.StageNotice, tracker.InApp, noticeKinds(), person, limit).Find(&rows).Error
	return all(rows, noticeRow.notice), r.translate(err, "notices")
}

func (r reader) Notice(ctx context.Context, ref int64, id string) (tracker.Notice, error) {
	var row noticeRow
	err := r.in(ctx).Table("notices").Take(&row, "ref = ? AND id = ?", ref, id).Error
	return row.notice(), r.translate(err, fmt.Sprintf("notice %q", id))
}

// noticeKinds are the changes that hand a notice to the app.
func noticeKinds() []tracker.ChangeKind {
	return []tracker.ChangeKind{tracker.ChangeTold, tracker.ChangeWarned, tracker.ChangeEntered, tracker.ChangeRestored}
}

// addMoveNotices stores those reported.
func (t *tx) addMoveNotices(ctx context.Context, moves []tracker.Move) error {
	var notices []tracker.Notice
	for i := range moves {
		if n := moves[i].Notice; n != nil {
			notices = append(notices, *n)
			notices[len(notices)-1].Ref = moves[i].After.Ref
		}
	}
	return t.addNotices(ctx, notices)
}

func (t *tx) AddNotice(ctx context.Context, n tracker.Notice) error {
	if n.Ref == 0 {
		return t.wrote(errNoRef, fmt.Sprintf("notice %q", n.ID))
	}
	return t.addNotices(ctx, []tracker.Notice{n})
}

// errNoRef is a mistake of the caller: the row would be nobody's.
var errNoRef = errors.New("the person's Ref is missing")

func (t *tx) addNotices(ctx context.Context, notices []tracker.Notice) error {
	return t.each(ctx, "a notice with this id", `INSERT INTO notices (ref, id, campaign, plan, stage, kind, channel, presented, delivered, at)
		SELECT :ref, :id, :campaign, :plan, :stage, :kind, :channel, :presented, :delivered, :at {from}`,
		newBatch(notices,
			number("ref", func(n *tracker.Notice) int64 { return n.Ref }),
			text("id", func(n *tracker.Notice) string { return n.ID }),
			text("campaign", func(n *tracker.Notice) string { return n.Campaign }),
			number("plan", func(n *tracker.Notice) int64 { return int64(n.Plan) }),
			number("stage", func(n *tracker.Notice) int64 { return int64(n.Stage) }),
			text("kind", func(n *tracker.Notice) string { return string(n.Kind) }),
			text("channel", func(n *tracker.Notice) string { return string(n.Channel) }),
			flag("presented", func(n *tracker.Notice) bool { return n.Presented }),
			flag("delivered", func(n *tracker.Notice) bool { return n.Delivered }),
			moment("at", func(n *tracker.Notice) time.Time { return n.At })))
}
