package terms_test

import (
	"slices"
	"testing"

	"assent/terms"

	"pgregory.net/rapid"
)

func TestAReversalTakesNothingNorDoesUndoingIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t, nil)
		inForce := func() terms.Standing { l.changed(); return standing(l.plan(), l.e, l.holds, l.now) }
		before := inForce()
		l.reverse(t, true)
		made := inForce()
		if off := lost(before, made); len(off) > 0 {
			t.Fatalf("the reversal takes %v", off)
		}
		if sometimes(t, "swept", 2) {
			l.e = l.e.Apply(l.plan(), terms.Step(l.plan(), l.e, l.holds, l.now), l.now)
		}
		l.now = l.now.Add(days(t, "in force", 1, 400))
		made = inForce()
		l.reversals[len(l.reversals)-1].Undone = l.now
		if off := lost(made, inForce()); len(off) > 0 {
			t.Fatalf("undoing takes %v", off)
		}
	})
}

// reversed is the plan of 2021 with a reversal in force.
func reversed(r terms.Reversal) terms.Plan {
	return terms.InForce([]terms.Plan{plan()}, 1, []terms.Reversal{r}, catalogue())[1]
}

func TestAfterAReversalNobodyIsBeyondItsStage(t *testing.T) {
	t.Parallel()
	now := deadline.Add(80 * day)
	for name, tc := range map[string]struct {
		country string
		region  string
		stage   string
		want    int
	}{
		"everybody":                  {"BR", "", "reminded", 1},
		"a country":                  {"BR", "BR", "reminded", 1},
		"another country":            {"IN", "BR", "reminded", 4},
		"to a stage that takes":      {"BR", "", "limited", 3},
		"to a stage it has no more":  {"BR", "", "banished", 0},
		"a region ends there anyway": {"DE", "eea-uk", "limited", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := reversed(terms.Reversal{ID: "r1", Region: tc.region, Stage: tc.stage, At: now})
			e := at(4, terms.Pending)
			e.Country = tc.country
			due := terms.Step(p, e, nil, now)
			if after := e.Apply(p, due, now); after.Stage != tc.want {
				t.Fatalf("%+v leads to stage %d, want %d", due, after.Stage, tc.want)
			}
			if pos := standing(p, e, nil, now).Positions[0]; pos.Stage != p.Stages[tc.want].Key {
				t.Fatalf("they stand at %s", pos.Stage)
			}
		})
	}
}

func TestAReversalKeepsSoftensOrStopsReminders(t *testing.T) {
	t.Parallel()
	for how, want := range map[terms.Reminding]terms.Reminder{
		terms.KeepReminders:   plan().Stages[1].Reminder,
		terms.SoftenReminders: {Mode: terms.Banner, Every: 30 * day, Dismissible: true},
		terms.StopReminders:   {},
	} {
		p := reversed(terms.Reversal{ID: "r1", Stage: "reminded", Reminders: how, At: deadline})
		if pos := standing(p, at(1, terms.Pending), nil, deadline.Add(day)).Positions[0]; pos.Reminder != want || pos.Reversal != "r1" {
			t.Errorf("%s: %+v by %q", how, pos.Reminder, pos.Reversal)
		}
	}
}

func TestOfTwoReversalsTheLowerStageAndTheLaterReminderHold(t *testing.T) {
	t.Parallel()
	first := terms.Reversal{ID: "r1", Stage: "announced", Reminders: terms.StopReminders, At: deadline}
	second := terms.Reversal{ID: "r2", Stage: "limited", Reminders: terms.SoftenReminders, At: deadline.Add(day)}
	p := terms.InForce([]terms.Plan{plan()}, 1, []terms.Reversal{second, first}, catalogue())[1]
	if l := p.In("BR"); l.Last != 0 || l.ReversalID != "r2" || l.Reminder.Mode != terms.Banner {
		t.Fatalf("%+v", l)
	}
}

func TestAReversalOfThePlanNowActiveHoldsOnTheLadderOfThePlanBefore(t *testing.T) {
	t.Parallel()
	next := plan()
	next.Number, next.Stages = 2, slices.Clone(next.Stages)
	next.Stages[3].Key = "restricted"
	next.Mapping = []terms.StageMapping{{From: "limited", To: "restricted"}}
	for stage, want := range map[string]int{"announced": 0, "persistent": 2, "restricted": 3, "banished": 0} {
		made := terms.Reversal{ID: "r1", Stage: stage, At: deadline}
		p := terms.InForce([]terms.Plan{plan(), next}, 2, []terms.Reversal{made}, catalogue())[1]
		if got := p.In("IN").Last; got != want {
			t.Errorf("a reversal to %s ends the ladder at stage %d, want %d", stage, got, want)
		}
	}
}

// TestUndoingAReversalLetsTheLadderGoOnFromBelow is also so for someone no sweep
// had come to while it was in force.
func TestUndoingAReversalLetsTheLadderGoOnFromBelow(t *testing.T) {
	t.Parallel()
	made, undone := deadline.Add(70*day), deadline.Add(80*day)
	p := reversed(terms.Reversal{ID: "r1", Stage: "persistent", At: made, Undone: undone})
	e := at(4, terms.Pending)
	if off := restricted(standing(p, e, nil, undone.Add(day))); len(off) > 0 {
		t.Fatalf("without %v after undoing", off)
	}
	due := terms.Step(p, e, nil, undone.Add(day))
	if due.Action != terms.Restore || due.Stage != 2 {
		t.Fatalf("%+v, want to restore to persistent", due)
	}
	e = e.Apply(p, due, undone.Add(day)).Notice(undone.Add(day))
	if due := terms.Step(p, e, nil, undone.Add(2*day)); due.Action != terms.Wait || due.Next.Before(undone.Add(7*day)) {
		t.Fatalf("%+v, want to wait for the stage's dwell and its warning", due)
	}
	e.Stage, e.Entered = 3, undone
	if off := restricted(standing(p, e, nil, undone.Add(day))); len(off) == 0 {
		t.Fatal("who enters a stage after it was undone has everything")
	}
}
