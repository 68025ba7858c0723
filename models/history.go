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
	ToStage   int
	Cause     tracker.Cause
	At        instant
	Run       string
}

func (t transitionRow) transition() tracker.Transition {
	return tracker.Transition{
		Person: t.Person, Ref: t.Ref, Campaign: t.Campaign, Plan: t.Plan, Country: t.Country,
		From: t.FromStage, To: t.ToStage, Cause: t.Cause, At: t.At.time(), Run: t.Run,
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

// Transitions takes the order in which they were recorded for age.
func (r reader) Transitions(ctx context.Context, campaign, person string, limit int) ([]tracker.Transition, error) {
	query := r.in(ctx).Table("transitions AS t").Joins("LEFT JOIN people p ON p.ref = t.ref").
		Select("t.ref, coalesce(p.id, '') AS person, t.campaign, t.plan, t.country, t.from_stage, t.to_stage, t.cause, t.at, t.run")
	if campaign != "" {
		query = query.Where("t.campaign = ?", campaign)
	}
	if person != "" {
		query = query.Where("t.ref = (SELECT ref FROM people WHERE id = ?)", person)
	}
	var rows []transitionRow
	err := query.Order("t.id DESC").Limit(limit).Find(&rows).Error
	return all(rows, transitionRow.transition), r.translate(err, "transitions")
}

func (r reader) Notices(ctx context.Context, person string, limit int) ([]tracker.Notice, error) {
	var rows []noticeRow
	err := r.in(ctx).Table("notices AS n").Joins("JOIN people p ON p.ref = n.ref").
		Select("n.ref, n.id, p.id AS person, n.campaign, n.plan, n.stage, n.kind, n.channel, n.presented, n.delivered, n.at").
		Where("p.id = ?", person).Order("n.at DESC, n.id DESC").Limit(limit).Find(&rows).Error
	return all(rows, noticeRow.notice), r.translate(err, "notices")
}

// addTransitions records those of saved moves. The enrollment, and the Seq it
// has after the move, are the move's.
func (t *tx) addTransitions(ctx context.Context, moves []tracker.Move, _ time.Time) error {
	with := make([]tracker.Move, 0, len(moves))
	for i := range moves {
		if moves[i].Transition != nil {
			with = append(with, moves[i])
		}
	}
	return t.each(ctx, "a transition from this position", `INSERT INTO transitions (ref, campaign, seq, plan, country, from_stage, to_stage, cause, at, run)
		SELECT :ref, :campaign, :seq, :plan, :country, :from_stage, :to_stage, :cause, :at, :run {from}`,
		newBatch(with,
			number("ref", func(m *tracker.Move) int64 { return m.After.Ref }),
			text("campaign", func(m *tracker.Move) string { return m.After.Campaign }),
			number("seq", func(m *tracker.Move) int64 { return m.Before.Seq + 1 }),
			number("plan", func(m *tracker.Move) int64 { return int64(m.Transition.Plan) }),
			text("country", func(m *tracker.Move) string { return m.Transition.Country }),
			number("from_stage", func(m *tracker.Move) int64 { return int64(m.Transition.From) }),
			number("to_stage", func(m *tracker.Move) int64 { return int64(m.Transition.To) }),
			text("cause", func(m *tracker.Move) string { return string(m.Transition.Cause) }),
			moment("at", func(m *tracker.Move) time.Time { return m.Transition.At }),
			text("run", func(m *tracker.Move) string { return m.Transition.Run })))
}

func (t *tx) addMoveNotices(ctx context.Context, moves []tracker.Move, _ time.Time) error {
	notices := make([]tracker.Notice, 0, len(moves))
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
