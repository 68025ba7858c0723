package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"
)

// identity and position are the columns of an enrollment: which one it is, and
// what a move writes.
const (
	identity = "campaign, ref, person, seq"
	position = "plan, country, locale, created, joined, status, effect, stage, entered, told, noticed, warned, " +
		"first_notice, not_before, snoozed_until, snoozes, answered, next_at, " +
		"attributes, excused, exempt_until, bound, extensions, unreached"
	enrollment = identity + ", " + position
	// placing are those which say where somebody stands, in the order of placed.
	placing = "ref, person, plan, country, locale, attributes, created, joined, status, effect, bound, stage, entered, told, noticed, warned, " +
		"first_notice, not_before, snoozed_until, snoozes, answered"
)

// chunk is as many enrollments as are made room for at once.
const chunk = 1_000

// enrolledOf reads the columns of enrollment.
func enrolledOf(v *values) tracker.Enrolled {
	var e tracker.Enrolled
	e.Campaign, e.Ref, e.Person, e.Seq = v.text(), v.number(), v.text(), v.number()
	e.Plan, e.Country, e.Locale = int(v.number()), v.text(), v.text()
	e.Created, e.Joined, e.Status, e.Effect = v.time(), v.time(), terms.Status(v.text()), terms.Effect(v.text())
	e.Stage, e.Entered, e.Told, e.Noticed, e.Warned = int(v.number()), v.time(), v.time(), v.time(), v.time()
	e.FirstNotice, e.NotBefore, e.SnoozedUntil = v.time(), v.time(), v.time()
	e.Snoozes, e.Answered, e.NextAt = int(v.number()), v.flag(), v.time()
	e.Attributes, e.Excused, e.ExemptUntil, e.Bound = terms.Attributes(v.text()), v.flag(), v.time(), v.flag()
	e.Extensions, e.Unreached = int(v.number()), v.flag()
	return e
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
		text("attributes", func(t *T) string { return string(get(t).Attributes) }),
		flag("excused", func(t *T) bool { return get(t).Excused }),
		moments("exempt_until", func(e *tracker.Enrolled) time.Time { return e.ExemptUntil }),
		flag("bound", func(t *T) bool { return get(t).Bound }),
		number("extensions", func(t *T) int64 { return int64(get(t).Extensions) }),
		flag("unreached", func(t *T) bool { return get(t).Unreached }),
	}
}

// placed reads the columns of placing.
func placed(v *values, e *tracker.Enrolled) {
	e.Ref, e.Person, e.Plan = v.number(), v.text(), int(v.number())
	e.Country, e.Locale, e.Attributes = v.text(), v.text(), terms.Attributes(v.text())
	e.Created, e.Joined, e.Status, e.Effect, e.Bound = v.time(), v.time(), terms.Status(v.text()), terms.Effect(v.text()), v.flag()
	e.Stage, e.Entered, e.Told, e.Noticed, e.Warned = int(v.number()), v.time(), v.time(), v.time(), v.time()
	e.FirstNotice, e.NotBefore, e.SnoozedUntil = v.time(), v.time(), v.time()
	e.Snoozes, e.Answered = int(v.number()), v.flag()
}

// enrolled lists what a query on enrollments finds, for which about size rows
// are in store; the condition carries its own order and limit.
func (r reader) enrolled(ctx context.Context, size int, condition string, args ...any) ([]tracker.Enrolled, error) {
	rows, err := r.in(ctx).Raw("SELECT "+enrollment+" FROM enrollments WHERE "+condition, args...).Rows()
	if err != nil {
		return nil, r.translate(err, "enrollments")
	}
	list := make([]tracker.Enrolled, 0, min(size, chunk))
	err = eachValues(rows, func(v *values) { list = append(list, enrolledOf(v)) })
	return list, r.translate(err, "enrollments")
}

// Enrollment needs no lock on a Tx: it is the only writer.
func (r reader) Enrollment(ctx context.Context, person, campaign string) (tracker.Enrolled, error) {
	list, err := r.enrolled(ctx, 1, "campaign = ? AND ref = (SELECT ref FROM people WHERE id = ?)", campaign, person)
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

// EnrollmentsOf finds many at once. The subquery leaves the engine one way to do
// it: by the person, and not through the whole campaign.
func (r reader) EnrollmentsOf(ctx context.Context, campaign string, people []string) (map[string]tracker.Enrolled, error) {
	found := make(map[string]tracker.Enrolled, len(people))
	if len(people) == 0 {
		return found, nil
	}
	rows, err := r.engine.query(ctx, r.pool(), "SELECT e."+strings.ReplaceAll(enrollment, ", ", ", e.")+` FROM enrollments e {and}
		WHERE e.campaign = :campaign AND e.ref = (SELECT ref FROM people WHERE id = :id)`, newBatch(people,
		text("id", func(id *string) string { return *id }),
		text("campaign", func(*string) string { return campaign })))
	if err != nil {
		return nil, r.translate(err, "enrollments")
	}
	err = eachValues(rows, func(v *values) {
		e := enrolledOf(v)
		found[e.Person] = e
	})
	return found, r.translate(err, "enrollments")
}

// Enrollments lists them in order of campaign.
func (r reader) Enrollments(ctx context.Context, person string) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, 1, `campaign IN (SELECT campaign FROM campaigns) AND ref = (SELECT ref FROM people WHERE id = ?)
		ORDER BY campaign`, person)
}

func (r reader) Positions(ctx context.Context, campaign string, after int64, limit int) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, limit, "campaign = ? AND ref > ? ORDER BY ref LIMIT ?", campaign, after, limit)
}

func (r reader) Placed(ctx context.Context, campaign string, after int64, limit int, visit func(*tracker.Enrolled)) error {
	rows, err := r.pool().QueryContext(ctx, "SELECT "+placing+" FROM enrollments WHERE campaign = $1 AND ref > $2 ORDER BY ref LIMIT $3", campaign, after, limit)
	if err != nil {
		return r.translate(err, "enrollments")
	}
	var e tracker.Enrolled
	e.Campaign = campaign
	err = eachValues(rows, func(v *values) {
		placed(v, &e)
		visit(&e)
	})
	return r.translate(err, "enrollments")
}

// Bound lists the accounts of an owner in order of Ref. A cross join is what
// keeps SQLite from reading the whole campaign first.
func (r reader) Bound(ctx context.Context, campaign string, owners []string) (map[string][]tracker.Enrolled, error) {
	once := slices.Compact(slices.Sorted(slices.Values(owners)))
	b := newBatch(once,
		text("owner", func(owner *string) string { return *owner }),
		text("campaign", func(*string) string { return campaign }))
	bound := map[string][]tracker.Enrolled{}
	if len(once) == 0 {
		return bound, nil
	}
	rows, err := r.engine.query(ctx, r.pool(), "SELECT p.owner, e."+strings.ReplaceAll(enrollment, ", ", ", e.")+` FROM people p {and} CROSS JOIN enrollments e
		WHERE p.owner = :owner AND p.owner <> '' AND e.ref = p.ref AND e.campaign = :campaign`, b)
	if err != nil {
		return nil, r.translate(err, "enrollments")
	}
	err = eachValues(rows, func(v *values) {
		owner := v.text()
		bound[owner] = append(bound[owner], enrolledOf(v))
	})
	for _, list := range bound {
		slices.SortFunc(list, func(a, b tracker.Enrolled) int { return cmp.Compare(a.Ref, b.Ref) })
	}
	return bound, r.translate(err, "enrollments")
}

func (r reader) Unreached(ctx context.Context, campaign string, after int64, limit int) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, limit, "campaign = ? AND ref > ? AND unreached ORDER BY ref LIMIT ?", campaign, after, limit)
}

// Due asks for the few failures in a list of their own, so that the index of
// what is due is walked whatever the engine makes of it.
func (r reader) Due(ctx context.Context, campaign string, now time.Time, after tracker.Cursor, limit int) ([]tracker.Enrolled, error) {
	return r.enrolled(ctx, limit, `campaign = ? AND next_at <> 0 AND next_at <= ? AND (next_at, ref) > (?, ?)
		AND ref NOT IN (SELECT ref FROM failures WHERE campaign = ? AND tries >= ?) ORDER BY next_at, ref LIMIT ?`,
		campaign, at(now), at(after.NextAt), after.Ref, campaign, tracker.MaxTries, limit)
}

// DueCount looks no further into the index than the limit.
func (r reader) DueCount(ctx context.Context, campaign string, now time.Time, limit int) (int, error) {
	var n int
	err := r.in(ctx).Raw(`SELECT count(*) FROM (SELECT 1 FROM enrollments
		WHERE campaign = ? AND next_at <> 0 AND next_at <= ? LIMIT ?) AS due`, campaign, at(now), limit).Row().Scan(&n)
	return n, r.translate(err, "enrollments")
}

// NextDue takes one look per campaign into the index of what is due.
func (r reader) NextDue(ctx context.Context) (time.Time, error) {
	var next instant
	err := r.in(ctx).Raw(`SELECT coalesce(min(first), 0) FROM (SELECT (SELECT e.next_at FROM enrollments e
		WHERE e.campaign = c.campaign AND e.next_at <> 0 AND NOT EXISTS (
			SELECT 1 FROM failures f WHERE f.campaign = e.campaign AND f.ref = e.ref AND f.tries >= ?)
		ORDER BY e.next_at LIMIT 1) AS first FROM campaigns c) AS firsts`, tracker.MaxTries).Row().Scan(&next)
	return next.time(), r.translate(err, "enrollments")
}
