package terms_test

import (
	"testing"
	"time"

	"assent/terms"
)

func at(stage int, status terms.Status) terms.Enrollment {
	e := enrolled(plan(), "BR")
	e.Stage, e.Status, e.Told = stage, status, announce
	e.Entered = deadline.Add(plan().Stages[stage].After)
	return e
}

func value(t *testing.T, s terms.Standing, key string) terms.State {
	t.Helper()
	state, ok := s.Find(key)
	if !ok {
		t.Fatalf("%s is not in the standing", key)
	}
	return state
}

func TestStagesAccumulateAndExplainThemselves(t *testing.T) {
	t.Parallel()
	s := plan().Standing(catalogue(), at(4, terms.Pending), nil, deadline.Add(70*day))
	send, answer, size := value(t, s, "messages.send"), value(t, s, "calls.answer"), value(t, s, "groups.size")
	if send.Value.Bool() || send.Stage != "limited" || send.Reason != terms.ReasonStage || send.Campaign != "new-terms-2021" {
		t.Errorf("messages.send: %+v", send)
	}
	if answer.Value.Bool() || answer.Stage != "suspended_delivery" {
		t.Errorf("calls.answer: %+v", answer)
	}
	if size.Value != terms.IntValue(0) || size.Stage != "suspended_delivery" {
		t.Errorf("groups.size: %+v", size)
	}
	limited := plan().Standing(catalogue(), at(3, terms.Pending), nil, deadline.Add(40*day))
	if size := value(t, limited, "groups.size"); size.Value != terms.IntValue(8) {
		t.Errorf("groups.size in limited: %+v", size)
	}
}

func TestAGrantNeedsAnAcceptanceWithEffectAndNoHold(t *testing.T) {
	t.Parallel()
	hold := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Freeze, Starts: announce}
	for name, tc := range map[string]struct {
		status terms.Status
		effect terms.Effect
		holds  []terms.Hold
		want   bool
		reason terms.Reason
	}{
		"pending":                  {terms.Pending, "", nil, false, terms.ReasonNotGranted},
		"declined":                 {terms.Declined, "", nil, false, terms.ReasonNotGranted},
		"exempt":                   {terms.Exempt, "", nil, false, terms.ReasonNotGranted},
		"accepted":                 {terms.Accepted, terms.Full, nil, true, terms.ReasonGranted},
		"accepted, without effect": {terms.Accepted, terms.Void, nil, false, terms.ReasonVoid},
		"accepted, under a hold":   {terms.Accepted, terms.Full, []terms.Hold{hold}, false, terms.ReasonHeld},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := at(0, tc.status)
			e.Effect = tc.effect
			got := value(t, plan().Standing(catalogue(), e, tc.holds, deadline), "business.data_sharing")
			if got.Value.Bool() != tc.want || got.Reason != tc.reason {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestALiftingHoldGivesEverythingBackMeanwhile(t *testing.T) {
	t.Parallel()
	hold := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Lift, Starts: deadline}
	s := plan().Standing(catalogue(), at(4, terms.Pending), []terms.Hold{hold}, deadline.Add(time.Hour))
	if off := restricted(s); len(off) > 0 {
		t.Fatalf("without %v under a lifting hold", off)
	}
	hold.Effect = terms.Freeze
	if s := plan().Standing(catalogue(), at(4, terms.Pending), []terms.Hold{hold}, deadline.Add(time.Hour)); len(restricted(s)) == 0 {
		t.Fatal("a freezing hold gave features back")
	}
}

func TestCombineKeepsTheStrictestValueAndItsExplanation(t *testing.T) {
	t.Parallel()
	other := plan()
	other.Campaign = "shopping-terms"
	other.Grants = nil
	accepted := at(0, terms.Accepted)
	accepted.Effect = terms.Full
	restrictive := at(3, terms.Pending)
	restrictive.Campaign = "shopping-terms"
	c := catalogue()
	s := terms.Combine(c, plan().Standing(c, accepted, nil, deadline), other.Standing(c, restrictive, nil, deadline))
	if got := value(t, s, "messages.send"); got.Value.Bool() || got.Campaign != "shopping-terms" {
		t.Errorf("messages.send: %+v; one campaign's acceptance lifted what another took away", got)
	}
	if got := value(t, s, "business.data_sharing"); !got.Value.Bool() || got.Campaign != "new-terms-2021" {
		t.Errorf("business.data_sharing: %+v", got)
	}
	if len(s.Positions) != 2 {
		t.Errorf("%d positions, want 2", len(s.Positions))
	}
}

func TestNobodyIsInACampaignOfNone(t *testing.T) {
	t.Parallel()
	s := terms.Combine(catalogue())
	if off := restricted(s); len(off) > 0 || len(s.Capabilities) != len(catalogue()) {
		t.Fatalf("without any campaign: %+v", s)
	}
}

func TestRemindersFollowStageRegionAndChoice(t *testing.T) {
	t.Parallel()
	answered := at(1, terms.Pending)
	answered.Answered, answered.Country = true, "DE"
	fresh := at(1, terms.Pending)
	fresh.Country = "DE"
	snoozed := at(0, terms.Pending)
	snoozed.SnoozedUntil = announce.Add(7 * day)
	for name, tc := range map[string]struct {
		e    terms.Enrollment
		now  time.Time
		want terms.Mode
	}{
		"before the announcement, none":            {at(0, terms.Pending), announce.Add(-time.Second), terms.NoReminder},
		"announced, a banner":                      {at(0, terms.Pending), announce, terms.Banner},
		"persistent, full screen":                  {at(2, terms.Pending), deadline.Add(28 * day), terms.FullScreen},
		"limited keeps the persistent one":         {at(3, terms.Pending), deadline.Add(40 * day), terms.FullScreen},
		"accepted, none":                           {at(0, terms.Accepted), deadline, terms.NoReminder},
		"declined, none while nothing is off":      {at(1, terms.Declined), deadline, terms.NoReminder},
		"declined and limited, what is off":        {at(3, terms.Declined), deadline.Add(40 * day), terms.FullScreen},
		"a region that asks once, the first time":  {fresh, deadline, terms.Banner},
		"a region that asks once, after an answer": {answered, deadline, terms.NoReminder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pos := plan().Standing(catalogue(), tc.e, nil, tc.now).Positions[0]
			if pos.Reminder.Mode != tc.want {
				t.Fatalf("reminder %+v, want %q", pos.Reminder, tc.want)
			}
		})
	}
	if pos := plan().Standing(catalogue(), snoozed, nil, announce).Positions[0]; !pos.Quiet.Equal(snoozed.SnoozedUntil) {
		t.Fatalf("quiet until %s, want %s", pos.Quiet, snoozed.SnoozedUntil)
	}
}

func TestAPositionSaysWhereThePersonStands(t *testing.T) {
	t.Parallel()
	p, now := plan(), deadline.Add(40*day)
	p.Basis = "1"
	e := at(3, terms.Pending)
	e.NotBefore, e.Snoozes, e.Country = deadline.Add(-day), 3, "IN"
	want := terms.Position{
		Campaign: "new-terms-2021", Plan: 1, Basis: "1", Status: terms.Pending, Stage: "limited", Since: e.Entered, Extended: e.NotBefore,
		Next: terms.Next{Stage: "suspended_delivery", Why: terms.WaitsForNotice}, Reminder: p.Stages[2].Reminder, Snoozes: 5,
	}
	due := e
	due.Entered = deadline.Add(35 * day)
	if got := standing(p, due, nil, deadline.Add(90*day)).Positions[0]; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	e.Snoozes = 9
	if got := standing(p, e, nil, now).Positions[0]; got.Snoozes != 0 || got.Next.At.IsZero() || got.Next.Why != "" {
		t.Errorf("%+v", got)
	}
	if got := standing(p, at(4, terms.Pending), nil, now.Add(90*day)).Positions[0].Next; got != (terms.Next{}) {
		t.Errorf("after the last stage comes %+v", got)
	}
}

func TestARegionAloneAsksOnceOrNotAtAll(t *testing.T) {
	t.Parallel()
	p, e := plan(), at(1, terms.Pending)
	e.Country = "DE"
	for name, tc := range map[string]struct {
		rule terms.Reminder
		want terms.Reminder
	}{
		"none":         {terms.Reminder{}, terms.Reminder{}},
		"once":         {terms.Reminder{AskOnce: true}, terms.Reminder{Mode: terms.Banner, AskOnce: true, Dismissible: true}},
		"once, larger": {terms.Reminder{AskOnce: true, Mode: terms.FullScreen}, terms.Reminder{AskOnce: true, Mode: terms.FullScreen}},
	} {
		p.Regions = []terms.Region{{Key: "eea-uk", Countries: []string{"DE"}, Reminder: &tc.rule}}
		if got := standing(p, e, nil, deadline).Positions[0].Reminder; got != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestARegionHasItsOwnDatesDocumentsAndMessage(t *testing.T) {
	t.Parallel()
	p := plan()
	own := []terms.DocumentRef{{Document: "terms-of-service", Version: "in"}}
	p.Regions = append(p.Regions, terms.Region{Key: "india", Countries: []string{"IN"}, Documents: own, AnnounceAt: announce.Add(day), Deadline: deadline.Add(day), Recorded: terms.Effective, Message: terms.Texts{"en": "Here"}})
	in, world := p.In("IN"), p.In("US")
	if in.Region != "india" || !in.AnnounceAt.Equal(announce.Add(day)) || !in.Deadline.Equal(deadline.Add(day)) || in.Documents[0] != own[0] || in.Recorded != terms.Effective || in.Message["en"] != "Here" || in.Last != 4 || in.Effect != terms.Full {
		t.Errorf("%+v", in)
	}
	if world.Region != "" || !world.Deadline.Equal(deadline) || world.Documents[0] != p.Documents[0] || p.In("DE").Documents[0] != p.Documents[0] || world.Effect != terms.Full || p.In("TR").Effect != terms.Void {
		t.Errorf("%+v", world)
	}
}
