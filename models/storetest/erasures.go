package storetest

import (
	"time"

	"assent/tracker"
)

func tracesLeadToRecordsUntilTheyAreErased(s *store) {
	people := s.people("p", 2)
	s.enroll(campaign, people)
	traces := func(id string) []tracker.Trace {
		return get(s, func(r tracker.Reader) ([]tracker.Trace, error) { return r.Traces(s.ctx, id) })
	}
	s.same("of nobody", traces("nobody"), []tracker.Trace{})
	s.same("of somebody without records", traces(people[0].ID), []tracker.Trace{{Ref: people[0].Ref, Records: []int64{}}})
	s.update(func(tx tracker.Tx) error {
		return s.respond(tx, response(people[0], 0, "k1"), response(people[1], 1, "k1"), response(people[0], 2, "k2"))
	})
	mine, other := []tracker.Trace{{Ref: people[0].Ref, Records: []int64{0, 2}}}, []tracker.Trace{{Ref: people[1].Ref, Records: []int64{1}}}
	s.same("with records", traces(people[0].ID), mine)
	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, people[0].ID, noon) })
	s.same("of an account that is gone", traces(people[0].ID), mine)

	s.update(func(tx tracker.Tx) error { return tx.ErasePerson(s.ctx, people[0].ID, 3, "mei", noon) })
	s.update(func(tx tracker.Tx) error { return tx.ForgetNames(s.ctx, noon) })
	s.same("of somebody erased", traces(people[0].ID), []tracker.Trace{})
	s.same("of the other", traces(people[1].ID), other)
	left := get(s, func(r tracker.Reader) (tracker.Response, error) { return r.Response(s.ctx, "rcp-2") })
	want := response(people[0], 2, "erased:2")
	want.Person, want.Salt, want.Details = "", nil, nil
	s.same("what is left of a choice", left, want)
	s.recount(campaign)
	s.update(func(tx tracker.Tx) error { return tx.ErasePerson(s.ctx, people[0].ID, 3, "mei", noon) }) // which finds nothing
}

func erasuresAreListedUntilTheyAreScrubbed(s *store) {
	list := func() []tracker.Erasure {
		return get(s, func(r tracker.Reader) ([]tracker.Erasure, error) { return r.Erasures(s.ctx) })
	}
	s.same("none", list(), []tracker.Erasure{})
	first, second := tracker.Erasure{ID: "ers_b", LeafIndex: 3, Ref: 7, At: noon}, tracker.Erasure{ID: "ers_a", LeafIndex: 4, At: noon.Add(time.Hour)}
	s.update(func(tx tracker.Tx) error {
		if err := tx.AddErasure(s.ctx, second); err != nil {
			return err
		}
		return tx.AddErasure(s.ctx, first)
	})
	s.same("oldest first", list(), []tracker.Erasure{first, second})
	first.Scrubbed = noon.Add(2 * time.Hour)
	s.update(func(tx tracker.Tx) error { return tx.SetScrubbed(s.ctx, []string{first.ID}, first.Scrubbed) })
	s.same("one of them scrubbed", list(), []tracker.Erasure{first, second})
}
