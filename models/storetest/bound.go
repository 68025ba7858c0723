package storetest

import (
	"assent/terms"
	"assent/tracker"
)

func accountsAreFoundByTheirOwner(s *store) {
	owners := s.people("owner", 3)
	owned := func(id, owner string) tracker.Person {
		return tracker.Person{ID: id, Type: terms.Bot, Created: noon, Owner: owner}
	}
	bots := s.put(owned("bot-1", owners[0].ID), owned("bot-2", owners[1].ID), owned("bot-3", owners[0].ID), owned("free", ""))
	rows := s.enroll(campaign, bots)
	s.enroll("another", bots[:1])
	s.put(owned("not enrolled", owners[0].ID))
	bound := func(of ...string) map[string][]tracker.Enrolled {
		return get(s, func(r tracker.Reader) (map[string][]tracker.Enrolled, error) { return r.Bound(s.ctx, campaign, of) })
	}
	s.same("of nobody", bound(), map[string][]tracker.Enrolled{})
	s.same("of who owns none", bound(owners[2].ID, "nobody", ""), map[string][]tracker.Enrolled{})
	s.same("by owner", bound(owners[0].ID, owners[1].ID, owners[0].ID, owners[2].ID), map[string][]tracker.Enrolled{
		owners[0].ID: {rows[0], rows[2]}, owners[1].ID: {rows[1]},
	})
	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, owners[1].ID, noon) })
	s.put(tracker.Person{ID: owners[1].ID})
	s.same("of a new account of the same id", bound(owners[1].ID), map[string][]tracker.Enrolled{})
	s.put(owned("bot-1", owners[2].ID))
	s.same("after a change of owner", bound(owners[0].ID, owners[2].ID), map[string][]tracker.Enrolled{
		owners[0].ID: {rows[2]}, owners[2].ID: {rows[0]},
	})
}

func whoWaitsForANoticeIsListed(s *store) {
	rows := s.enroll(campaign, s.people("p", 5))
	s.enroll("another", s.people("q", 1))
	unreached := func(after int64, limit int) []tracker.Enrolled {
		return get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Unreached(s.ctx, campaign, after, limit) })
	}
	s.same("nobody waits", unreached(0, 10), []tracker.Enrolled{})
	var moves []tracker.Move
	for _, i := range []int{1, 2, 4} {
		m := tracker.Move{Before: rows[i], After: rows[i], Kind: tracker.ChangeNext}
		m.After.Unreached = true
		moves = append(moves, m)
		rows[i].Unreached, rows[i].Seq = true, 2
	}
	s.move(noon, moves...)
	s.same("all", unreached(0, 10), []tracker.Enrolled{rows[1], rows[2], rows[4]})
	s.same("a page", unreached(rows[1].Ref, 1), []tracker.Enrolled{rows[2]})
	reached := tracker.Move{Before: rows[2], After: rows[2], Kind: tracker.ChangeNoticed}
	reached.After.Unreached = false
	s.move(noon, reached)
	s.same("who still waits", unreached(0, 10), []tracker.Enrolled{rows[1], rows[4]})
}
