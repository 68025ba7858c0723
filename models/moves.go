package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/tracker"
)

// Enroll starts Seq at 1. It also passes over those whose account was deleted
// since their Ref was read.
func (t *tx) Enroll(ctx context.Context, rows []tracker.Enrolled, when time.Time) (int, error) {
	b := newBatch(rows, columns(func(e *tracker.Enrolled) *tracker.Enrolled { return e })...)
	written, err := t.writes(ctx, insertEnrollment(), b)
	if err != nil {
		return 0, err
	}
	added := keep(rows, written)
	joined, tallies := counts{}, days{}
	for i := range added {
		joined.add(&added[i], 1)
		tallies.add(added[i].Campaign, when, tracker.TallyEnrolled)
	}
	if err := t.addCounts(ctx, joined); err != nil {
		return 0, err
	}
	if err := t.addDays(ctx, tallies); err != nil {
		return 0, err
	}
	_, err = t.record(ctx, added, func(int) tracker.ChangeKind { return tracker.ChangeEnrolled }, when)
	return len(added), err
}

// Save numbers a written row's Seq one above Before.Seq. A row that stands
// twice in one call is written for the first of the two.
func (t *tx) Save(ctx context.Context, moves []tracker.Move, when time.Time) ([]uint64, error) {
	b := newBatch(moves, append(columns(func(m *tracker.Move) *tracker.Enrolled { return &m.After }),
		number("before", func(m *tracker.Move) int64 { return m.Before.Seq }))...)
	written, err := t.writes(ctx, updateEnrollment(), b)
	if err != nil {
		return nil, err
	}
	saved := keep(moves, written)
	for _, write := range []func(context.Context, []tracker.Move, time.Time) error{t.rollUp, t.addTransitions, t.addMoveNotices} {
		if err := write(ctx, saved, when); err != nil {
			return nil, err
		}
	}
	positions := make([]tracker.Enrolled, len(saved))
	for i := range saved {
		positions[i] = saved[i].After
	}
	first, err := t.record(ctx, positions, func(i int) tracker.ChangeKind { return saved[i].Kind }, when)
	revisions := make([]uint64, len(moves))
	for i := range moves {
		if written[i] {
			revisions[i] = first
			first++
		}
	}
	return revisions, err
}

// rollUp keeps the counts and the day's tallies in step with the moves.
func (t *tx) rollUp(ctx context.Context, moves []tracker.Move, when time.Time) error {
	moved, tallies := counts{}, days{}
	for i := range moves {
		moved.add(&moves[i].Before, -1)
		moved.add(&moves[i].After, 1)
		for _, tally := range moves[i].Tallies {
			tallies.add(moves[i].After.Campaign, when, tally)
		}
	}
	if err := t.addCounts(ctx, moved); err != nil {
		return err
	}
	return t.addDays(ctx, tallies)
}

// writes runs a statement on enrollments and reports which rows of the batch
// were written.
func (t *tx) writes(ctx context.Context, statement string, b batch) ([]bool, error) {
	if b.size == 0 {
		return nil, nil
	}
	written, err := t.engine.written(ctx, t.pool(), statement, b)
	return written, t.wrote(err, "enrollments")
}

func keep[T any](things []T, written []bool) []T {
	kept := make([]T, 0, len(things))
	for i := range things {
		if written[i] {
			kept = append(kept, things[i])
		}
	}
	return kept
}

// insertEnrollment leaves out those who are in the campaign already, and those
// whose account was deleted meanwhile.
func insertEnrollment() string {
	values := strings.Replace(":"+strings.ReplaceAll(enrollment, ", ", ", :"), ":seq", "1", 1)
	return fmt.Sprintf(`INSERT INTO enrollments (%s) SELECT %s {from}
		WHERE EXISTS (SELECT 1 FROM people p WHERE p.ref = :ref) ON CONFLICT DO NOTHING`, enrollment, values)
}

// updateEnrollment is the compare-and-set of a move.
func updateEnrollment() string {
	var set strings.Builder
	for name := range strings.SplitSeq(position, ", ") {
		fmt.Fprintf(&set, ", %s = :%s", name, name)
	}
	return fmt.Sprintf(`UPDATE enrollments SET seq = enrollments.seq + 1%s {from}
		WHERE enrollments.campaign = :campaign AND enrollments.ref = :ref AND enrollments.seq = :before`, set.String())
}
