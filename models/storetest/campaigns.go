package storetest

import (
	"errors"
	"time"

	"assent/terms"
	"assent/tracker"
)

func (s *store) campaign(key string) tracker.Campaign {
	s.Helper()
	return get(s, func(r tracker.Reader) (tracker.Campaign, error) { return r.Campaign(s.ctx, key) })
}

func (s *store) plan(key string, number int) tracker.PlanRecord {
	s.Helper()
	return get(s, func(r tracker.Reader) (tracker.PlanRecord, error) { return r.Plan(s.ctx, key, number) })
}

// addPlan stores a plan, which has to become this number.
func (s *store) addPlan(p tracker.PlanRecord, want int) {
	s.Helper()
	s.update(func(tx tracker.Tx) error {
		number, err := tx.AddPlan(s.ctx, p)
		if err == nil && number != want {
			s.Errorf("plan %d, want %d", number, want)
		}
		return err
	})
}

func plansAreNumberedPerCampaignAndKeptWhole(s *store) {
	missing(s, func(r tracker.Reader) (tracker.Campaign, error) { return r.Campaign(s.ctx, campaign) })
	missing(s, func(r tracker.Reader) (tracker.PlanRecord, error) { return r.Plan(s.ctx, campaign, 1) })
	s.same("no campaigns", get(s, func(r tracker.Reader) ([]tracker.Campaign, error) { return r.Campaigns(s.ctx) }), []tracker.Campaign{})
	s.same("no plans", get(s, func(r tracker.Reader) ([]tracker.PlanRecord, error) { return r.Plans(s.ctx, campaign) }), []tracker.PlanRecord{})

	first, second, other := plan(campaign), plan(campaign), plan("another")
	first.Number = 77                                                         // the store numbers, not the caller
	first.Reversals, first.Basis = []terms.Reversal{{ID: "rev-1"}}, "1+rev-1" // of the campaign, not of the plan
	s.addPlan(first, 1)
	second.Title, second.Source, second.Stages = terms.Texts{}, nil, nil
	s.addPlan(second, 2)
	s.addPlan(other, 1)
	first.Number, second.Number, other.Number = 1, 2, 1
	first.Reversals, first.Basis = nil, ""
	s.same("plan 1", s.plan(campaign, 1), first)
	s.same("plans", get(s, func(r tracker.Reader) ([]tracker.PlanRecord, error) { return r.Plans(s.ctx, campaign) }), []tracker.PlanRecord{first, second})
	s.same("campaigns", get(s, func(r tracker.Reader) ([]tracker.Campaign, error) { return r.Campaigns(s.ctx) }),
		[]tracker.Campaign{{Key: "another"}, {Key: campaign}})
	missing(s, func(r tracker.Reader) (tracker.PlanRecord, error) { return r.Plan(s.ctx, campaign, 3) })
}

func activatingAPlanStartsTheWalkAnewAndTellsFollowers(s *store) {
	s.addPlan(plan(campaign), 1)
	s.addPlan(plan(campaign), 2)
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.Activate(s.ctx, campaign, 3, true, noon) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.Activate(s.ctx, "no such", 1, true, noon) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.SetEnrolledTo(s.ctx, "no such", 1) })

	s.update(func(tx tracker.Tx) error {
		return errors.Join(tx.Activate(s.ctx, campaign, 1, true, noon), tx.SetEnrolledTo(s.ctx, campaign, 42))
	})
	s.same("campaign", s.campaign(campaign), tracker.Campaign{Key: campaign, Plan: 1, Confirmed: 1, ActivatedAt: noon, EnrolledTo: 42, Ruled: 1})
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.Activate(s.ctx, campaign, 1, true, noon.Add(time.Hour)) })

	later := noon.Add(time.Hour)
	s.update(func(tx tracker.Tx) error { return tx.Activate(s.ctx, campaign, 2, true, later) })
	s.same("campaign", s.campaign(campaign), tracker.Campaign{Key: campaign, Plan: 2, Confirmed: 2, ActivatedAt: later, Ruled: 2})
	s.same("activated", []time.Time{s.plan(campaign, 1).ActivatedAt, s.plan(campaign, 2).ActivatedAt}, []time.Time{noon, later})

	about := tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: campaign}}
	s.same("changes", s.changes(0, 10), []tracker.Change{
		{Revision: 1, Kind: tracker.ChangePlan, At: noon, Enrolled: about},
		{Revision: 2, Kind: tracker.ChangePlan, At: later, Enrolled: about},
	})
}

func confirmingAPlanStartsTheWalkAnewAndTellsFollowers(s *store) {
	confirm := func(number int) func(tracker.Tx) error {
		return func(tx tracker.Tx) error { return tx.Confirm(s.ctx, campaign, number, noon.Add(time.Hour)) }
	}
	s.refused(terms.NotFound, confirm(1))
	for number := 1; number <= 3; number++ {
		s.addPlan(plan(campaign), number)
	}
	s.refused(terms.NotFound, confirm(0))
	s.refused(terms.Conflict, confirm(1))
	s.update(func(tx tracker.Tx) error {
		return errors.Join(tx.Activate(s.ctx, campaign, 1, true, noon), tx.Activate(s.ctx, campaign, 2, false, noon), tx.SetEnrolledTo(s.ctx, campaign, 42))
	})
	s.same("the gentler of two", s.campaign(campaign), tracker.Campaign{Key: campaign, Plan: 2, Confirmed: 1, ActivatedAt: noon, EnrolledTo: 42, Ruled: 2})
	s.refused(terms.Conflict, confirm(1))
	s.refused(terms.Conflict, confirm(3))
	s.refused(terms.NotFound, confirm(4))
	before := s.revision()
	s.update(confirm(2))
	s.same("confirmed", s.campaign(campaign), tracker.Campaign{Key: campaign, Plan: 2, Confirmed: 2, ActivatedAt: noon, Ruled: before + 1})
	s.refused(terms.Conflict, confirm(2))
	s.same("changes", s.changes(before, 10), []tracker.Change{{
		Revision: before + 1, Kind: tracker.ChangePlan, At: noon.Add(time.Hour),
		Enrolled: tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: campaign}},
	}})
}

func hold(id string, starts, ends time.Time) tracker.Hold {
	return tracker.Hold{
		Hold: terms.Hold{
			ID: id, Campaign: campaign, Scope: terms.Scope{Region: "BR", Attributes: "app=kaios\nos=4", Person: "ana"}, Reason: "court order", Reference: "123/2021",
			Clock: terms.ClockStop, Effect: terms.Lift, Starts: starts, Ends: ends,
			Reminders: true, Message: terms.Texts{"pt-BR": "Suspenso"}, Spread: 7*24*time.Hour + time.Nanosecond,
		},
		PlacedBy: "ada", PlacedAt: noon,
	}
}

func holdsArePlacedAndEndedOnce(s *store) {
	holds := func() []tracker.Hold {
		return get(s, func(r tracker.Reader) ([]tracker.Hold, error) { return r.Holds(s.ctx, campaign) })
	}
	s.same("no holds", holds(), []tracker.Hold{})
	open, future := hold("open", noon, time.Time{}), hold("future", noon.AddDate(0, 1, 0), noon.AddDate(0, 2, 0))
	past := hold("past", noon.AddDate(0, -2, 0), noon.AddDate(0, -1, 0))
	past.Reminders, past.Message, past.Spread, past.Scope = false, nil, 0, terms.Scope{}
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.AddHold(s.ctx, open) })
	s.addPlan(plan(campaign), 1)
	s.update(func(tx tracker.Tx) error {
		return errors.Join(tx.AddHold(s.ctx, open), tx.AddHold(s.ctx, future), tx.AddHold(s.ctx, past))
	})
	s.same("holds", holds(), []tracker.Hold{past, open, future})
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddHold(s.ctx, open) })

	later := noon.Add(time.Hour)
	for _, h := range []*tracker.Hold{&open, &future} {
		h.Ends, h.ReleasedBy, h.ReleaseReason = later, "grace", "over"
		s.update(func(tx tracker.Tx) error {
			ended, err := tx.EndHold(s.ctx, campaign, h.ID, later, "grace", "over")
			s.same("ended hold", ended, *h)
			return err
		})
		s.same("newest change of the rules", s.campaign(campaign).Ruled, s.revision())
		s.refused(terms.Conflict, func(tx tracker.Tx) error {
			_, err := tx.EndHold(s.ctx, campaign, h.ID, later, "someone else", "over")
			return err
		})
	}
	s.refused(terms.Conflict, func(tx tracker.Tx) error {
		_, err := tx.EndHold(s.ctx, campaign, "past", later, "grace", "over")
		return err
	})
	s.refused(terms.NotFound, func(tx tracker.Tx) error {
		_, err := tx.EndHold(s.ctx, campaign, "none", later, "grace", "over")
		return err
	})
	s.same("holds", holds(), []tracker.Hold{past, open, future})

	var kinds []tracker.ChangeKind
	for _, c := range s.changes(0, 10) {
		kinds = append(kinds, c.Kind)
	}
	hold := tracker.ChangeHold
	s.same("changes", kinds, []tracker.ChangeKind{hold, hold, hold, hold, hold})
}
