package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/tracker"
)

// Enroll starts Seq at 1. It also passes over those whose account was deleted
// since their Ref was read.
func (t *tx) Enroll(ctx context.Context, rows []tracker.Enrolled, when time.Time) (int, error) {
	itself := func(e *tracker.Enrolled) *tracker.Enrolled { return e }
	rows, _ = once(rows, itself)
	written, err := t.writes(ctx, insertEnrollment(), newBatch(rows, columns(itself)...))
	if err != nil {
		return 0, err
	}
	added := keep(rows, written)
	joined, tallies, entries := counts{}, days{}, make([]entry, len(added))
	for i := range added {
		joined.add(&added[i], 1)
		tallies.add(added[i].Campaign, dayOf(when), tracker.TallyEnrolled)
		entries[i] = entry{kind: tracker.ChangeEnrolled, of: &added[i], seq: 1, from: added[i].Stage}
	}
	if err := t.addCounts(ctx, joined); err != nil {
		return 0, err
	}
	if err := t.addDays(ctx, tallies); err != nil {
		return 0, err
	}
	_, err = t.record(ctx, entries, when)
	return len(added), err
}

// Save numbers a written row's Seq one above Before.Seq, and writes what After
// changes of Before. A row that stands twice in one call is written for the
// first of the two.
func (t *tx) Save(ctx context.Context, moves []tracker.Move, when time.Time) ([]uint64, error) {
	distinct, places := once(moves, after)
	statement, b := updateEnrollment(distinct)
	written, err := t.writes(ctx, statement, b)
	if err != nil {
		return nil, err
	}
	saved := keep(distinct, written)
	first, err := t.record(ctx, entriesOf(saved), when)
	if err != nil {
		return nil, err
	}
	if err := t.rollUp(ctx, saved, when); err != nil {
		return nil, err
	}
	if err := t.addMoveNotices(ctx, saved); err != nil {
		return nil, err
	}
	revisions := make([]uint64, len(moves))
	for i := range distinct {
		if written[i] {
			revisions[places(i)] = first
			first++
		}
	}
	return revisions, nil
}

func after(m *tracker.Move) *tracker.Enrolled { return &m.After }

func before(m *tracker.Move) *tracker.Enrolled { return &m.Before }

// rollUp keeps the counts and the day's tallies in step with the moves.
func (t *tx) rollUp(ctx context.Context, moves []tracker.Move, when time.Time) error {
	moved, tallies, day := counts{}, days{}, dayOf(when)
	for i := range moves {
		m := &moves[i]
		if cellOf(&m.Before) != cellOf(&m.After) {
			moved.add(&m.Before, -1)
			moved.add(&m.After, 1)
		}
		for _, tally := range m.Tallies {
			tallies.add(m.After.Campaign, day, tally)
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

// once leaves out things about an enrollment that another before them is about,
// and tells where each of the rest stood.
func once[T any](things []T, of func(*T) *tracker.Enrolled) ([]T, func(i int) int) {
	same := func(i int) int { return i }
	ascending := func(a, b *tracker.Enrolled) bool { return a.Campaign == b.Campaign && a.Ref < b.Ref }
	i := 1
	for i < len(things) && ascending(of(&things[i-1]), of(&things[i])) {
		i++
	}
	if i >= len(things) { // as a sweep's often are
		return things, same
	}
	type key struct {
		campaign string
		ref      int64
	}
	seen := make(map[key]bool, len(things))
	kept, places := make([]T, 0, len(things)), make([]int, 0, len(things))
	for i := range things {
		k := key{of(&things[i]).Campaign, of(&things[i]).Ref}
		if !seen[k] {
			seen[k] = true
			kept, places = append(kept, things[i]), append(places, i)
		}
	}
	return kept, func(i int) int { return places[i] }
}

func keep[T any](things []T, written []bool) []T {
	if !slices.Contains(written, false) {
		return things
	}
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

// thisRow is how the statement below finds one by number, and asItWas how it
// leaves out one that was moved since it was read.
const (
	thisRow = "enrollments.ref = :ref"
	asItWas = " AND enrollments.seq = :before"
)

// updateEnrollment is the compare-and-set of moves. It sets what changes in any
// of them.
func updateEnrollment(moves []tracker.Move) (string, batch) {
	was, is := newBatch(moves, columns(before)...), newBatch(moves, columns(after)...)
	set := "seq = enrollments.seq + 1"
	for i, differs := range is.differing(was) {
		if c := is.columns[i]; differs && strings.Contains(", "+position+", ", ", "+c.name+", ") {
			set += fmt.Sprintf(", %s = :%s", c.name, c.name)
		}
	}
	is.columns = append(is.columns, number("before", func(m *tracker.Move) int64 { return m.Before.Seq })(moves))
	return "UPDATE enrollments SET " + set + ` {from}
		WHERE enrollments.campaign = :campaign AND ` + thisRow + asItWas, is
}
