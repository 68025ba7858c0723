package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

// fail counts one more try, at an instant, which has to be the nth.
func (s *store) fail(e tracker.Enrolled, at time.Time, nth int) tracker.Failure {
	s.Helper()
	f := tracker.Failure{Campaign: e.Campaign, Ref: e.Ref, Person: e.Person, Error: at.String(), At: at}
	s.update(func(tx tracker.Tx) error {
		tries, err := tx.AddFailure(s.ctx, f)
		s.same("tries", tries, nth)
		return err
	})
	f.Tries = nth
	return f
}

func (s *store) failures(key string, limit int) []tracker.Failure {
	s.Helper()
	return get(s, func(r tracker.Reader) ([]tracker.Failure, error) { return r.Failures(s.ctx, key, limit) })
}

func failuresAreCountedUntilTheyEnd(s *store) {
	people := s.people("p", 3)
	rows, other := s.enroll(campaign, people), s.enroll("another", people)
	s.same("no failures", s.failures("", 10), []tracker.Failure{})
	first := s.fail(rows[0], noon, 1)
	elsewhere := s.fail(other[0], noon.Add(time.Minute), 1)
	s.fail(rows[1], noon, 1)
	second := s.fail(rows[1], noon.Add(time.Hour), 2)
	s.same("of all, newest first", s.failures("", 10), []tracker.Failure{second, elsewhere, first})
	s.same("of one campaign", s.failures(campaign, 10), []tracker.Failure{second, first})
	s.same("the newest", s.failures(campaign, 1), []tracker.Failure{second})

	end := func(person string) func(tx tracker.Tx) error {
		return func(tx tracker.Tx) error { return tx.EndFailure(s.ctx, campaign, person) }
	}
	s.update(end(rows[1].Person))
	s.refused(terms.NotFound, end(rows[1].Person))
	s.refused(terms.NotFound, end(rows[2].Person))
	s.refused(terms.NotFound, end("nobody"))
	s.same("what is left", s.failures("", 10), []tracker.Failure{elsewhere, first})
	s.fail(rows[1], noon, 1)
	if err := s.Update(s.ctx, func(tx tracker.Tx) error { _, err := tx.AddFailure(s.ctx, tracker.Failure{}); return err }); err == nil {
		s.Fatal("a failure of nobody was stored")
	}

	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, people[0].ID, noon) })
	s.same("of who is left", len(s.failures("", 10)), 1)
}

func whoFailedTooOftenIsNotDue(s *store) {
	rows := s.enroll(campaign, s.people("p", 3)) // due at noon, one, two
	due := func() []tracker.Enrolled {
		return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) {
			return r.Due(s.ctx, campaign, noon.AddDate(0, 0, 1), tracker.Cursor{}, 10)
		})
	}
	next := func() time.Time {
		return get(s, func(r tracker.Reader) (time.Time, error) { return r.NextDue(s.ctx) })
	}
	s.same("who has not failed", []any{due(), next()}, []any{rows, noon})
	for try := 1; try <= tracker.MaxTries; try++ {
		s.same("who may still be tried", due(), rows)
		s.fail(rows[0], noon, try)
	}
	s.same("all others", []any{due(), next()}, []any{rows[1:], noon.Add(time.Hour)})
	s.fail(rows[0], noon, tracker.MaxTries+1)
	for try := range tracker.MaxTries {
		s.fail(tracker.Enrolled{Ref: rows[1].Ref, Enrollment: terms.Enrollment{Campaign: "another"}}, noon, try+1)
	}
	s.same("failing elsewhere does not count", due(), rows[1:])
	s.update(func(tx tracker.Tx) error { return tx.EndFailure(s.ctx, campaign, rows[0].Person) })
	s.same("released", []any{due(), next()}, []any{rows, noon})
}
