package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

// move saves moves and returns their revisions.
func (s *store) move(at time.Time, moves ...tracker.Move) []uint64 {
	s.Helper()
	var revisions []uint64
	s.update(func(tx tracker.Tx) error {
		var err error
		revisions, err = tx.Save(s.ctx, moves, at)
		return err
	})
	return revisions
}

// step is a move from one stage to another, at noon, with all that goes with it.
func step(e tracker.Enrolled, from, to int) tracker.Move {
	m := tracker.Move{Before: e, After: e, Kind: tracker.ChangeEntered, Tallies: []tracker.Tally{tracker.LeftStage(from), tracker.EnteredStage(to)}}
	m.Before.Stage, m.After.Stage, m.After.Entered = from, to, noon
	m.Transition = &tracker.Transition{
		Person: e.Person, Ref: e.Ref, Campaign: e.Campaign, Plan: e.Plan, Country: e.Country,
		From: from, To: to, Cause: tracker.CauseSweep, At: noon, Run: "run-1",
	}
	return m
}

// handed is the notice in the app that a change of an enrollment is.
func handed(revision uint64, e tracker.Enrolled, kind tracker.NoticeKind, at time.Time) tracker.Notice {
	return tracker.Notice{
		ID: fmt.Sprintf("ntc_%d", revision), Person: e.Person, Ref: e.Ref, Campaign: e.Campaign, Plan: e.Plan, Stage: e.Stage,
		Kind: kind, Channel: tracker.InApp, At: at,
	}
}

func (s *store) notices(person string, limit int) []tracker.Notice {
	s.Helper()
	return get(s, func(r tracker.Reader) ([]tracker.Notice, error) { return r.Notices(s.ctx, person, limit) })
}

func aMoveWritesEverythingThatGoesWithIt(s *store) {
	rows := s.enroll(campaign, s.people("p", 2))
	m := step(rows[0], 0, 1)
	s.same("revisions", s.move(noon, m), []uint64{3})

	moved := m.After
	moved.Seq = 2
	s.same("enrollment", s.enrollment(moved.Person, campaign), moved)
	s.same("the other one", s.enrollment(rows[1].Person, campaign), rows[1])
	s.same("change", s.changes(2, 10), []tracker.Change{{Revision: 3, Kind: tracker.ChangeEntered, At: noon, Stage: 1, Enrolled: moved}})
	s.same("transition", get(s, func(r tracker.Reader) ([]tracker.Transition, error) {
		return r.Transitions(s.ctx, "", moved.Person, 10)
	}), []tracker.Transition{*m.Transition})
	s.same("notice", s.notices(moved.Person, 10), []tracker.Notice{handed(3, moved, tracker.StageNotice, noon)})
	s.same("counts", get(s, func(r tracker.Reader) ([]tracker.Count, error) { return r.Counts(s.ctx, campaign) }), []tracker.Count{
		{Country: "BR", Status: terms.Pending, Stage: 1, People: 1},
		{Country: "IN", Status: terms.Pending, Stage: 0, People: 1},
	})
	s.same("days", get(s, func(r tracker.Reader) ([]tracker.Day, error) { return r.Days(s.ctx, campaign) }), []tracker.Day{
		{Day: "2021-05-15", Tally: tracker.TallyEnrolled, People: 2},
		{Day: "2021-05-15", Tally: tracker.EnteredStage(1), People: 1},
		{Day: "2021-05-15", Tally: tracker.LeftStage(0), People: 1},
	})
	s.same("no moves", s.move(noon), []uint64{})
}

func aChangeCarriesThePositionAsItIsNow(s *store) {
	e := s.enroll(campaign, s.people("p", 1))[0]
	for stage := range 3 {
		s.move(noon, step(e, stage, stage+1))
		e = s.enrollment(e.Person, campaign)
	}
	list := s.changes(0, 10)
	for i, c := range list {
		s.same("stage then", c.Stage, i)
		s.same("position now", c.Enrolled, e)
	}
	s.same("changes", len(list), 4)
}

func aMoveOfARowThatMovedOnWritesNothing(s *store) {
	rows := s.enroll(campaign, s.people("p", 3))
	s.move(noon, step(rows[1], 0, 1))
	before := s.revision()
	nobody := rows[0]
	nobody.Ref, nobody.Person = 1_000_000, "nobody"
	s.same("revisions", s.move(noon, step(rows[0], 0, 1), step(rows[1], 0, 1), step(nobody, 0, 1), step(rows[2], 0, 1)),
		[]uint64{before + 1, 0, 0, before + 2})
	s.recount(campaign)
	s.same("transitions", len(get(s, func(r tracker.Reader) ([]tracker.Transition, error) { return r.Transitions(s.ctx, campaign, "", 100) })), 3)
	s.same("notices", len(s.notices(rows[1].Person, 100)), 1)
	s.same("days", get(s, func(r tracker.Reader) ([]tracker.Day, error) { return r.Days(s.ctx, campaign) })[1].People, int64(3))
	s.same("revision", s.revision(), before+2)
}

func aRowThatStandsTwiceIsMovedOnce(s *store) {
	rows := s.enroll(campaign, s.people("p", 1))
	first, second := step(rows[0], 0, 1), step(rows[0], 0, 1)
	second.After.Locale = "de"
	s.same("revisions", s.move(noon, first, second), []uint64{2, 0})
	s.same("the first counts", s.enrollment(rows[0].Person, campaign).Locale, rows[0].Locale)
	s.recount(campaign)
}

func talliesGoToTheDayInUTC(s *store) {
	row := s.enroll(campaign, s.people("p", 1))[0]
	late := time.Date(2021, 6, 1, 0, 30, 0, 0, time.FixedZone("east", 3600)) // still May in UTC
	s.move(late, tracker.Move{Before: row, After: row, Kind: tracker.ChangeNoticed, Tallies: []tracker.Tally{tracker.TallyNoticed, tracker.TallySnoozed}})
	s.same("days", get(s, func(r tracker.Reader) ([]tracker.Day, error) { return r.Days(s.ctx, campaign) })[1:], []tracker.Day{
		{Day: "2021-05-31", Tally: tracker.TallyNoticed, People: 1},
		{Day: "2021-05-31", Tally: tracker.TallySnoozed, People: 1},
	})
}

func transitionsAreListedNewestFirst(s *store) {
	people := s.people("p", 3)
	a, b := s.enroll("a", people), s.enroll("b", people)
	first, second, third, fourth := step(a[0], 0, 1), step(b[0], 0, 1), step(a[1], 0, 1), step(a[2], 0, 1)
	s.move(noon, first)
	s.move(noon, second)
	s.move(noon, third, fourth)
	list := func(key, person string, limit int) []tracker.Transition {
		return get(s, func(r tracker.Reader) ([]tracker.Transition, error) { return r.Transitions(s.ctx, key, person, limit) })
	}
	s.same("all", list("", "", 10), []tracker.Transition{*fourth.Transition, *third.Transition, *second.Transition, *first.Transition})
	s.same("of a campaign", list("a", "", 2), []tracker.Transition{*fourth.Transition, *third.Transition})
	s.same("of a person", list("", people[0].ID, 10), []tracker.Transition{*second.Transition, *first.Transition})
	s.same("of both", list("b", people[0].ID, 10), []tracker.Transition{*second.Transition})
	s.same("of nobody", list("", "nobody", 10), []tracker.Transition{})
}

func noticesAreListedNewestFirst(s *store) {
	people := s.people("p", 2)
	notice := func(id string, p tracker.Person, at time.Time) tracker.Notice {
		return tracker.Notice{
			ID: id, Person: p.ID, Ref: p.Ref, Campaign: campaign, Plan: 1, Stage: 2, Kind: tracker.Reported, Channel: tracker.Email,
			Presented: true, Delivered: true, At: at,
		}
	}
	old, recent, other := notice("z", people[0], noon), notice("a", people[0], noon.Add(time.Hour)), notice("z", people[1], noon)
	s.update(func(tx tracker.Tx) error {
		for _, n := range []tracker.Notice{recent, old, other} {
			if err := tx.AddNotice(s.ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
	s.same("notices", s.notices(people[0].ID, 10), []tracker.Notice{recent, old})
	s.same("the newest", s.notices(people[0].ID, 1), []tracker.Notice{recent})
	s.same("of nobody", s.notices("nobody", 10), []tracker.Notice{})
	one := func(ref int64, id string) (tracker.Notice, error) {
		var n tracker.Notice
		err := s.View(s.ctx, func(r tracker.Reader) error {
			var err error
			n, err = r.Notice(s.ctx, ref, id)
			return err
		})
		n.Person = old.Person
		return n, err
	}
	found, err := one(people[0].Ref, "z")
	if err != nil {
		s.Fatal(err)
	}
	s.same("one by its id", found, old)
	if _, err := one(people[1].Ref, "a"); !errors.Is(err, terms.NotFound) {
		s.Fatalf("another person's id gave %v", err)
	}
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddNotice(s.ctx, old) })
	old.ID, old.Ref = "of nobody", 0
	if err := s.Update(s.ctx, func(tx tracker.Tx) error { return tx.AddNotice(s.ctx, old) }); err == nil {
		s.Fatal("a notice was stored for nobody")
	}
}

func whatASweepTellsIsANotice(s *store) {
	e := s.enroll(campaign, s.people("p", 1))[0]
	reported := tracker.Notice{
		ID: "reported", Person: e.Person, Ref: e.Ref, Campaign: campaign, Plan: 1, Kind: tracker.Reported, Channel: tracker.Push,
		Delivered: true, At: noon.Add(2 * time.Hour),
	}
	var want []tracker.Notice
	for i, kind := range []tracker.ChangeKind{
		tracker.ChangeTold, tracker.ChangeNext, tracker.ChangeWarned, tracker.ChangeNoticed, tracker.ChangeEntered, tracker.ChangeAnswered, tracker.ChangeRestored,
	} {
		m := tracker.Move{Before: e, After: e, Kind: kind}
		if kind == tracker.ChangeNoticed {
			m.Notice = &reported
			want = append(want, reported)
		}
		m.After.Stage = i / 2
		at := noon.Add(time.Duration(i) * time.Hour)
		revision := s.move(at, m)[0]
		e = m.After
		e.Seq++
		switch kind {
		case tracker.ChangeTold, tracker.ChangeEntered, tracker.ChangeRestored:
			want = append(want, handed(revision, e, tracker.StageNotice, at))
		case tracker.ChangeWarned:
			want = append(want, handed(revision, e, tracker.FinalWarning, at))
		}
	}
	want[1], want[2] = want[2], want[1] // the report is of what came just before, at the same instant
	slices.Reverse(want)
	s.same("notices", s.notices(e.Person, 10), want)
}

func aMoveWritesOnlyWhatItChanges(s *store) {
	rows := s.enroll(campaign, s.people("p", 3))
	moves := make([]tracker.Move, len(rows))
	for i := range rows {
		moves[i] = tracker.Move{Before: rows[i], After: rows[i], Kind: tracker.ChangeNext}
	}
	moves[1].After.Locale = "texts with \"quotes\", \\ and \x01\n,  , é and 😀"
	moves[2].After.Snoozes, moves[2].After.Answered, moves[2].After.NextAt = 7, true, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	s.same("written", len(s.move(noon, moves...)), len(rows))
	for i := range rows {
		want := moves[i].After
		want.Seq = 2
		s.same("position", s.enrollment(want.Person, campaign), want)
	}
}

// Most rows of a chunk are alike but for whom they are about, which an engine
// may make use of.
func manyMovesAtOnceWriteWhatEachSays(s *store) {
	rows := s.enroll(campaign, s.people("p", 150))
	s.move(noon, step(rows[7], 0, 1), step(rows[140], 0, 1))
	stale := []tracker.Enrolled{rows[7], rows[140]}
	rows = s.positions(campaign, 0, 1000)
	moves := make([]tracker.Move, len(rows))
	for i := range rows {
		moves[i] = step(rows[i], rows[i].Stage, rows[i].Stage+1)
		moves[i].After.NextAt = noon.AddDate(0, 0, 1)
	}
	missed := slices.Clone(moves)
	missed[7], missed[140] = step(stale[0], 0, 1), step(stale[1], 0, 1)
	before := s.revision()
	for i, revision := range s.move(noon, missed...) {
		switch i {
		case 7, 140:
			s.same("revision of a miss", revision, uint64(0))
		default:
			before++
			s.same("revision", revision, before)
			rows[i] = moves[i].After
			rows[i].Seq++
		}
	}
	s.same("positions", s.positions(campaign, 0, 1000), rows)
	for i := range rows { // each at a time of its own
		moves[i] = step(rows[i], 1, 2)
		moves[i].After.NextAt = noon.Add(time.Duration(i) * time.Minute)
		rows[i] = moves[i].After
		rows[i].Seq++
	}
	s.move(noon, moves...)
	s.same("positions", s.positions(campaign, 0, 1000), rows)
	s.recount(campaign)
}
