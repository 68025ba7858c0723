package models

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"assent/terms"
	"assent/tracker"
)

// identity and position are the columns of an enrollment: which one it is, and
// what a move writes.
const (
	identity = "campaign, ref, person, seq"
	position = "plan, country, locale, created, joined, status, effect, stage, entered, told, noticed, warned, " +
		"first_notice, not_before, snoozed_until, snoozes, answered, next_at"
	enrollment = identity + ", " + position
)

// scanEnrolled reads the columns of enrollment, and before them others.
func scanEnrolled(rows *sql.Rows, before ...any) (tracker.Enrolled, error) {
	var e tracker.Enrolled
	var created, joined, entered, told, noticed, warned, first, notBefore, snoozed, next instant
	err := rows.Scan(append(before, &e.Campaign, &e.Ref, &e.Person, &e.Seq,
		&e.Plan, &e.Country, &e.Locale, &created, &joined, &e.Status, &e.Effect, &e.Stage, &entered, &told, &noticed, &warned,
		&first, &notBefore, &snoozed, &e.Snoozes, &e.Answered, &next)...)
	e.Created, e.Joined, e.Entered, e.Told = created.time(), joined.time(), entered.time(), told.time()
	e.Noticed, e.Warned, e.FirstNotice = noticed.time(), warned.time(), first.time()
	e.NotBefore, e.SnoozedUntil, e.NextAt = notBefore.time(), snoozed.time(), next.time()
	return e, err
}

// columns are those of enrollment but seq, taken from something that has one.
func columns[T any](get func(*T) *tracker.Enrolled) []columnOf[T] {
	moments := func(name string, of func(*tracker.Enrolled) time.Time) columnOf[T] {
		return moment(name, func(t *T) time.Time { return of(get(t)) })
	}
	return []columnOf[T]{
		text("campaign", func(t *T) string { return get(t).Campaign }),
		number("ref", func(t *T) int64 { return get(t).Ref }),
		text("person", func(t *T) string { return get(t).Person }),
		number("plan", func(t *T) int64 { return int64(get(t).Plan) }),
		text("country", func(t *T) string { return get(t).Country }),
		text("locale", func(t *T) string { return get(t).Locale }),
		moments("created", func(e *tracker.Enrolled) time.Time { return e.Created }),
		moments("joined", func(e *tracker.Enrolled) time.Time { return e.Joined }),
		text("status", func(t *T) string { return string(get(t).Status) }),
		text("effect", func(t *T) string { return string(get(t).Effect) }),
		number("stage", func(t *T) int64 { return int64(get(t).Stage) }),
		moments("entered", func(e *tracker.Enrolled) time.Time { return e.Entered }),
		moments("told", func(e *tracker.Enrolled) time.Time { return e.Told }),
		moments("noticed", func(e *tracker.Enrolled) time.Time { return e.Noticed }),
		moments("warned", func(e *tracker.Enrolled) time.Time { return e.Warned }),
		moments("first_notice", func(e *tracker.Enrolled) time.Time { return e.FirstNotice }),
		moments("not_before", func(e *tracker.Enrolled) time.Time { return e.NotBefore }),
		moments("snoozed_until", func(e *tracker.Enrolled) time.Time { return e.SnoozedUntil }),
		number("snoozes", func(t *T) int64 { return int64(get(t).Snoozes) }),
		flag("answered", func(t *T) bool { return get(t).Answered }),
		moments("next_at", func(e *tracker.Enrolled) time.Time { return e.NextAt }),
	}
}

// enrolled lists what a query on enrollments finds; the condition carries its
// own order and limit.
func (r reader) enrolled(ctx context.Context, condition string, args ...any) ([]tracker.Enrolled, error) {
	rows, err := r.in(ctx).Raw("SELECT "+enrollment+" FROM enrollments WHERE "+condition, args...).Rows()
	if err != nil {
		return nil, r.translate(err, "enrollments")
	}
	list := []tracker.Enrolled{}
	err = eachRow(rows, func(rows *sql.Rows) error {
		e, err := scanEnrolled(rows)
		list = append(list, e)
		return err
	})
	return list, r.translate(err, "enrollments")
}

// Enrollment needs no lock on a Tx: it is the only writer.
func (r reader) Enrollment(ctx context.Context, person, campaign string) (tracker.Enrolled, error) {
	list, err := r.enrolled(ctx, "campaign = ? AND ref = (SELECT ref FROM people WHERE id = ?)", campaign, person)
	if err != nil {
		return tracker.Enrolled{}, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	if _, err := r.Person(ctx, person); err != nil {
		return tracker.Enrolled{}, err
	}
	if _, err := r.Campaign(ctx, campaign); err != nil {
		return tracker.Enrolled{}, err
	}
	return tracker.Enrolled{}, terms.Errorf(terms.NotFound, "%s is not enrolled in %s", personName(person), campaignName(campaign))
}

// Enrollments lists them in order of campaign.
func (r reader) Enrollments(ctx context.Context, person string) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, `campaign IN (SELECT campaign FROM campaigns) AND ref = (SELECT ref FROM people WHERE id = ?)
		ORDER BY campaign`, person)
}

func (r reader) Positions(ctx context.Context, campaign string, after int64, limit int) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, "campaign = ? AND ref > ? ORDER BY ref LIMIT ?", campaign, after, limit)
}

func (r reader) Due(ctx context.Context, campaign string, now time.Time, after tracker.Cursor, limit int) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, "campaign = ? AND next_at > 0 AND next_at <= ? AND (next_at, ref) > (?, ?) ORDER BY next_at, ref LIMIT ?",
		campaign, at(now), at(after.NextAt), after.Ref, limit)
}

// NextDue takes one look per campaign into the index of what is due.
func (r reader) NextDue(ctx context.Context) (time.Time, error) {
	var next instant
	err := r.in(ctx).Raw(`SELECT coalesce(min(first), 0) FROM (SELECT (SELECT e.next_at FROM enrollments e
		WHERE e.campaign = c.campaign AND e.next_at > 0 ORDER BY e.next_at LIMIT 1) AS first FROM campaigns c) AS firsts`).Row().Scan(&next)
	return next.time(), r.translate(err, "enrollments")
}

func (t *tx) Recheck(ctx context.Context, campaign string, s terms.Scope, countries []string, when time.Time, after int64, limit int) (int64, int, error) {
	in := func() *gorm.DB {
		rows := t.in(ctx).Table("enrollments").Where("campaign = ? AND ref > ?", campaign, after)
		if s.Region != "" {
			rows = rows.Where("country IN ?", countries)
		}
		if s.Person != "" {
			rows = rows.Where("ref = (SELECT ref FROM people WHERE id = ?)", s.Person)
		}
		return rows
	}
	last := after
	chunk := in().Select("ref").Order("ref").Limit(limit)
	err := t.in(ctx).Table("(?) AS chunk", chunk).Select("coalesce(max(ref), ?)", after).Row().Scan(&last)
	if err != nil {
		return after, 0, t.wrote(err, "enrollments")
	}
	done := in().Where("ref <= ?", last).Updates(map[string]any{"next_at": at(when), "seq": gorm.Expr("seq + 1")})
	return last, int(done.RowsAffected), t.wrote(done.Error, "enrollments")
}
