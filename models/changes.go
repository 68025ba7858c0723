package models

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"time"

	"assent/tracker"
)

// change is an enrollment that changed.
type change struct {
	revision int64
	kind     tracker.ChangeKind
	of       *tracker.Enrolled
}

// record adds a change for each enrollment, as it is stored now, and returns
// the first revision; the others follow it in order.
func (t *tx) record(ctx context.Context, of []tracker.Enrolled, kind func(i int) tracker.ChangeKind, when time.Time) (uint64, error) {
	first := t.revision + 1
	list := make([]change, len(of))
	for i := range of {
		t.revision++
		list[i] = change{int64(t.revision), kind(i), &of[i]}
	}
	return first, t.each(ctx, "changes", `INSERT INTO changes (revision, kind, at, `+enrollment+`)
		SELECT :revision, :kind, :at, e.`+strings.ReplaceAll(enrollment, ", ", ", e.")+` FROM enrollments e {and}
		WHERE e.campaign = :campaign AND e.ref = :ref`,
		newBatch(list,
			number("revision", func(c *change) int64 { return c.revision }),
			text("kind", func(c *change) string { return string(c.kind) }),
			moment("at", func(*change) time.Time { return when }),
			text("campaign", func(c *change) string { return c.of.Campaign }),
			number("ref", func(c *change) int64 { return c.of.Ref })))
}

// announce adds a change about a whole campaign.
func (t *tx) announce(ctx context.Context, kind tracker.ChangeKind, campaign string, when time.Time) error {
	t.revision++
	return t.exec(ctx, "changes", "INSERT INTO changes (revision, kind, at, campaign) VALUES (?, ?, ?, ?)",
		t.revision, kind, at(when), campaign)
}

func (r reader) Changes(ctx context.Context, after uint64, limit int) ([]tracker.Change, error) {
	rows, err := r.in(ctx).Raw("SELECT revision, kind, at, "+enrollment+" FROM changes WHERE revision > ? ORDER BY revision LIMIT ?",
		int64(min(after, math.MaxInt64)), limit).Rows()
	if err != nil {
		return nil, r.translate(err, "changes")
	}
	list := []tracker.Change{}
	err = eachRow(rows, func(rows *sql.Rows) error {
		var c tracker.Change
		var when instant
		var err error
		c.Enrolled, err = scanEnrolled(rows, &c.Revision, &c.Kind, &when)
		c.At = when.time()
		list = append(list, c)
		return err
	})
	return list, r.translate(err, "changes")
}

// Revision on a Tx counts the changes of the transaction itself.
func (t *tx) Revision(context.Context) (uint64, error) { return t.revision, nil }

func (r reader) Revision(ctx context.Context) (uint64, error) {
	var newest uint64
	err := r.in(ctx).Raw("SELECT value FROM revision").Row().Scan(&newest)
	return newest, r.translate(err, "revision")
}
