package models

import (
	"context"
	"math"
	"strings"
	"time"

	"assent/tracker"
)

// entry is a row of the journal: a change of an enrollment.
type entry struct {
	revision int64
	kind     tracker.ChangeKind
	of       *tracker.Enrolled // after it
	seq      int64             // of the enrollment after it
	from     int               // stage before it
	cause    tracker.Cause     // of a move to another stage
	run      string
	person   string // who is gone
}

// entriesOf are the rows of the journal that go with moves.
func entriesOf(moves []tracker.Move) []entry {
	list := make([]entry, len(moves))
	for i := range moves {
		m := &moves[i]
		list[i] = entry{kind: m.Kind, of: &m.After, seq: m.Before.Seq + 1, from: m.Before.Stage}
		if m.Transition != nil {
			list[i].from, list[i].cause, list[i].run = m.Transition.From, m.Transition.Cause, m.Transition.Run
		}
	}
	return list
}

// record adds entries and returns the revision of the first; the others follow
// it in order.
func (t *tx) record(ctx context.Context, entries []entry, when time.Time) (uint64, error) {
	first := t.revision + 1
	for i := range entries {
		t.revision++
		entries[i].revision = int64(t.revision)
	}
	return first, t.each(ctx, "a change from this position", `INSERT INTO changes
		(revision, kind, at, campaign, ref, seq, plan, country, stage, from_stage, cause, run, person)
		SELECT :revision, :kind, :at, :campaign, :ref, :seq, :plan, :country, :stage, :from_stage, :cause, :run, :person {from}`,
		newBatch(entries,
			number("revision", func(e *entry) int64 { return e.revision }),
			text("kind", func(e *entry) string { return string(e.kind) }),
			moment("at", func(*entry) time.Time { return when }),
			text("campaign", func(e *entry) string { return e.of.Campaign }),
			number("ref", func(e *entry) int64 { return e.of.Ref }),
			number("seq", func(e *entry) int64 { return e.seq }),
			number("plan", func(e *entry) int64 { return int64(e.of.Plan) }),
			text("country", func(e *entry) string { return e.of.Country }),
			number("stage", func(e *entry) int64 { return int64(e.of.Stage) }),
			number("from_stage", func(e *entry) int64 { return int64(e.from) }),
			text("cause", func(e *entry) string { return string(e.cause) }),
			text("run", func(e *entry) string { return e.run }),
			text("person", func(e *entry) string { return e.person })))
}

// announce adds a change of a campaign's rules.
func (t *tx) announce(ctx context.Context, kind tracker.ChangeKind, campaign string, when time.Time) error {
	t.revision++
	err := t.exec(ctx, "changes", "INSERT INTO changes (revision, kind, at, campaign) VALUES (?, ?, ?, ?)",
		t.revision, kind, at(when), campaign)
	if err != nil {
		return err
	}
	return t.exec(ctx, campaignName(campaign), "UPDATE campaigns SET ruled = ? WHERE campaign = ?", t.revision, campaign)
}

// Changes reads the positions with them, as they are now: what a follower of
// the order of changes ends with is the same.
func (r reader) Changes(ctx context.Context, after uint64, limit int) ([]tracker.Change, error) {
	rows, err := r.in(ctx).Raw("SELECT c.revision, c.kind, c.at, c.campaign, c.plan, c.stage, c.from_stage, c.person, e."+strings.ReplaceAll(enrollment, ", ", ", e.")+`
		FROM changes c LEFT JOIN enrollments e ON e.campaign = c.campaign AND e.ref = c.ref
		WHERE c.revision > ? ORDER BY c.revision LIMIT ?`, int64(min(after, math.MaxInt64)), limit).Rows()
	if err != nil {
		return nil, r.translate(err, "changes")
	}
	list := []tracker.Change{}
	err = eachValues(rows, func(v *values) {
		c := tracker.Change{Revision: uint64(v.number()), Kind: tracker.ChangeKind(v.text()), At: v.time()}
		campaign := v.text()
		c.Plan, c.Stage, c.From = int(v.number()), int(v.number()), int(v.number())
		person := v.text()
		if c.Enrolled = enrolledOf(v); c.Enrolled.Ref == 0 {
			c.Enrolled.Campaign, c.Enrolled.Person = campaign, person
		}
		list = append(list, c)
	})
	return list, r.translate(err, "changes")
}

func (t *tx) Began() uint64 { return t.started }

// Revision on a Tx counts the changes of the transaction itself.
func (t *tx) Revision(context.Context) (uint64, error) { return t.revision, nil }

func (r reader) Revision(ctx context.Context) (uint64, error) {
	var newest uint64
	err := r.in(ctx).Raw("SELECT value FROM revision").Row().Scan(&newest)
	return newest, r.translate(err, "revision")
}
