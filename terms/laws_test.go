package terms_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

func TestTheGeneratorDrawsOnlyValidPlansAndSuccessors(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		next := drawNext(t, 2, p)
		for _, one := range []terms.Plan{p, next} {
			if err := one.Validate(catalogue()); err != nil {
				t.Fatal(err)
			}
		}
		if err := terms.Replaces(p, next, nil, nil); err != nil && !strings.Contains(err.Error(), "without effect") {
			t.Fatal(err)
		}
	})
}

func TestLaw1AnAcceptanceInForceLeavesNothingRestricted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, func(one turn) {
			if off := restricted(standing(one.to, one.after, one.holds, one.now)); len(off) > 0 && (one.after.Status == terms.Accepted || one.after.Status == terms.Exempt) {
				t.Fatalf("%s, yet without %v after %s", one.after.Status, off, one.what)
			}
		})
		e := l.e.Respond(l.plan(), terms.Accept, l.now)
		later := l.now.Add(hours(t, "later", 0, 20000))
		if off := restricted(standing(l.plan(), e, l.holds, later)); len(off) > 0 {
			t.Fatalf("accepted, yet without %v", off)
		}
		if due := terms.Step(l.plan(), e, l.holds, later); due.Action != terms.Wait {
			t.Fatalf("accepted, yet due is %+v", due)
		}
	})
}

func TestLaw2NothingIsRestrictedBeforeTheRegionsDeadline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawLife(t, func(one turn) {
			off := restricted(standing(one.to, one.after, one.holds, one.now))
			if len(off) > 0 && one.now.Before(one.to.In(one.after.Country).Deadline) {
				t.Fatalf("without %v at %s after %s, before the deadline %s", off, one.now, one.what, one.to.In(one.after.Country).Deadline)
			}
		})
	})
}

func TestLaw3AStepGoesUpAtMostOneStageWhateverTheGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, func(one turn) {
			if one.after.Stage > one.before.Stage && one.what != "plan" && (one.due.Action != terms.Enter || one.after.Stage != one.before.Stage+1) {
				t.Fatalf("from stage %d to %d by %s, due %+v", one.before.Stage, one.after.Stage, one.what, one.due)
			}
		})
		now := l.now.Add(hours(t, "gap", 0, 24*2000))
		if after := l.e.Apply(l.plan(), terms.Step(l.plan(), l.e, l.holds, now), now); after.Stage > l.e.Stage+1 {
			t.Fatalf("from stage %d to %d in one step after %s", l.e.Stage, after.Stage, now.Sub(l.now))
		}
	})
}

func TestLaw4ARestrictionNeedsNoticeWarningAndDwell(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawLife(t, func(one turn) {
			p, e, now := one.from, one.before, one.now
			if one.due.Action != terms.Enter || !p.Stages[one.due.Stage].Restricts() {
				return
			}
			warning := p.Stages[e.Stage].FinalWarning
			switch {
			case e.Noticed.IsZero():
				t.Fatal("restricted without a notice in the stage before")
			case warning > 0 && (e.Warned.IsZero() || now.Sub(e.Warned) < warning || now.Sub(e.Noticed) < warning):
				t.Fatalf("restricted %s after the final warning and %s after the notice, not %s", now.Sub(e.Warned), now.Sub(e.Noticed), warning)
			case now.Sub(e.Entered) < dwell(p, e.Stage):
				t.Fatalf("restricted %s after entering a stage of %s", now.Sub(e.Entered), dwell(p, e.Stage))
			case now.Sub(e.FirstNotice) < p.NoticePeriod || now.Sub(e.Created) < p.NoticePeriod:
				t.Fatal("restricted within the notice period")
			case e.Status != terms.Pending && e.Status != terms.Declined:
				t.Fatalf("restricted with status %s", e.Status)
			case one.due.Stage > p.In(e.Country).Last:
				t.Fatal("restricted beyond the region's last stage")
			case now.Before(e.NotBefore):
				t.Fatal("restricted before an extension's end")
			}
			for _, h := range one.holds {
				if h.Covers(p, e) && h.Active(now) {
					t.Fatal("restricted under a hold")
				}
			}
		})
	})
}

// TestNothingButARecordedStepTakesAnything is promise 1: not a notice or
// answer, a hold or its end, a reversal or its undoing, a plan or its
// confirmation, a move, an extension or exemption, and not time itself.
func TestNothingButARecordedStepTakesAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawLife(t, func(one turn) {
			then, now := standing(one.from, one.before, one.held, one.since), standing(one.from, one.before, one.held, one.now)
			if off := lost(then, now); len(off) > 0 && !now.Positions[0].Window {
				t.Fatalf("time alone took %v from %s to %s", off, one.since, one.now)
			}
			after := standing(one.to, one.after, one.holds, one.now)
			if off := lost(now, after); len(off) > 0 && one.due.Action != terms.Enter {
				t.Fatalf("%s took %v, due %+v:\n%+v\n%+v", one.what, off, one.due, now.Positions[0], after.Positions[0])
			}
		})
	})
}

func TestLaw5ExitRightsHoldAtEveryStage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		// Even a plan that Validate would refuse cannot take one away.
		p := l.plan()
		p.Stages = slices.Clone(p.Stages)
		last := len(p.Stages) - 1
		p.Stages[last].Off = append(slices.Clone(p.Stages[last].Off), "terms.respond")
		l.e.Stage, l.e.Entered = rapid.IntRange(0, last).Draw(t, "stage"), l.now
		if s, _ := standing(p, l.e, l.holds, l.now).Find("terms.respond"); !s.Value.Bool() {
			t.Fatalf("an exit right is off at stage %d", l.e.Stage)
		}
	})
}

func TestLaw7NothingChangesBeforeNextAndNextLiesAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		due := terms.Step(l.plan(), l.e, l.holds, l.now)
		if due.Action != terms.Wait {
			return
		}
		if !due.Next.IsZero() && !due.Next.After(l.now) {
			t.Fatalf("next is %s, which is not after now %s", due.Next, l.now)
		}
		before := due.Next.Add(-time.Microsecond)
		if due.Next.IsZero() {
			before = l.now.Add(hours(t, "later", 0, 50000))
		}
		if coveredSoon(l.plan(), l.e, l.holds, l.now, before) {
			return // a hold that begins or ends on the way is a change of facts
		}
		if again := terms.Step(l.plan(), l.e, l.holds, before); again.Action != terms.Wait {
			t.Fatalf("at %s, before next %s: %+v", before, due.Next, again)
		}
	})
}

// coveredSoon reports whether a hold over the person begins or ends in (from, to].
func coveredSoon(p terms.Plan, e terms.Enrollment, holds []terms.Hold, from, to time.Time) bool {
	within := func(at time.Time) bool { return at.After(from) && !at.After(to) }
	return slices.ContainsFunc(holds, func(h terms.Hold) bool { return h.Covers(p, e) && (within(h.Starts) || within(h.Ends)) })
}

func TestLaw8ASecondSweepAtTheSameInstantMovesNobodyFurther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		p := l.plan()
		once := l.e.Apply(p, terms.Step(p, l.e, l.holds, l.now), l.now)
		if once.Stage == len(p.Stages)-1 || dwell(p, once.Stage) == 0 {
			return
		}
		if twice := once.Apply(p, terms.Step(p, once, l.holds, l.now), l.now); twice.Stage > once.Stage && once.Stage > l.e.Stage {
			t.Fatalf("stage %d, then %d, then %d at one instant", l.e.Stage, once.Stage, twice.Stage)
		}
	})
}

// TestLaw9TheFactsReplayedInHindsightEndInTheSameStanding lives through random
// events knowing of each hold only what staff had said by then, and again
// knowing all holds to their ends.
func TestLaw9TheFactsReplayedInHindsightEndInTheSameStanding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var turns []turn
		l := drawLife(t, func(one turn) { turns = append(turns, one) })
		e := turns[0].before
		for _, one := range turns {
			switch {
			case one.what == "sweep":
				e = e.Apply(one.from, terms.Step(one.from, e, l.holds, one.now), one.now)
			case e == one.before:
				e = one.after // the same choice or act
			}
			if e != one.after {
				t.Fatalf("after %s: %+v, in hindsight %+v", one.what, one.after, e)
			}
			lived, replayed := standing(one.to, one.after, one.holds, one.now), standing(one.to, e, l.holds, one.now)
			if !slices.Equal(lived.Capabilities, replayed.Capabilities) {
				t.Fatalf("after %s: %+v, in hindsight %+v", one.what, lived, replayed)
			}
		}
	})
}

func TestAcceptanceAndASweepAtOneInstantEndTheSameInEitherOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		p := l.plan()
		sweep := func(e terms.Enrollment) terms.Enrollment {
			return e.Apply(p, terms.Step(p, e, l.holds, l.now), l.now)
		}
		first := standing(p, sweep(l.e.Respond(p, terms.Accept, l.now)), l.holds, l.now)
		last := standing(p, sweep(l.e).Respond(p, terms.Accept, l.now), l.holds, l.now)
		a, b := first.Positions[0], last.Positions[0]
		if !slices.Equal(first.Capabilities, last.Capabilities) || a.Status != b.Status || a.Stage != b.Stage || a.Next != b.Next {
			t.Fatalf("accepted first: %+v\nswept first: %+v", first, last)
		}
	})
}
