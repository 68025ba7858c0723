package terms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// mapped is the stage of a plan that a stage of another belongs to.
func mapped(old, next terms.Plan, stage int) int {
	key := old.Stages[stage].Key
	for _, m := range next.Mapping {
		if m.From == key {
			key = m.To
		}
	}
	return max(next.StageIndex(key), 0)
}

// drawAt is a person somewhere on a plan's ladder, in time.
func drawAt(t *rapid.T, p terms.Plan, country string, stage int) (terms.Enrollment, time.Time) {
	e := terms.Enroll(p, "ana", country, terms.Personal, announce.Add(days(t, "created", -400, 60)), announce)
	e.Stage, e.Told, e.FirstNotice = stage, announce, announce
	e.Entered = announce.Add(days(t, "entered", 0, 400))
	if rapid.Bool().Draw(t, "noticed") {
		e.Noticed = e.Entered
	}
	if sometimes(t, "more time", 4) {
		e.NotBefore = announce.Add(days(t, "not before", 1, 400))
	}
	return e, e.Entered.Add(days(t, "later", 0, 60))
}

// datesOf is when each stage ahead falls due for a person.
func datesOf(p terms.Plan, e terms.Enrollment, holds []terms.Hold, now time.Time) map[int]time.Time {
	out := map[int]time.Time{}
	for _, next := range p.Ahead(e, holds, now) {
		out[p.StageIndex(next.Stage)] = next.At
	}
	return out
}

// worst is a person's standing at a stage at an hour of the day, whatever the
// dates.
func worst(p terms.Plan, e terms.Enrollment, stage int, hour time.Duration) terms.Standing {
	e.Stage, e.Entered, e.Country = stage, announce.Add(4000*day), "IN"
	p.Regions, p.Reversals = nil, nil
	return standing(p, e, nil, e.Entered.Add(hour))
}

// lossOf is when a plan takes from a person what a stage of another takes
// beyond what the person has, for each capability; a missing one is never.
func lossOf(p terms.Plan, e terms.Enrollment, dates map[int]time.Time, c int, value terms.Value) (time.Time, bool) {
	for stage := e.Stage + 1; stage < len(p.Stages); stage++ {
		at, ok := dates[stage]
		if !ok {
			break
		}
		for hour := time.Duration(0); hour < day; hour += time.Hour {
			if !catalogue()[c].Stricter(value, worst(p, e, stage, hour).Capabilities[c].Value) {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

func TestTheGentlerOfTwoPlansIsAtMostAsHarshAsEither(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := drawPlan(t)
		next := drawNext(t, 2, old)
		g := terms.Gentler(old, next, catalogue())
		e, now := drawAt(t, old, drawCountry(t), rapid.IntRange(0, len(old.Stages)-1).Draw(t, "stage"))
		now = now.Add(hours(t, "hour", 0, 23))
		under := e
		under.Stage, under.Plan = mapped(old, next, e.Stage), 2
		gentle := standing(g, e, nil, now)
		for name, other := range map[string]terms.Standing{"old": standing(old, e, nil, now), "new": standing(next, under, nil, now)} {
			if off := lost(other, gentle); len(off) > 0 {
				t.Fatalf("harsher than the %s plan by %v:\n%+v\n%+v", name, off, gentle.Positions[0], other.Positions[0])
			}
		}
		if gentle.Positions[0].Stage != old.Stages[e.Stage].Key || standing(old, e, nil, now).Positions[0].Stage != old.Stages[e.Stage].Key || standing(next, under, nil, now).Positions[0].Stage != next.Stages[under.Stage].Key {
			return // one of the plans takes them back first
		}
		dates, before, after := datesOf(g, e, nil, now), datesOf(old, e, nil, now), datesOf(next, under, nil, now)
		for stage, at := range dates {
			if was, ok := before[stage]; !ok || at.Before(was) {
				t.Fatalf("stage %d comes %s, by the old plan %s", stage, at, was)
			}
			to := mapped(old, next, stage)
			if is, ok := after[to]; to > under.Stage && (!ok || at.Before(is)) && (to == under.Stage+1 || after[under.Stage+1].After(now)) {
				t.Fatalf("stage %d comes %s, by the new plan %s", stage, at, is)
			}
		}
	})
}

func TestThePlanThatReplacesAnEqualOneChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		g := terms.Gentler(p, p, catalogue())
		e, now := drawAt(t, p, drawCountry(t), rapid.IntRange(0, len(p.Stages)-1).Draw(t, "stage"))
		now = now.Add(hours(t, "hour", 0, 23))
		for i, s := range p.Stages {
			m := g.Stages[i]
			if m.After != s.After || m.FromAnnounce != s.FromAnnounce || m.Spread != s.Spread || m.FinalWarning != s.FinalWarning || m.Reminder != s.Reminder || m.Restricts() != s.Restricts() {
				t.Fatalf("%+v became %+v", s, m)
			}
			if i+1 < len(p.Stages) && *m.Dwell != dwell(p, i) {
				t.Fatalf("%s lasts %s, and lasted %s", s.Key, *m.Dwell, dwell(p, i))
			}
		}
		a, b := standing(p, e, nil, now), standing(g, e, nil, now)
		a.Positions[0].Shadow = b.Positions[0].Shadow // a stage that takes nothing counts as tried
		if !slices.Equal(a.Capabilities, b.Capabilities) || a.Positions[0] != b.Positions[0] {
			t.Fatalf("%+v became %+v", a, b)
		}
		if got := e.Adopt(g, p, catalogue(), nil, true, false, now); got.Stage != standingStage(p, a) || got.NotBefore != e.NotBefore {
			t.Fatalf("%+v became %+v", e, got)
		}
	})
}

// standingStage is the index of the stage of a standing.
func standingStage(p terms.Plan, s terms.Standing) int { return p.StageIndex(s.Positions[0].Stage) }

func TestAGrantIsInForceOnlyWhereBothPlansGiveIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := drawPlan(t)
		next := drawNext(t, 2, old)
		country := drawCountry(t)
		e := terms.Enroll(old, "ana", country, terms.Personal, announce, announce).Respond(old, terms.Accept, announce)
		shares := func(p terms.Plan) bool {
			s, _ := standing(p, e, nil, announce).Find("business.data_sharing")
			return s.Value.Bool()
		}
		if g := terms.Gentler(old, next, catalogue()); shares(g) != (shares(old) && shares(next)) {
			t.Fatalf("by the old plan %v, by the new %v, by both %v", shares(old), shares(next), shares(g))
		}
	})
}

func TestOnePlanAloneIsInForceAsItIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		got, ok := terms.InForce([]terms.Plan{p}, 1, nil, catalogue())[1]
		if !ok || got.Basis != "1" {
			t.Fatalf("in force: %v, on the basis %q", ok, got.Basis)
		}
		if got.Basis = ""; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", p) {
			t.Fatalf("%+v\nin force: %+v", p, got)
		}
	})
}

func TestWithoutAnActivePlanNoneIsInForce(t *testing.T) {
	t.Parallel()
	if got := terms.InForce([]terms.Plan{plan()}, 0, nil, catalogue()); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
}

func TestPlansInForceAreToldApartByWhatTheyAreMergedFrom(t *testing.T) {
	t.Parallel()
	p, second := plan(), plan()
	second.Number = 2
	made := terms.Reversal{ID: "r1", Stage: "reminded", At: deadline}
	undone := terms.Reversal{ID: "r0", Stage: "reminded", At: deadline.Add(-day), Undone: deadline}
	got := terms.InForce([]terms.Plan{second, p}, 2, []terms.Reversal{made, undone}, catalogue())
	if got[1].Basis != "1~2 r1" || got[2].Basis != "2 r1" || got[1].Number != 1 || got[2].Number != 2 {
		t.Fatalf("%q and %q", got[1].Basis, got[2].Basis)
	}
	if r := got[1].Reversals; len(r) != 2 || r[0].ID != "r0" || r[1].ID != "r1" {
		t.Fatalf("reversals in no order of time: %+v", r)
	}
}

// TestAThirdPlanDoesNotTakeWhatTheSecondGave is about people who are still under
// the first.
func TestAThirdPlanDoesNotTakeWhatTheSecondGave(t *testing.T) {
	t.Parallel()
	first, second, third := plan(), plan(), plan()
	second.Number, third.Number = 2, 3
	second.Stages = slices.Clone(second.Stages)
	second.Stages[3].Off = []string{"messages.send"}
	e := at(3, terms.Pending)
	now := deadline.Add(40 * day)
	for active, want := range map[int]bool{1: false, 2: true, 3: true} {
		plans := []terms.Plan{first, second, third}[:active]
		slices.Reverse(plans)
		s := standing(terms.InForce(plans, active, nil, catalogue())[1], e, nil, now)
		if got := value(t, s, "chats.list"); got.Value.Bool() != want {
			t.Errorf("with plan %d active: %+v", active, got)
		}
	}
}

func TestAStageThatOnlyOnePlanRestrictsStillWaitsForANotice(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Stages = slices.Clone(next.Stages)
	next.Stages[3].Off, next.Stages[3].Set = nil, nil
	for name, g := range map[string]terms.Plan{"old": terms.Gentler(old, next, catalogue()), "new": terms.Gentler(next, old, catalogue())} {
		if s := g.Stages[3]; s.Takes() || !s.Restricts() {
			t.Errorf("restricted by the %s plan: %+v", name, s)
		}
	}
	if s := terms.Gentler(old, old, catalogue()).Stages[2]; s.Shadow || s.Restricts() {
		t.Errorf("a stage that takes nothing by either: %+v", s)
	}
}

func TestStagesOnlyTheNewPlanHasLengthenTheGentlerOne(t *testing.T) {
	t.Parallel()
	old, next, long := plan(), plan(), 20*day
	next.Stages = slices.Insert(slices.Clone(next.Stages), 3, terms.Stage{Key: "between", After: 30 * day, Dwell: &long, FinalWarning: 48 * time.Hour})
	g := terms.Gentler(old, next, catalogue())
	if s := g.Stages[2]; *s.Dwell != 22*day || s.FinalWarning != 20*day {
		t.Fatalf("persistent lasts %s with a warning of %s; the new plan's two stages take %s and %s", *s.Dwell, s.FinalWarning, 22*day, 20*day)
	}
}

func TestAHoldOrReversalNamesARegionByEitherPlansKey(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number = 2
	next.Regions = slices.Clone(next.Regions)
	next.Regions[0].Key = "europe"
	e := at(1, terms.Pending)
	e.Country = "DE"
	for _, key := range []string{"eea-uk", "europe", "DE"} {
		made := terms.Reversal{ID: "r1", Region: key, Stage: "announced", At: deadline}
		p := terms.InForce([]terms.Plan{old, next}, 2, []terms.Reversal{made}, catalogue())[1]
		if h := (terms.Hold{Scope: terms.Scope{Region: key}}); !h.Covers(p, e) {
			t.Errorf("a hold for %s does not cover Germany", key)
		}
		if l := p.In("DE"); l.ReversalID != "r1" || l.Last != 0 {
			t.Errorf("a reversal of %s leaves Germany at %+v", key, l)
		}
	}
	if h := (terms.Hold{Scope: terms.Scope{Region: "asia"}}); h.Covers(next, e) {
		t.Error("a hold for another region covers Germany")
	}
}

func TestAdoptingAPlanTakesNothingAndShortensNoDateWithoutNotice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := drawPlan(t)
		next := drawNext(t, 2, old)
		rules := terms.InForce([]terms.Plan{old, next}, 2, nil, catalogue())
		from := oneOf(t, "from", old, rules[1])
		e, now := drawAt(t, old, drawCountry(t), rapid.IntRange(0, len(old.Stages)-1).Draw(t, "stage"))
		holds := drawHolds(t)
		now = now.Add(hours(t, "hour", 0, 23))
		if err := terms.Replaces(old, next, holds, nil); err != nil && strings.Contains(err.Error(), "no longer cover") {
			return // no such plan is activated
		}
		before := e.Apply(from, restoration(from, e, holds, now), now)
		after := e.Adopt(from, rules[2], catalogue(), holds, true, false, now)
		if after.Plan != 2 {
			t.Fatalf("under plan %d", after.Plan)
		}
		if off := lost(standing(from, e, holds, now), standing(next, after, holds, now)); len(off) > 0 {
			t.Fatalf("takes %v", off)
		}
		if to := mapped(from, next, before.Stage); after.Stage > to {
			t.Fatalf("from stage %d to %d, which belongs to %d", before.Stage, after.Stage, to)
		}
		is, was := datesOf(next, after, holds, now), datesOf(from, before, holds, now)
		notice := now.Add(max(from.NoticePeriod, next.NoticePeriod))
		for stage, at := range is {
			if at.Before(now) {
				t.Fatalf("stage %d lies behind, at %s", stage, at)
			}
			if !next.Stages[stage].Restricts() || !at.Before(notice) {
				continue // a stage that takes nothing may come sooner
			}
			if date, ok := was[before.Stage+1]; !ok || at.Before(date) {
				t.Fatalf("stage %d comes %s, the next by the old plan %s, and the notice period ends %s", stage, at, date, notice)
			}
			for hour := time.Duration(0); hour < day; hour += 6 * time.Hour {
				have, have2 := worst(from, before, before.Stage, hour), worst(next, after, stage, hour)
				for c, one := range catalogue() {
					if one.Grant || !one.Stricter(have2.Capabilities[c].Value, have.Capabilities[c].Value) {
						continue
					}
					if date, ok := lossOf(from, before, was, c, have2.Capabilities[c].Value); !ok || at.Before(date) {
						t.Fatalf("%s is lost %s at stage %d, by the old plan %s, and the notice period ends %s", one.Key, at, stage, date, notice)
					}
				}
			}
		}
	})
}

// restoration is what a sweep would give back now.
func restoration(p terms.Plan, e terms.Enrollment, holds []terms.Hold, now time.Time) terms.Due {
	if due := terms.Step(p, e, holds, now); due.Action == terms.Restore {
		return due
	}
	return terms.Due{}
}

func TestWhoLosesSomethingEarlierIsToldAnew(t *testing.T) {
	t.Parallel()
	old, sooner, same := plan(), plan(), plan()
	sooner.Number, same.Number = 2, 2
	sooner.Stages = slices.Clone(sooner.Stages)
	sooner.Stages[4].After = 36 * day
	now := deadline.Add(day)
	e := at(1, terms.Pending).Notice(now)
	if got := e.Adopt(old, same, catalogue(), nil, true, false, now); got.Told.IsZero() || got.Noticed.IsZero() || !got.NotBefore.IsZero() {
		t.Errorf("by the same plan: %+v", got)
	}
	if got := e.Adopt(old, sooner, catalogue(), nil, true, false, now); !got.Told.IsZero() || !got.Noticed.IsZero() {
		t.Errorf("by a plan that stops delivery sooner: %+v", got)
	}
}

func TestAPlanAdoptedInTheLastHourLeavesTheNoticePeriod(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number, next.NoticePeriod = 2, day
	next.Stages = slices.Clone(next.Stages)
	next.Stages[2].After, next.Stages[3].After, next.Stages[3].Spread = 0, 0, 0
	now := deadline.Add(2 * day)
	e := at(1, terms.Pending).Notice(now).Adopt(old, next, catalogue(), nil, true, false, now)
	dates := datesOf(next, e, nil, now)
	if want := now.Add(30 * day); dates[3].Before(want) {
		t.Errorf("limited comes %s, before the 30 days of notice that people were promised are over", dates[3])
	}
}

func TestADateThatIsKeptIsKeptToTheHourAfterAHoldToo(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number, next.Stages = 2, slices.Clone(next.Stages)
	next.Stages[3].After = 29 * day
	hold := terms.Hold{ID: "h1", Clock: terms.ClockStop, Effect: terms.Freeze, Starts: deadline.Add(2 * day), Ends: deadline.Add(12 * day)}
	holds, now := []terms.Hold{hold}, deadline.Add(40*day)
	e := at(2, terms.Pending).Notice(announce)
	e.Entered = deadline.Add(38 * day)
	was := datesOf(old, e, holds, now)[3]
	if got := datesOf(next, e.Adopt(old, next, catalogue(), holds, true, false, now), holds, now)[3]; !got.Equal(was) {
		t.Fatalf("limited comes %s, and came %s", got, was)
	}
}

func TestAPlanAdoptedUnderAHoldShortensNothingAfterIt(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number, next.Stages = 2, slices.Clone(next.Stages)
	next.Stages[3].Off = append(slices.Clone(next.Stages[3].Off), "calls.answer")
	next.Stages[4].Off = next.Stages[4].Off[1:]
	now := deadline.Add(100 * day)
	e := at(2, terms.Pending).Notice(announce)
	for name, ends := range map[string]time.Time{"that ends": now.Add(10 * day), "that is open": {}} {
		hold := terms.Hold{ID: "h1", Clock: terms.ClockContinue, Effect: terms.Freeze, Starts: now.Add(-day), Ends: ends}
		got := e.Adopt(old, next, catalogue(), []terms.Hold{hold}, true, false, now)
		hold.Ends = now.Add(10 * day)
		holds := []terms.Hold{hold}
		was, is := datesOf(old, e, holds, hold.Ends)[4], datesOf(next, got, holds, hold.Ends)[3]
		if is.Before(was) && is.Before(now.Add(30*day)) {
			t.Errorf("under a hold %s: calls are lost %s, and were lost %s by the old plan", name, is, was)
		}
	}
}

func TestAHoldsEndCountsWhenAPlanWithLessNoticeIsAdopted(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number, next.NoticePeriod = 2, 10*day
	hold := terms.Hold{ID: "h1", Clock: terms.ClockRestart, Effect: terms.Freeze, Starts: deadline.Add(-day), Ends: deadline.Add(10 * day)}
	holds, now := []terms.Hold{hold}, deadline.Add(60*day)
	e := at(2, terms.Pending).Notice(announce)
	was, got := datesOf(old, e, holds, now)[3], datesOf(next, e.Adopt(old, next, catalogue(), holds, true, false, now), holds, now)[3]
	if want := hold.Ends.Add((30 + 35) * day); was.Before(want) || !got.Equal(was) {
		t.Fatalf("limited comes %s, and came %s by the old plan, at least %s", got, was, want)
	}
}

func TestABrownOutAtOtherHoursIsMoreThanPeopleWereTold(t *testing.T) {
	t.Parallel()
	with := func(number int, window terms.BrownOut) terms.Plan {
		p := plan()
		p.Number, p.Stages = number, slices.Clone(p.Stages)
		p.Stages[3].BrownOut = &window
		return p
	}
	old := with(1, terms.BrownOut{At: 14 * time.Hour, For: 2 * time.Hour})
	e, now := at(3, terms.Pending), deadline.Add(50*day)
	for window, want := range map[terms.BrownOut]int{
		{At: 14 * time.Hour, For: 2 * time.Hour}:     3,
		{At: 15 * time.Hour, For: time.Hour}:         3,
		{At: 2 * time.Hour, For: 2 * time.Hour}:      2,
		{At: 14 * time.Hour, For: 121 * time.Minute}: 2,
	} {
		if got := e.Adopt(old, with(2, window), catalogue(), nil, true, false, now); got.Stage != want {
			t.Errorf("a window at %s for %s leaves people at stage %d, want %d", window.At, window.For, got.Stage, want)
		}
	}
}

func TestWhoIsAskedAgainAndWhoIsNot(t *testing.T) {
	t.Parallel()
	old, next, now := plan(), plan(), deadline
	next.Number = 2
	next.Regions = slices.Clone(next.Regions)
	next.Regions[1] = terms.Region{Key: "turkey", Countries: []string{"TR"}, Recorded: terms.AskAgain}
	effective := next
	effective.Regions = slices.Clone(next.Regions)
	effective.Regions[1].Recorded = terms.Effective
	accepted := enrolled(old, "BR").Respond(old, terms.Accept, announce)
	void := enrolled(old, "TR").Respond(old, terms.Accept, announce)
	bot := terms.Enroll(old, "bot", "BR", terms.Bot, announce, announce)
	excused := enrolled(old, "BR").Exempt(time.Time{}, announce)
	for name, tc := range map[string]struct {
		e               terms.Enrollment
		next            terms.Plan
		included, again bool
		status          terms.Status
		effect          terms.Effect
	}{
		"accepted, same documents":                     {accepted, next, true, false, terms.Accepted, terms.Full},
		"accepted, other documents":                    {accepted, next, true, true, terms.Pending, ""},
		"accepted, no longer asked":                    {accepted, next, false, true, terms.Exempt, ""},
		"accepted without effect, asked again":         {void, next, true, false, terms.Pending, ""},
		"accepted without effect, and no longer asked": {void, next, false, false, terms.Exempt, ""},
		"accepted without effect, which counts now":    {void, effective, true, false, terms.Accepted, terms.Full},
		"pending":                           {enrolled(old, "BR"), next, true, true, terms.Pending, ""},
		"pending, no longer asked":          {enrolled(old, "BR"), next, false, true, terms.Exempt, ""},
		"a bot, asked now":                  {bot, next, true, false, terms.Pending, ""},
		"a bot, still not asked":            {bot, next, false, false, terms.Exempt, ""},
		"exempt by staff, still not asked":  {excused, next, false, false, terms.Exempt, ""},
		"exempt by staff, by whatever plan": {excused, next, true, true, terms.Exempt, ""},
		"declined stays declined":           {enrolled(old, "BR").Respond(old, terms.Decline, announce), next, true, false, terms.Declined, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tc.e.Adopt(old, tc.next, catalogue(), nil, tc.included, tc.again, now)
			if got.Status != tc.status || got.Effect != tc.effect || got.Plan != 2 {
				t.Fatalf("%s with effect %q under plan %d", got.Status, got.Effect, got.Plan)
			}
			if got.Status == terms.Pending && tc.e.Status != terms.Pending && got.NotBefore.Before(now.Add(30*day)) {
				t.Fatalf("asked again with a clock from %s", got.NotBefore)
			}
		})
	}
}

func TestABoundAccountKeepsItsPlaceUnderAnotherLadder(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	next.Number, next.Stages = 2, slices.Delete(slices.Clone(next.Stages), 1, 3)
	next.Mapping = []terms.StageMapping{{From: "reminded", To: "announced"}, {From: "persistent", To: "announced"}}
	e := at(2, terms.Pending)
	e.Bound = true
	got := e.Adopt(old, next, catalogue(), nil, true, true, deadline.Add(60*day))
	if got.Stage != 0 || got.Plan != 2 || got.Status != terms.Pending || !got.Bound {
		t.Fatalf("%+v", got)
	}
}
