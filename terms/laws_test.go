package terms_test

import (
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// restricted lists the capabilities a standing keeps from a person, other than
// grants, which nobody has without accepting.
func restricted(s terms.Standing) []string {
	var out []string
	for i, c := range catalogue() {
		if !c.Grant && s.Capabilities[i].Value != c.On() {
			out = append(out, c.Key)
		}
	}
	return out
}

func TestLaw1AnAcceptanceInForceLeavesNothingRestricted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		e, now := drawLife(t, p, holds, nil)
		e = e.Respond(p, terms.Accept, now)
		later := now.Add(time.Duration(rapid.IntRange(0, 20000).Draw(t, "later")) * time.Hour)
		s := p.Standing(catalogue(), e, holds, later)
		if off := restricted(s); len(off) > 0 {
			t.Fatalf("accepted, yet without %v", off)
		}
		if due := terms.Step(p, e, holds, later); due.Action != terms.Wait {
			t.Fatalf("accepted, yet due is %+v", due)
		}
	})
}

func TestLaw2NothingIsRestrictedBeforeTheRegionsDeadline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		drawLife(t, p, holds, func(_, after terms.Enrollment, _ terms.Due, now time.Time) {
			off := restricted(p.Standing(catalogue(), after, holds, now))
			if len(off) > 0 && now.Before(p.In(after.Country).Deadline) {
				t.Fatalf("without %v at %s, before the deadline %s", off, now, p.In(after.Country).Deadline)
			}
		})
	})
}

func TestLaw3AStepGoesUpAtMostOneStageWhateverTheGap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		e, now := drawLife(t, p, holds, nil)
		gap := time.Duration(rapid.IntRange(0, 24*2000).Draw(t, "gap")) * time.Hour
		after := e.Apply(p, terms.Step(p, e, holds, now.Add(gap)), now.Add(gap))
		if after.Stage > e.Stage+1 {
			t.Fatalf("from stage %d to %d in one step after %s", e.Stage, after.Stage, gap)
		}
	})
}

func TestLaw4ARestrictionNeedsNoticeWarningAndDwell(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		drawLife(t, p, holds, func(before, _ terms.Enrollment, due terms.Due, now time.Time) {
			if due.Action != terms.Enter || !p.Stages[due.Stage].Restricts() {
				return
			}
			stage := p.Stages[before.Stage]
			switch {
			case before.Noticed.IsZero():
				t.Fatal("restricted without a notice in the stage before")
			case stage.FinalWarning > 0 && (before.Warned.IsZero() || now.Sub(before.Warned) < stage.FinalWarning):
				t.Fatalf("restricted %s after the final warning, not %s", now.Sub(before.Warned), stage.FinalWarning)
			case stage.Dwell != nil && now.Sub(before.Entered) < *stage.Dwell:
				t.Fatalf("restricted %s after entering a stage of %s", now.Sub(before.Entered), *stage.Dwell)
			case now.Sub(before.FirstNotice) < p.NoticePeriod || now.Sub(before.Created) < p.NoticePeriod:
				t.Fatal("restricted within the notice period")
			case before.Status != terms.Pending && before.Status != terms.Declined:
				t.Fatalf("restricted with status %s", before.Status)
			case due.Stage > p.In(before.Country).Last:
				t.Fatal("restricted beyond the region's last stage")
			}
			for _, h := range holds {
				if h.Covers(p, before) && h.Active(now) {
					t.Fatal("restricted under a hold")
				}
			}
		})
	})
}

func TestLaw5ExitRightsHoldAtEveryStage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		// Even a plan that Validate would refuse cannot take one away.
		p.Stages[3].Off = append(p.Stages[3].Off, "terms.respond")
		e, now := drawLife(t, p, holds, nil)
		e.Stage = rapid.IntRange(0, len(p.Stages)-1).Draw(t, "stage")
		if s, _ := p.Standing(catalogue(), e, holds, now).Find("terms.respond"); !s.Value.Bool() {
			t.Fatalf("an exit right is off at stage %d", e.Stage)
		}
	})
}

func TestLaw6AStoppingHoldShiftsEveryLaterTimeByExactlyTheHeldTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		e := enrolled(p, "BR").Notice(announce)
		e.Told, e.NotBefore = announce, announce
		starts := announce.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "starts")) * time.Hour)
		length := time.Duration(rapid.IntRange(1, 5000).Draw(t, "hours")) * time.Hour
		hold := terms.Hold{Clock: terms.ClockStop, Effect: terms.Freeze, Starts: starts, Ends: starts.Add(length)}
		free := p.Ahead(e, nil, starts)
		held := p.Ahead(e, []terms.Hold{hold}, hold.Ends)
		if len(free) != len(held) {
			t.Fatalf("%d stages ahead without the hold, %d with it", len(free), len(held))
		}
		for i := range free {
			if got := held[i].At.Sub(free[i].At); got != length {
				t.Fatalf("stage %s moved by %s, the hold lasted %s", free[i].Stage, got, length)
			}
		}
	})
}

func TestLaw7NothingChangesBeforeNextAndNextLiesAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		e, now := drawLife(t, p, holds, nil)
		due := terms.Step(p, e, holds, now)
		if due.Action != terms.Wait {
			return
		}
		if !due.Next.IsZero() && !due.Next.After(now) {
			t.Fatalf("next is %s, which is not after now %s", due.Next, now)
		}
		before := due.Next.Add(-time.Microsecond)
		if due.Next.IsZero() {
			before = now.Add(time.Duration(rapid.IntRange(0, 50000).Draw(t, "later")) * time.Hour)
		}
		if coveredSoon(p, e, holds, now, before) {
			return // a hold that begins or ends on the way is a change of facts
		}
		if again := terms.Step(p, e, holds, before); again.Action != terms.Wait {
			t.Fatalf("at %s, before next %s: %+v", before, due.Next, again)
		}
	})
}

// coveredSoon reports whether a hold over the person begins or ends in (from, to].
func coveredSoon(p terms.Plan, e terms.Enrollment, holds []terms.Hold, from, to time.Time) bool {
	for _, h := range holds {
		if h.Covers(p, e) && (h.Starts.After(from) && !h.Starts.After(to) || h.Ends.After(from) && !h.Ends.After(to)) {
			return true
		}
	}
	return false
}

func TestLaw8ASecondSweepAtTheSameInstantMovesNobodyFurther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, holds := drawPlan(t), drawHolds(t)
		for i := range p.Stages {
			p.Stages[i].Dwell = nil
			p.Stages[i].After = time.Duration(i) * day // so that every planned dwell is longer than zero
		}
		p.Stages[0].After = 0
		e, now := drawLife(t, p, holds, nil)
		once := e.Apply(p, terms.Step(p, e, holds, now), now)
		if twice := once.Apply(p, terms.Step(p, once, holds, now), now); twice.Stage > once.Stage && once.Stage > e.Stage {
			t.Fatalf("stage %d, then %d, then %d at one instant", e.Stage, once.Stage, twice.Stage)
		}
	})
}

func TestANoticedPersonWhoDoesNothingReachesTheLastStage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		e, now := enrolled(p, "BR"), announce
		for range 40 {
			due := terms.Step(p, e, nil, now)
			if due.Action == terms.Wait && due.Next.IsZero() {
				break
			}
			if e = e.Apply(p, due, now).Notice(now); due.Action == terms.Wait {
				now = due.Next
			}
		}
		if e.Stage != len(p.Stages)-1 {
			t.Fatalf("stopped at stage %d of %d", e.Stage, len(p.Stages)-1)
		}
	})
}
