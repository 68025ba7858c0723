package storetest

import (
	"math/rand/v2"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

func (s *store) enrollment(person, key string) tracker.Enrolled {
	s.Helper()
	return get(s, func(r tracker.Reader) (tracker.Enrolled, error) { return r.Enrollment(s.ctx, person, key) })
}

func (s *store) positions(key string, after int64, limit int) []tracker.Enrolled {
	s.Helper()
	return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Positions(s.ctx, key, after, limit) })
}

func (s *store) placed(key string, after int64, limit int) []tracker.Enrolled {
	s.Helper()
	return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) {
		var list []tracker.Enrolled
		err := r.Placed(s.ctx, key, after, limit, func(e *tracker.Enrolled) { list = append(list, *e) })
		return list, err
	})
}

// placement is what is left of an enrollment for the gate.
func placement(e tracker.Enrolled) tracker.Enrolled {
	e.Seq, e.NextAt, e.Unreached = 0, time.Time{}, false
	e.Excused, e.ExemptUntil, e.Extensions = false, time.Time{}, 0
	return e
}

func (s *store) changes(after uint64, limit int) []tracker.Change {
	s.Helper()
	return get(s, func(r tracker.Reader) ([]tracker.Change, error) { return r.Changes(s.ctx, after, limit) })
}

func (s *store) revision() uint64 {
	s.Helper()
	return get(s, func(r tracker.Reader) (uint64, error) { return r.Revision(s.ctx) })
}

func enrollingPassesOverThoseWhoAreIn(s *store) {
	people := s.people("p", 3)
	s.enroll(campaign, people[:1])
	row := func(p tracker.Person) tracker.Enrolled {
		e := tracker.Enrolled{
			Ref: p.Ref, Locale: p.Locale, Seq: 9, NextAt: noon.AddDate(0, 1, 0),
			Enrollment: terms.Enroll(plan(campaign).Plan, p.ID, p.Country, p.Type, p.Created, noon.Add(time.Hour)),
		}
		e.Attributes, e.Bound = "app=kaios", true
		return e
	}
	gone := tracker.Person{Ref: 1_000_000, ID: "deleted meanwhile", Country: "BR"}
	s.update(func(tx tracker.Tx) error {
		added, err := tx.Enroll(s.ctx, []tracker.Enrolled{row(people[0]), row(people[1]), row(gone), row(people[1]), row(people[2])}, noon.Add(time.Hour))
		s.same("added", added, 2)
		return err
	})
	rows := s.positions(campaign, 0, 10)
	second := row(people[1])
	second.Seq = 1
	s.same("positions", []any{len(rows), rows[0].Joined, rows[1]}, []any{3, noon, second})
	s.same("enrollment", s.enrollment(people[1].ID, campaign), second)
	s.same("changes", s.changes(1, 10), []tracker.Change{
		{Revision: 2, Kind: tracker.ChangeEnrolled, At: noon.Add(time.Hour), Enrolled: rows[1]},
		{Revision: 3, Kind: tracker.ChangeEnrolled, At: noon.Add(time.Hour), Enrolled: rows[2]},
	})
	s.same("days", get(s, func(r tracker.Reader) ([]tracker.Day, error) { return r.Days(s.ctx, campaign) }),
		[]tracker.Day{{Day: "2021-05-15", Tally: tracker.TallyEnrolled, People: 3}})
	s.recount(campaign)
}

func enrollmentsAreFoundByPersonAndCampaign(s *store) {
	people := s.people("p", 2)
	missing(s, func(r tracker.Reader) (tracker.Enrolled, error) { return r.Enrollment(s.ctx, "nobody", campaign) })
	missing(s, func(r tracker.Reader) (tracker.Enrolled, error) { return r.Enrollment(s.ctx, people[0].ID, campaign) })
	b := s.enroll("b", people)
	missing(s, func(r tracker.Reader) (tracker.Enrolled, error) { return r.Enrollment(s.ctx, people[0].ID, campaign) })
	a := s.enroll("a", people[1:])
	of := func(person string) []tracker.Enrolled {
		return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Enrollments(s.ctx, person) })
	}
	s.same("enrollments", of(people[1].ID), []tracker.Enrolled{a[0], b[1]})
	s.same("enrollments", of(people[0].ID), []tracker.Enrolled{b[0]})
	s.same("enrollments of nobody", of("nobody"), []tracker.Enrolled{})
	among := func(campaign string, people ...string) map[string]tracker.Enrolled {
		return get(s, func(r tracker.Reader) (map[string]tracker.Enrolled, error) {
			return r.EnrollmentsOf(s.ctx, campaign, people)
		})
	}
	s.same("of many", among("b", people[1].ID, "nobody", people[0].ID), map[string]tracker.Enrolled{people[0].ID: b[0], people[1].ID: b[1]})
	s.same("of one", among("a", people[1].ID), map[string]tracker.Enrolled{people[1].ID: a[0]})
	s.same("of who is not in it", among("a", people[0].ID), map[string]tracker.Enrolled{})
	s.same("of nobody", among("a"), map[string]tracker.Enrolled{})
	s.same("positions of one campaign", s.positions("a", 0, 10), a)
	s.same("a page of positions", s.positions("b", b[0].Ref, 10), b[1:])
	s.same("a page of none", s.positions("b", 0, 0), []tracker.Enrolled{})
	s.same("placed in one campaign", s.placed("a", 0, 10), []tracker.Enrolled{placement(a[0])})
	s.same("a page of those placed", s.placed("b", b[0].Ref, 1), []tracker.Enrolled{placement(b[1])})
}

func everyFieldOfAnEnrollmentIsKept(s *store) {
	row := s.enroll(campaign, s.people("p", 1))[0]
	zone := time.FixedZone("far east", 14*3600)
	n := time.Duration(0)
	next := func() time.Time { n++; return noon.Add(n * 1001 * time.Microsecond).In(zone) }
	after := row
	after.Plan, after.Country, after.Locale = 2, "TR", "tr"
	after.Created, after.Joined, after.Entered, after.Told, after.Noticed = next(), next(), next(), next(), next()
	after.Warned, after.FirstNotice, after.NotBefore, after.SnoozedUntil, after.NextAt = next(), next(), next(), next(), next()
	after.Status, after.Effect, after.Stage, after.Snoozes, after.Answered = terms.Declined, terms.Void, 3, 2, true
	after.Attributes, after.Excused, after.ExemptUntil, after.Bound, after.Extensions, after.Unreached = "app=kaios", true, next(), true, 3, true
	s.move(noon, tracker.Move{Before: row, After: after, Kind: tracker.ChangeAnswered})

	want := after
	want.Seq = 2
	for _, instant := range []*time.Time{
		&want.Created, &want.Joined, &want.Entered, &want.Told, &want.Noticed, &want.Warned,
		&want.FirstNotice, &want.NotBefore, &want.SnoozedUntil, &want.NextAt, &want.ExemptUntil,
	} {
		*instant = instant.UTC()
	}
	s.same("enrollment", s.enrollment(row.Person, campaign), want)
	s.same("change", s.changes(1, 10)[0].Enrolled, want)
	s.same("placed", s.placed(campaign, 0, 10), []tracker.Enrolled{placement(want)})

	bare := want
	bare.Enrollment = terms.Enrollment{Person: want.Person, Campaign: want.Campaign}
	bare.Locale, bare.NextAt, bare.Seq, bare.Unreached = "", time.Time{}, 3, false
	s.move(noon, tracker.Move{Before: want, After: bare, Kind: tracker.ChangeNext})
	s.same("zero values", s.enrollment(row.Person, campaign), bare)
}

func dueEnrollmentsAreWalkedInOrderOfTimeThenNumber(s *store) {
	due := func(now time.Time, after tracker.Cursor, limit int) []tracker.Enrolled {
		return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Due(s.ctx, campaign, now, after, limit) })
	}
	nextDue := func() time.Time {
		return get(s, func(r tracker.Reader) (time.Time, error) { return r.NextDue(s.ctx) })
	}
	s.same("nothing is due", []any{due(noon, tracker.Cursor{}, 10), nextDue()}, []any{[]tracker.Enrolled{}, time.Time{}})
	rows := s.enroll(campaign, s.people("p", 12))
	s.enroll("another", s.people("q", 2)) // from noon on as well
	zone := time.FixedZone("far east", 14*3600)
	moves := make([]tracker.Move, len(rows))
	for i := range rows {
		moves[i] = tracker.Move{Before: rows[i], After: rows[i], Kind: tracker.ChangeNext}
		moves[i].After.NextAt = noon.Add(time.Duration(-i%4) * time.Hour).In(zone)
		rows[i].NextAt, rows[i].Seq = moves[i].After.NextAt.UTC(), 2
	}
	moves[3].After.NextAt = time.Time{}
	s.move(noon, moves...)
	rows = slices.Delete(rows, 3, 4)
	slices.SortFunc(rows, func(a, b tracker.Enrolled) int {
		if c := a.NextAt.Compare(b.NextAt); c != 0 {
			return c
		}
		return int(a.Ref - b.Ref)
	})
	s.same("the earliest", nextDue(), noon.Add(-3*time.Hour))
	s.same("all", due(noon.In(zone), tracker.Cursor{}, 100), rows)
	s.same("none just before", due(noon.Add(-3*time.Hour-time.Microsecond), tracker.Cursor{}, 100), []tracker.Enrolled{})
	var walked []tracker.Enrolled
	for at := (tracker.Cursor{}); len(walked) <= len(rows); {
		page := due(noon.Add(-time.Hour), at, 2)
		if len(page) == 0 {
			break
		}
		walked = append(walked, page...)
		at = tracker.Cursor{NextAt: page[len(page)-1].NextAt.In(zone), Ref: page[len(page)-1].Ref}
	}
	s.same("page by page, up to now", walked, rows[:8])
}

// dueIsTheSameInEveryZone has people due around the hours at which clocks are
// changed, each instant written in some zone, and asks who is due in another.
func dueIsTheSameInEveryZone(s *store) {
	random := rand.New(rand.NewPCG(2021, 5)) //nolint:gosec // a test draws the same each time
	var zones []*time.Location
	for _, name := range []string{
		"UTC", "Africa/Casablanca", "America/Los_Angeles", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Asia/Kathmandu",
		"Asia/Kolkata", "Asia/Tehran", "Asia/Tokyo", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			s.Fatal(err)
		}
		zones = append(zones, zone)
	}
	drawn := func() time.Time {
		changing := time.Date(2019+random.IntN(3), time.Month(1+random.IntN(12)), 1+random.IntN(31), 0, 0, 0, 0, zones[random.IntN(len(zones))])
		return changing.Add(time.Duration(random.IntN(4*60)) * time.Minute).In(zones[random.IntN(len(zones))])
	}
	rows := s.enroll(campaign, s.people("p", 300))
	moves := make([]tracker.Move, len(rows))
	for i, row := range rows {
		moves[i] = tracker.Move{Before: row, After: row, Kind: tracker.ChangeNext}
		moves[i].After.NextAt = drawn()
	}
	s.move(noon, moves...)
	slices.SortFunc(moves, func(a, b tracker.Move) int {
		if c := a.After.NextAt.Compare(b.After.NextAt); c != 0 {
			return c
		}
		return int(a.After.Ref - b.After.Ref)
	})
	for range 30 {
		now := drawn()
		var want, found []int64
		for _, m := range moves {
			if !m.After.NextAt.After(now) {
				want = append(want, m.After.Ref)
			}
		}
		for _, e := range get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) {
			return r.Due(s.ctx, campaign, now, tracker.Cursor{}, len(rows))
		}) {
			found = append(found, e.Ref)
		}
		s.same("due at "+now.String(), found, want)
	}
}
