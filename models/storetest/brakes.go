package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func aBreakerIsSetAnew(s *store) {
	breaker := func(key string) tracker.Breaker {
		return get(s, func(r tracker.Reader) (tracker.Breaker, error) { return r.Breaker(s.ctx, key) })
	}
	tripped := tracker.Breaker{Campaign: campaign, TrippedAt: noon, Would: 900, Recent: 20, Limit: 500, Run: "run-1"}
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.SetBreaker(s.ctx, tripped) })
	s.addPlan(plan(campaign), 1)
	s.addPlan(plan("another"), 1)
	s.same("before it ever tripped", breaker(campaign), tracker.Breaker{Campaign: campaign})
	s.update(func(tx tracker.Tx) error { return tx.SetBreaker(s.ctx, tripped) })
	s.same("tripped", breaker(campaign), tripped)
	approved := tracker.Breaker{
		Campaign: campaign, Approved: 1000, ApprovedAt: noon.Add(time.Hour), ApprovedUntil: noon.AddDate(0, 0, 1),
		ApprovedBy: "grace", Reason: "as previewed",
	}
	s.update(func(tx tracker.Tx) error { return tx.SetBreaker(s.ctx, approved) })
	s.same("approved", breaker(campaign), approved)
	s.same("of another campaign", breaker("another"), tracker.Breaker{Campaign: "another"})
}

func restrictionsAreCountedByTheHour(s *store) {
	s.addPlan(plan(campaign), 1)
	s.addPlan(plan("another"), 1)
	since := func(at time.Time) int64 {
		return get(s, func(r tracker.Reader) (int64, error) { return r.Restricted(s.ctx, campaign, at) })
	}
	add := func(key string, at time.Time, people int) {
		s.update(func(tx tracker.Tx) error { return tx.AddRestricted(s.ctx, key, at, people) })
	}
	s.same("nobody", since(noon), int64(0))
	zone := time.FixedZone("half past", 5*3600+1800)
	add(campaign, noon, 1)
	add(campaign, noon.Add(59*time.Minute).In(zone), 2)
	add(campaign, noon.Add(time.Hour), 4)
	add(campaign, noon.Add(-time.Microsecond), 8)
	add("another", noon, 16)
	s.same("the whole hour of the instant counts", since(noon.Add(30*time.Minute).In(zone)), int64(1+2+4))
	s.same("since the hour after", since(noon.Add(time.Hour)), int64(4))
	s.same("since the hour before", since(noon.Add(-time.Minute)), int64(1+2+4+8))
	s.same("since ever", since(time.Time{}), int64(1+2+4+8))
	s.same("since the future", since(noon.AddDate(1, 0, 0)), int64(0))
}

func aPauseHoldsUntilItIsTakenBack(s *store) {
	pause := func() tracker.Pause {
		return get(s, func(r tracker.Reader) (tracker.Pause, error) { return r.Pause(s.ctx) })
	}
	s.same("no pause", pause(), tracker.Pause{})
	want := tracker.Pause{At: noon, Seen: noon.Add(-time.Minute), Reason: "the clock jumped", By: "scheduler"}
	s.update(func(tx tracker.Tx) error { return tx.SetPause(s.ctx, want) })
	s.same("paused", pause(), want)
	s.update(func(tx tracker.Tx) error { return tx.SetPause(s.ctx, tracker.Pause{}) })
	s.same("resumed", pause(), tracker.Pause{})
}

// take asks for the lease that is called sweep, for an hour.
func (s *store) take(holder string, now time.Time) (tracker.Lease, bool) {
	s.Helper()
	var l tracker.Lease
	var taken bool
	s.update(func(tx tracker.Tx) error {
		var err error
		l, taken, err = tx.TakeLease(s.ctx, "sweep", holder, now, now.Add(time.Hour))
		return err
	})
	s.same("as stored", get(s, func(r tracker.Reader) (tracker.Lease, error) { return r.Lease(s.ctx, "sweep") }), l)
	return l, taken
}

func aLeaseHasOneHolderAndItsFenceOnlyGrows(s *store) {
	s.same("never held", get(s, func(r tracker.Reader) (tracker.Lease, error) { return r.Lease(s.ctx, "sweep") }), tracker.Lease{Name: "sweep"})
	check := func(what, holder string, now time.Time, want tracker.Lease, taken bool) {
		s.Helper()
		want.Name = "sweep"
		got, ok := s.take(holder, now)
		s.same(what, []any{got, ok}, []any{want, taken})
	}
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	end := func(fence int64) {
		s.update(func(tx tracker.Tx) error { return tx.EndLease(s.ctx, "sweep", fence) })
	}
	a := tracker.Lease{Holder: "a", Fence: 1, Expires: at(60)}
	check("the first", "a", at(0), a, true)
	check("while another holds it", "b", at(59), a, false)
	a.Expires = at(119)
	check("longer", "a", at(59), a, true)
	b := tracker.Lease{Holder: "b", Fence: 2, Expires: at(179)}
	check("just when it expires", "b", at(119), b, true)
	end(1)
	check("the end of an old one changes nothing", "a", at(120), b, false)
	end(2)
	check("after its end, by the same holder", "b", at(121), tracker.Lease{Holder: "b", Fence: 3, Expires: at(181)}, true)
	check("after it expired, by the same holder", "b", at(200), tracker.Lease{Holder: "b", Fence: 4, Expires: at(260)}, true)
	end(99)
	other := get(s, func(r tracker.Reader) (tracker.Lease, error) { return r.Lease(s.ctx, "another") })
	s.same("one of another name", other, tracker.Lease{Name: "another"})
}
