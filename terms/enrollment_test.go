package terms_test

import (
	"errors"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

func TestDecliningAfterAcceptingStartsANewClockToo(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(90*day)
	e := enrolled(p, "BR").Respond(p, terms.Accept, announce).Respond(p, terms.Decline, now)
	if e.Status != terms.Declined || e.Effect != "" || !e.Answered || !e.NotBefore.Equal(now.Add(30*day)) {
		t.Fatalf("%+v", e)
	}
	again := at(3, terms.Pending).Respond(p, terms.Decline, now)
	if again.Stage != 3 || again.Status != terms.Declined || !again.NotBefore.IsZero() {
		t.Fatalf("declining on the ladder: %+v", again)
	}
}

func TestThereIsNothingToWithdrawWithoutAnAcceptance(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(90*day)
	for _, status := range []terms.Status{terms.Pending, terms.Declined, terms.Exempt} {
		e := at(3, status)
		if got := e.Respond(p, terms.Withdraw, now); got.Status != status || got.Stage != 3 {
			t.Errorf("%s became %+v", status, got)
		}
	}
}

func TestWhoIsExemptStaysSoWhateverTheyAnswer(t *testing.T) {
	t.Parallel()
	p, until := plan(), deadline.Add(50*day)
	e := enrolled(p, "BR").Exempt(until, announce)
	if got := e.Respond(p, terms.Decline, deadline); got.Status != terms.Exempt || !got.ExemptUntil.Equal(until) || !got.Answered {
		t.Errorf("declining: %+v", got)
	}
	accepted := e.Respond(p, terms.Accept, deadline)
	if accepted.Status != terms.Accepted {
		t.Fatalf("accepting: %+v", accepted)
	}
	if got := accepted.Respond(p, terms.Withdraw, until.Add(-time.Second)); got.Status != terms.Exempt || !got.Excused || !got.ExemptUntil.Equal(until) {
		t.Errorf("withdrawing before the exemption ends: %+v", got)
	}
	if got := accepted.Respond(p, terms.Withdraw, until); got.Status != terms.Pending || got.Excused {
		t.Errorf("withdrawing when it has ended: %+v", got)
	}
	open := enrolled(p, "BR").Exempt(time.Time{}, announce).Respond(p, terms.Accept, announce)
	if got := open.Respond(p, terms.Withdraw, deadline.Add(5000*day)); got.Status != terms.Exempt {
		t.Errorf("withdrawing under an open exemption: %+v", got)
	}
}

func TestAnExemptionGivesEverythingBackAndAnAcceptanceNeedsNone(t *testing.T) {
	t.Parallel()
	now := deadline.Add(90 * day)
	e := at(4, terms.Declined).Exempt(now.Add(day), now)
	if e.Status != terms.Exempt || e.Stage != 0 || !e.Excused || len(restricted(standing(plan(), e, nil, now))) > 0 {
		t.Fatalf("%+v", e)
	}
	accepted := enrolled(plan(), "BR").Respond(plan(), terms.Accept, announce)
	if got := accepted.Exempt(now, announce); got != accepted {
		t.Fatalf("accepted, then exempt: %+v", got)
	}
}

func TestTheEndOfAnExemptionAsksAnewWithTheWholeNoticePeriod(t *testing.T) {
	t.Parallel()
	p, until := plan(), deadline.Add(200*day)
	e := at(2, terms.Declined).Notice(announce)
	e.Snoozes, e.Answered = 3, true
	e = e.Exempt(until, deadline)
	if due := terms.Step(p, e, nil, until.Add(-time.Second)); due.Action != terms.Wait || !due.Next.Equal(until) {
		t.Fatalf("before its end: %+v", due)
	}
	due := terms.Step(p, e, nil, until)
	if e = e.Apply(p, due, until); due.Action != terms.Recall || e.Status != terms.Pending || e.Stage != 0 || e.Excused || !e.ExemptUntil.IsZero() || e.Answered || e.Snoozes != 0 {
		t.Fatalf("%+v led to %+v", due, e)
	}
	if due := terms.Step(p, e, nil, until); due.Action != terms.Tell {
		t.Fatalf("asked anew, and due is %+v", due)
	}
	seen := until.Add(100 * day)
	if first := p.Ahead(e.Notice(seen), nil, seen)[0].At; first.Before(seen.Add(30 * day)) {
		t.Fatalf("the first stage comes %s, and the notice was seen %s", first, seen)
	}
}

func TestAnOpenExemptionHasNoEnd(t *testing.T) {
	t.Parallel()
	e := at(0, terms.Pending).Exempt(time.Time{}, deadline)
	if due := terms.Step(plan(), e, nil, deadline.Add(9000*day)); due != (terms.Due{Action: terms.Wait}) {
		t.Fatalf("%+v", due)
	}
}

func TestAnExtensionHasABudgetALimitAndAReason(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(90*day)
	p.Extensions = terms.Extensions{Max: 2, Longest: 10 * day}
	e := at(3, terms.Pending)
	for name, tc := range map[string]struct {
		spoil func(*terms.Enrollment)
		until time.Time
		kind  terms.Kind
	}{
		"now":          {nil, now, terms.Invalid},
		"too far":      {nil, now.Add(10*day + time.Second), terms.Invalid},
		"budget used":  {func(e *terms.Enrollment) { e.Extensions = 2 }, now.Add(day), terms.TooMany},
		"accepted":     {func(e *terms.Enrollment) { e.Status = terms.Accepted }, now.Add(day), terms.Conflict},
		"exempt":       {func(e *terms.Enrollment) { e.Status = terms.Exempt }, now.Add(day), terms.Conflict},
		"bound":        {func(e *terms.Enrollment) { e.Bound = true }, now.Add(day), terms.Conflict},
		"one too many": {func(e *terms.Enrollment) { e.Extensions = 3 }, now.Add(day), terms.TooMany},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := e
			if tc.spoil != nil {
				tc.spoil(&one)
			}
			if got, err := one.Extend(p, tc.until, true, now); !errors.Is(err, tc.kind) || got != one {
				t.Fatalf("%v, %+v", err, got)
			}
		})
	}
	e.Extensions = 1
	stays, err := e.Extend(p, now.Add(10*day), false, now)
	if err != nil || stays.Stage != 3 || stays.Extensions != 2 || !stays.NotBefore.Equal(now.Add(10*day)) {
		t.Fatalf("%v, %+v", err, stays)
	}
	lifted, err := e.Extend(p, now.Add(10*day), true, now)
	if err != nil || lifted.Stage != 2 || !lifted.Entered.Equal(now) || !lifted.Told.Equal(now) || len(restricted(standing(p, lifted, nil, now))) > 0 {
		t.Fatalf("%v, %+v", err, lifted)
	}
	free, err := at(2, terms.Pending).Extend(p, now.Add(day), true, now)
	if err != nil || free.Stage != 2 || free.Entered.Equal(now) {
		t.Fatalf("%v, %+v", err, free)
	}
}

func TestAPlanThatSaysNothingOfExtensionsAllowsThreeOfNinetyDays(t *testing.T) {
	t.Parallel()
	p, e, now := plan(), at(0, terms.Pending), announce
	for i := range 4 {
		var err error
		if e, err = e.Extend(p, now.Add(90*day), false, now); (err == nil) != (i < 3) {
			t.Fatalf("extension %d: %v", i+1, err)
		}
	}
}

func TestAnExtensionNeverBringsAnythingForward(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		p := l.plan()
		longer, err := l.e.Extend(p, l.now.Add(days(t, "until", 1, 90)), rapid.Bool().Draw(t, "lift"), l.now)
		if err != nil {
			return
		}
		before, after := datesOf(p, l.e, l.holds, l.now), datesOf(p, longer, l.holds, l.now)
		for stage, at := range before {
			if is, ok := after[stage]; ok && is.Before(at) {
				t.Fatalf("stage %d comes %s and came %s", stage, is, at)
			}
		}
	})
}

func TestABoundAccountStandsWhereItsOwnerStands(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(90*day)
	bot := terms.Enroll(p, "bot", "BR", terms.Bot, announce, announce)
	owner := at(3, terms.Declined)
	owner.Plan = 7
	e := bot.Follow(owner, now)
	if !e.Bound || e.Status != terms.Declined || e.Stage != 3 || e.Plan != 7 || !e.Entered.Equal(now) {
		t.Fatalf("%+v", e)
	}
	if due := terms.Step(p, e, nil, now.Add(900*day)); due.Action != terms.Wait || due.Why != terms.WaitsForOwner || !due.Next.IsZero() {
		t.Fatalf("due for a bound account: %+v", due)
	}
	if pos := standing(p, e, nil, now).Positions[0]; !pos.Bound || pos.Next != (terms.Next{}) || pos.Reminder != (terms.Reminder{}) {
		t.Fatalf("%+v", pos)
	}
	if ahead := p.Ahead(e, nil, now); len(ahead) > 0 {
		t.Fatalf("ahead: %+v", ahead)
	}
	if again := e.Follow(owner, now.Add(day)); again != e {
		t.Fatalf("following again changed it: %+v", again)
	}
	owner = owner.Respond(p, terms.Accept, now)
	if e = e.Follow(owner, now); e.Status != terms.Accepted || e.Effect != terms.Full || e.Stage != 0 {
		t.Fatalf("the owner accepted: %+v", e)
	}
	if e = e.Unbind(now); e.Bound || e.Status != terms.Exempt || e.Effect != "" || e.Excused {
		t.Fatalf("without an owner: %+v", e)
	}
}

func TestAMoveToWhereTheHoldWasNotKeepsTheDates(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(100*day)
	e := at(2, terms.Pending).Notice(deadline.Add(28 * day))
	hold := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Freeze, Scope: terms.Scope{Region: "BR"}, Starts: deadline.Add(29 * day), Ends: now}
	holds := []terms.Hold{hold}
	was := datesOf(p, e, holds, now)[3]
	got := e.Move(p, "IN", "app=web", catalogue(), holds, now)
	if is := datesOf(p, got, holds, now)[3]; got.Country != "IN" || got.Attributes != "app=web" || is.Before(was) && is.Before(now.Add(30*day)) {
		t.Fatalf("limited comes %s, and came %s", is, was)
	}
	if got := e.Move(p, "IN", "", catalogue(), nil, now); got.NotBefore != e.NotBefore || got.Noticed != e.Noticed {
		t.Fatalf("nothing is less kind there, yet %+v", got)
	}
}

func TestAMoveToWhereTheDeadlineIsStillAheadGivesBack(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(50*day)
	p.Regions = append(p.Regions, terms.Region{Key: "later", Countries: []string{"FR"}, Deadline: deadline.Add(60 * day)})
	got := at(3, terms.Pending).Move(p, "FR", "", catalogue(), nil, now)
	if got.Stage != 2 || !got.Entered.Equal(now) || len(restricted(standing(p, got, nil, deadline.Add(60*day)))) > 0 {
		t.Fatalf("%+v", got)
	}
	accepted := enrolled(p, "BR").Respond(p, terms.Accept, announce).Move(p, "FR", "", catalogue(), nil, now)
	if accepted.Status != terms.Accepted || !accepted.NotBefore.IsZero() {
		t.Fatalf("accepted, and moved: %+v", accepted)
	}
}

// TestADeadlineThatMovesGivesBackWhatCameTooEarly is law 2 for whoever was
// restricted by an earlier plan.
func TestADeadlineThatMovesGivesBackWhatCameTooEarly(t *testing.T) {
	t.Parallel()
	p, later := plan(), plan()
	later.Number, later.Deadline = 2, deadline.Add(60*day)
	e, now := at(4, terms.Pending), deadline.Add(80*day)
	for name, q := range map[string]terms.Plan{"unconfirmed": terms.Gentler(p, later, catalogue()), "confirmed": later} {
		due := terms.Step(q, e, nil, now)
		if due.Action != terms.Restore || due.Stage != 2 || len(restricted(standing(q, e, nil, later.Deadline.Add(90*day)))) > 0 {
			t.Errorf("%s: %+v", name, due)
		}
	}
	slower := plan()
	slower.Stages = append([]terms.Stage(nil), slower.Stages...)
	slower.Stages[4].After = 70 * day
	if due := terms.Step(slower, e, nil, now); due.Action != terms.Restore || due.Stage != 3 {
		t.Errorf("a later last stage: %+v", due)
	}
}
