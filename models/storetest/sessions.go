package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func aTokenIsSpentOnceAndForgottenWhenItHasExpired(s *store) {
	later := noon.Add(time.Hour)
	spend := func(id string, now time.Time) func(tracker.Tx) error {
		return func(tx tracker.Tx) error { return tx.Spend(s.ctx, id, later, now) }
	}
	s.update(spend("a", noon))
	s.update(spend("b", noon))
	s.refused(terms.Conflict, spend("a", later.Add(-time.Microsecond)))
	s.update(spend("a", later)) // whoever checks tokens refuses it by then for its age
}

func aSessionEndsByItsIDByItsPersonAndWithTheAccount(s *store) {
	people := s.people("p", 2)
	over := func(person, id string, begun time.Time) bool {
		is, err := s.SessionOver(s.ctx, person, id, begun)
		if err != nil {
			s.Fatal(err)
		}
		return is
	}
	one, two := people[0].ID, people[1].ID
	s.same("a fresh one", over(one, "a", noon), false)
	s.update(func(tx tracker.Tx) error { return tx.Spend(s.ctx, "a", noon.Add(time.Hour), noon) })
	s.same("ended", over(one, "a", noon), true)
	s.same("another of the same person", over(one, "b", noon), false)

	for _, at := range []time.Time{noon.Add(time.Second), noon.Add(2 * time.Second)} {
		s.update(func(tx tracker.Tx) error { return tx.SignOut(s.ctx, people[0].Ref, at) })
	}
	s.same("begun before all were ended", over(one, "b", noon.Add(time.Second)), true)
	s.same("begun since", over(one, "b", noon.Add(2*time.Second)), false)
	s.same("somebody else's", over(two, "b", noon), false)

	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, two, noon) })
	s.same("of a deleted account", over(two, "b", noon), true)
	s.same("of nobody", over("nobody", "b", noon), true)
}
