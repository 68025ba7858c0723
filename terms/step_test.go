package terms_test

import (
	"testing"
	"time"

	"assent/terms"
)

// walk sweeps every hour from one instant to another, presenting each stage's
// notice as soon as it is entered.
func walk(p terms.Plan, e terms.Enrollment, from, to time.Time) terms.Enrollment {
	for now := from; !now.After(to); now = now.Add(time.Hour) {
		if due := terms.Step(p, e, nil, now); due.Action != terms.Wait {
			e = e.Apply(p, due, now).Notice(now)
		}
	}
	return e
}

func TestTheLadderOf2021StepByStep(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR")
	for _, tc := range []struct {
		at   time.Time
		want string
	}{
		{announce, "announced"},
		{deadline.Add(-time.Hour), "announced"},
		{deadline, "reminded"},
		{deadline.Add(28*day - time.Hour), "reminded"},
		{deadline.Add(28 * day), "persistent"},
		{deadline.Add(35*day - time.Hour), "persistent"},
		{deadline.Add(49 * day), "limited"},
		{deadline.Add(63*day - time.Hour), "limited"},
		{deadline.Add(63 * day), "suspended_delivery"},
		{deadline.Add(900 * day), "suspended_delivery"},
	} {
		got := walk(p, e, announce.Add(-2*day), tc.at)
		if key := p.Stages[got.Stage].Key; key != tc.want {
			t.Errorf("at %s: stage %s, want %s", tc.at.Format(time.DateTime), key, tc.want)
		}
	}
}

func TestAYearWithoutASweepMovesOneStage(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR").Notice(announce)
	e.Told = announce
	now := announce.Add(365 * day)
	e = e.Apply(p, terms.Step(p, e, nil, now), now)
	if e.Stage != 1 {
		t.Fatalf("stage %d after a year, want 1", e.Stage)
	}
	if next := terms.NextAt(p, e, nil, now); next.Before(now.Add(28 * day)) {
		t.Fatalf("the next stage follows %s later, before this one's 28 days are over", next.Sub(now))
	}
}

func TestSomeoneNoNoticeReachesIsNeverRestricted(t *testing.T) {
	t.Parallel()
	p := plan()
	e, now := enrolled(p, "BR"), announce
	for range 2000 {
		e = e.Apply(p, terms.Step(p, e, nil, now), now)
		now = now.Add(day / 2)
	}
	if got := p.Stages[e.Stage].Key; got != "persistent" {
		t.Fatalf("stage %s, want persistent, the last that takes nothing away", got)
	}
	if pos := p.Standing(catalogue(), e, nil, now).Positions[0]; pos.Next.Why != terms.WaitsForNotice || !pos.Next.At.IsZero() {
		t.Fatalf("next is %+v; want no date, and not_reached as the reason", pos.Next)
	}
}

func TestALateNoticeStillLeavesTheWholeWarning(t *testing.T) {
	t.Parallel()
	p := plan()
	e := walk(p, enrolled(p, "BR"), announce, deadline.Add(28*day))
	e.Noticed = time.Time{}
	late := deadline.Add(80 * day)
	for now := deadline.Add(28 * day); now.Before(late); now = now.Add(time.Hour) {
		e = e.Apply(p, terms.Step(p, e, nil, now), now)
	}
	e = e.Notice(late)
	if due := terms.Step(p, e, nil, late); due.Action != terms.Wait || !due.Next.Equal(late.Add(day)) {
		t.Fatalf("due %+v, want to wait a day after the notice was seen", due)
	}
}

func TestWithdrawingStartsANewClockWithTheFullNoticePeriod(t *testing.T) {
	t.Parallel()
	p := plan()
	e := walk(p, enrolled(p, "BR"), announce, deadline.Add(50*day))
	now := deadline.Add(50 * day)
	e = e.Respond(p, terms.Accept, now)
	if e.Stage != 0 || e.Status != terms.Accepted || e.Effect != terms.Full {
		t.Fatalf("after accepting: %+v", e)
	}
	now = now.Add(day)
	e = e.Respond(p, terms.Withdraw, now)
	if e.Status != terms.Pending || e.Stage != 0 {
		t.Fatalf("after withdrawing: %+v", e)
	}
	ahead := p.Ahead(e, nil, now)
	if want := now.Add(30 * day); !ahead[0].At.Equal(want) {
		t.Fatalf("the first stage ahead falls due %s, want %s", ahead[0].At, want)
	}
	if first := ahead[2]; first.Stage != "limited" || first.At.Before(now.Add((30+35)*day)) {
		t.Fatalf("the first restriction ahead is %+v", first)
	}
}

func TestAnExtensionMovesThePersonalClock(t *testing.T) {
	t.Parallel()
	p := plan()
	e := walk(p, enrolled(p, "BR"), announce, announce)
	e.NotBefore = deadline.Add(40 * day)
	if at := p.Ahead(e, nil, announce)[0].At; !at.Equal(e.NotBefore) {
		t.Fatalf("the first stage falls due %s, want the extension's end %s", at, e.NotBefore)
	}
}

func TestANewcomerHasTheWholeNoticePeriod(t *testing.T) {
	t.Parallel()
	p := plan()
	joined := deadline.Add(10 * day)
	e := terms.Enroll(p, "new", "BR", terms.Personal, joined, joined)
	if at := p.Ahead(e, nil, joined)[0].At; at.Before(joined.Add(30 * day)) {
		t.Fatalf("the first stage falls due %s after joining", at.Sub(joined))
	}
}

func TestARegionsLastStageIsTheEndOfItsLadder(t *testing.T) {
	t.Parallel()
	p := plan()
	for country, want := range map[string]string{"DE": "reminded", "TR": "announced", "IN": "suspended_delivery"} {
		if e := walk(p, enrolled(p, country), announce, deadline.Add(200*day)); p.Stages[e.Stage].Key != want {
			t.Errorf("%s ends at %s, want %s", country, p.Stages[e.Stage].Key, want)
		}
	}
}

func TestBotsAreExempt(t *testing.T) {
	t.Parallel()
	p := plan()
	e := terms.Enroll(p, "bot", "BR", terms.Bot, announce, announce)
	if due := terms.Step(p, e, nil, deadline.Add(500*day)); e.Status != terms.Exempt || due.Action != terms.Wait {
		t.Fatalf("status %s, due %+v", e.Status, due)
	}
}

func TestTheSnoozeBudgetEnds(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR")
	var err error
	for range p.Snooze.Max {
		if e, err = e.Snooze(p, announce); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = e.Snooze(p, announce); err == nil {
		t.Fatalf("snooze number %d was allowed", p.Snooze.Max+1)
	}
	if e.Noticed.IsZero() {
		t.Fatal("deciding later proves that the notice was seen")
	}
}

func TestAHoldStopsTheLadderAndItsEndResumesIt(t *testing.T) {
	t.Parallel()
	p := plan()
	e := walk(p, enrolled(p, "BR"), announce, deadline.Add(27*day))
	hold := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Lift, Scope: terms.Scope{Region: "BR"}, Starts: deadline.Add(27 * day)}
	now := deadline.Add(100 * day)
	if due := terms.Step(p, e, []terms.Hold{hold}, now); due.Why != terms.WaitsForHold || !due.Next.IsZero() {
		t.Fatalf("under an open hold: %+v", due)
	}
	hold.Ends = now
	if due := terms.Step(p, e, []terms.Hold{hold}, now); !due.Next.Equal(now.Add(day)) {
		t.Fatalf("after the hold: %+v, want the day that was left", due)
	}
}

func TestMovingToWhereTheLadderIsShorterGivesBack(t *testing.T) {
	t.Parallel()
	p := plan()
	now := deadline.Add(50 * day)
	e := walk(p, enrolled(p, "BR"), announce, now)
	if p.Stages[e.Stage].Key != "limited" {
		t.Fatalf("at %s before the move", p.Stages[e.Stage].Key)
	}
	e.Country = "DE"
	due := terms.Step(p, e, nil, now)
	if e = e.Apply(p, due, now); due.Action != terms.Restore || p.Stages[e.Stage].Key != "reminded" {
		t.Fatalf("%+v led to %s", due, p.Stages[e.Stage].Key)
	}
	if again := terms.Step(p, e, nil, now.Add(900*day)); again.Action != terms.Wait {
		t.Fatalf("later: %+v", again)
	}
}

func TestAnAcceptanceHasNoEffectWhereItIsVoidNow(t *testing.T) {
	t.Parallel()
	p := plan()
	e := enrolled(p, "BR").Respond(p, terms.Accept, announce)
	e.Country = "TR"
	if s, _ := p.Standing(catalogue(), e, nil, announce).Find("business.data_sharing"); s.Value.Bool() || s.Reason != terms.ReasonVoid {
		t.Fatalf("in force where it has no effect: %+v", s)
	}
}
