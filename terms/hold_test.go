package terms_test

import (
	"fmt"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// drawHeld is a person before the deadline, and a stopping hold over them that
// is over and ends before the next stage.
func drawHeld(t *rapid.T, p terms.Plan) (terms.Enrollment, terms.Hold) {
	e := enrolled(p, drawCountry(t)).Notice(announce)
	e.Told, e.NotBefore = announce, announce
	e.Attributes = "app=kaios"
	h := drawHold(t, "h1", announce.Add(time.Hour))
	h.Starts = announce.Add(hours(t, "starts", 1, 20))
	h.Ends = h.Starts.Add(hours(t, "hours", 1, 5000))
	h.Scope = oneOf(t, "held", terms.Scope{}, terms.Scope{Region: e.Country}, terms.Scope{Attributes: "app=kaios"}, terms.Scope{Person: "ana"})
	h.Clock, h.Spread = terms.ClockStop, 0
	return e, h
}

func TestLaw6AStoppingHoldShiftsEveryLaterTimeByExactlyTheHeldTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		e, h := drawHeld(t, p)
		free, held := p.Ahead(e, nil, h.Starts), p.Ahead(e, []terms.Hold{h}, h.Ends)
		if len(free) != len(held) {
			t.Fatalf("%d stages ahead without the hold, %d with it", len(free), len(held))
		}
		for i := range free {
			if got, want := held[i].At.Sub(free[i].At), h.Ends.Sub(h.Starts); got != want {
				t.Fatalf("stage %s moved by %s, the hold lasted %s", free[i].Stage, got, want)
			}
		}
	})
}

func TestLaw6TheSpreadAfterAHoldMakesNothingEarlierAndNothingLaterThanItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		e, h := drawHeld(t, p)
		h.Spread = hours(t, "spread", 1, 400)
		free, held := p.Ahead(e, nil, h.Starts), p.Ahead(e, []terms.Hold{h}, h.Ends)
		for i := range free {
			if got, least := held[i].At.Sub(free[i].At), h.Ends.Sub(h.Starts); got < least || got > least+h.Spread {
				t.Fatalf("stage %s moved by %s; the hold lasted %s and its spread is %s", free[i].Stage, got, least, h.Spread)
			}
		}
	})
}

func TestOverlappingHoldsStopTheClockOnce(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR").Notice(announce)
	at := func(d int) time.Time { return announce.Add(time.Duration(d) * day) }
	stop := func(from, to int) terms.Hold {
		return terms.Hold{ID: fmt.Sprint(from), Clock: terms.ClockStop, Starts: at(from), Ends: at(to)}
	}
	free := p.Ahead(e, nil, announce)[0].At
	going, elsewhere := stop(10, 90), stop(10, 90)
	going.Clock, elsewhere.Scope.Region = terms.ClockContinue, "DE"
	for name, tc := range map[string]struct {
		holds []terms.Hold
		days  int
	}{
		"one":                          {[]terms.Hold{stop(10, 20)}, 10},
		"two apart":                    {[]terms.Hold{stop(30, 35), stop(10, 20)}, 15},
		"two that overlap":             {[]terms.Hold{stop(10, 20), stop(15, 30)}, 20},
		"one within another":           {[]terms.Hold{stop(10, 40), stop(15, 30)}, 30},
		"one after another":            {[]terms.Hold{stop(10, 20), stop(20, 30)}, 20},
		"one that lets the clock go":   {[]terms.Hold{going}, 0},
		"one elsewhere":                {[]terms.Hold{elsewhere}, 0},
		"one taken back before it was": {[]terms.Hold{stop(20, 10)}, 0},
		"one before the person came":   {[]terms.Hold{stop(-9, -5)}, 0},
		"one that has them on arrival": {[]terms.Hold{stop(-9, 5)}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := p.Ahead(e, tc.holds, at(100))[0].At.Sub(free); got != time.Duration(tc.days)*day {
				t.Fatalf("the next stage moved by %s, want %d days", got, tc.days)
			}
		})
	}
}

func TestARestartingHoldRunsTheNoticePeriodAgain(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR").Notice(announce)
	h := terms.Hold{ID: "h1", Clock: terms.ClockRestart, Starts: deadline.Add(-day), Ends: deadline.Add(10 * day)}
	later := h
	later.ID, later.Ends = "h2", deadline.Add(12*day)
	for name, tc := range map[string]struct {
		holds []terms.Hold
		want  time.Time
	}{
		"one":                       {[]terms.Hold{h}, h.Ends.Add(30 * day)},
		"the last of two":           {[]terms.Hold{later, h}, later.Ends.Add(30 * day)},
		"one over before they came": {[]terms.Hold{{Clock: terms.ClockRestart, Starts: e.Joined.Add(-day), Ends: e.Joined}}, deadline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := p.Ahead(e, tc.holds, later.Ends)[0].At; !got.Equal(tc.want) && !got.Equal(later.Ends) {
				t.Fatalf("the next stage comes %s, want %s", got, tc.want)
			}
		})
	}
}

func TestAHoldLastsFromItsStartUntilJustBeforeItsEnd(t *testing.T) {
	t.Parallel()
	h := terms.Hold{Starts: deadline, Ends: deadline.Add(day)}
	for at, want := range map[time.Time]bool{
		deadline.Add(-time.Microsecond):      false,
		deadline:                             true,
		deadline.Add(day - time.Microsecond): true,
		deadline.Add(day):                    false,
	} {
		if h.Active(at) != want {
			t.Errorf("at %s: %v", at, !want)
		}
	}
	if h.Ends = (time.Time{}); !h.Active(deadline.Add(9000 * day)) {
		t.Error("an open hold has ended")
	}
}

func TestAHoldCoversWhomAllOfItsScopeFits(t *testing.T) {
	t.Parallel()
	p, e := plan(), enrolled(plan(), "DE")
	e.Attributes = "app=kaios\nteam=red"
	for scope, want := range map[terms.Scope]bool{
		{}:                                     true,
		{Region: "DE"}:                         true,
		{Region: "eea-uk"}:                     true,
		{Region: "GB"}:                         false,
		{Region: "turkey"}:                     false,
		{Person: "ana"}:                        true,
		{Person: "ben"}:                        false,
		{Attributes: "app=kaios"}:              true,
		{Attributes: "app=web"}:                false,
		{Person: "ana", Region: "TR"}:          false,
		{Attributes: "app=web", Person: "ana"}: false,
		{Attributes: "team=red", Region: "eea-uk"}: true,
	} {
		if got := (terms.Hold{Scope: scope}).Covers(p, e); got != want {
			t.Errorf("%+v covers: %v", scope, got)
		}
	}
}

func TestCoverWithoutABreakEndsWithTheLastHold(t *testing.T) {
	t.Parallel()
	p, e := plan(), enrolled(plan(), "BR").Notice(announce)
	hold := func(from, to int) terms.Hold {
		return terms.Hold{Clock: terms.ClockContinue, Starts: deadline.Add(time.Duration(from) * day), Ends: deadline.Add(time.Duration(to) * day)}
	}
	open := hold(12, 0)
	open.Ends = time.Time{}
	for name, tc := range map[string]struct {
		holds []terms.Hold
		until time.Time
	}{
		"three in any order": {[]terms.Hold{hold(8, 15), hold(0, 5), hold(4, 9)}, deadline.Add(15 * day)},
		"a gap":              {[]terms.Hold{hold(0, 5), hold(6, 15)}, deadline.Add(5 * day)},
		"one that is open":   {[]terms.Hold{hold(0, 13), open}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			due := terms.Step(p, e, tc.holds, deadline.Add(day))
			if due.Action != terms.Wait || due.Why != terms.WaitsForHold || !due.Next.Equal(tc.until) {
				t.Fatalf("%+v, want to wait until %s", due, tc.until)
			}
			next := standing(p, e, tc.holds, deadline.Add(day)).Positions[0].Next
			if next.Stage != "reminded" || next.Why != terms.WaitsForHold || !next.At.Equal(tc.until) {
				t.Fatalf("next is %+v, want %s", next, tc.until)
			}
			if ahead := p.Ahead(e, tc.holds, deadline.Add(day)); (len(ahead) == 0) != tc.until.IsZero() {
				t.Fatalf("ahead: %+v", ahead)
			}
		})
	}
}

// TestTheEndOfALiftingHoldTakesNothingAtOnce is also so for someone no sweep has
// come to while it lasted.
func TestTheEndOfALiftingHoldTakesNothingAtOnce(t *testing.T) {
	t.Parallel()
	p, e := plan(), at(3, terms.Pending)
	h := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Lift, Starts: deadline.Add(50 * day), Ends: deadline.Add(60 * day)}
	holds := []terms.Hold{h}
	for now, free := range map[time.Time]bool{h.Starts.Add(-time.Second): false, h.Starts: true, h.Ends: true, h.Ends.Add(900 * day): true} {
		s := standing(p, e, holds, now)
		if off := restricted(s); (len(off) == 0) != free {
			t.Errorf("at %s without %v", now, off)
		}
		if due := terms.Step(p, e, holds, now); free && (due.Action != terms.Restore || due.Stage != 2) {
			t.Errorf("at %s due is %+v, want to restore to persistent", now, due)
		}
		if free && (s.Positions[0].Stage != "persistent" || s.Positions[0].Next.Stage != "limited") {
			t.Errorf("at %s: %+v", now, s.Positions[0])
		}
	}
	again := e
	again.Entered = h.Ends
	if off := restricted(standing(p, again, holds, h.Ends)); len(off) == 0 {
		t.Error("who enters a stage after the hold has everything")
	}
}

func TestThoseHeldTogetherDoNotGoOnTogether(t *testing.T) {
	t.Parallel()
	p := plan()
	h := terms.Hold{ID: "h1", Clock: terms.ClockContinue, Starts: deadline.Add(-day), Ends: deadline.Add(20 * day), Spread: 10 * day}
	seen := map[time.Time]int{}
	for i := range 2410 {
		e := terms.Enroll(p, fmt.Sprintf("p-%d", i), "BR", terms.Personal, announce, announce).Notice(announce)
		seen[p.Ahead(e, []terms.Hold{h}, h.Ends)[0].At]++
	}
	for at, n := range seen {
		if at.Before(h.Ends) || at.After(h.Ends.Add(h.Spread)) || n > 40 {
			t.Errorf("%d people go on at %s", n, at)
		}
	}
	if len(seen) != 241 {
		t.Errorf("%d hours of 241 are used", len(seen))
	}
}

func TestALongerSpreadIsLaterForEverybodyOrTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(t, "person")
		short := hours(t, "spread", 0, 1000)
		long := short + hours(t, "longer", 0, 1000)
		a, b := spreadOf(short, person), spreadOf(long, person)
		if a < 0 || a > short || b < a || b > long || a != a.Truncate(time.Hour) {
			t.Fatalf("%s of %s, and %s of %s", a, short, b, long)
		}
	})
}

func TestRemindersUnderAHoldGoOnOnlyWhereItSaysSo(t *testing.T) {
	t.Parallel()
	e := at(2, terms.Pending)
	quiet := terms.Hold{ID: "h1", Effect: terms.Freeze, Starts: deadline}
	loud := quiet
	loud.ID, loud.Reminders = "h2", true
	for name, tc := range map[string]struct {
		holds []terms.Hold
		want  terms.Mode
	}{
		"none":              {nil, terms.FullScreen},
		"a quiet one":       {[]terms.Hold{quiet}, terms.NoReminder},
		"one with":          {[]terms.Hold{loud}, terms.FullScreen},
		"one of each":       {[]terms.Hold{loud, quiet}, terms.NoReminder},
		"one not begun yet": {[]terms.Hold{{Starts: deadline.Add(90 * day)}}, terms.FullScreen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if pos := standing(plan(), e, tc.holds, deadline.Add(30*day)).Positions[0]; pos.Reminder.Mode != tc.want {
				t.Fatalf("reminder %+v, want %q", pos.Reminder, tc.want)
			}
		})
	}
}
