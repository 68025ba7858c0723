package terms_test

import (
	"slices"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// zones are places with a day that is 23 or 25 hours long, one without, one at
// half an hour and one where a date was left out.
func zones() []*time.Location {
	var out []*time.Location
	for _, name := range []string{"UTC", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		out = append(out, zone)
	}
	return out
}

// brownOuts is the plan of 2021 whose limits begin with a window of each day.
func brownOuts(b terms.BrownOut) terms.Plan {
	p := plan()
	p.Stages = slices.Clone(p.Stages)
	p.Stages[3].BrownOut = &b
	return p
}

func TestABrownOutIsOpenByTheClockOfUTCWhereverAnInstantIsWritten(t *testing.T) {
	t.Parallel()
	places := zones()
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(label string, low, high int) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * time.Minute
		}
		b := terms.BrownOut{At: minutes("at", 0, 1439), For: minutes("for", 1, 1439)}
		now := announce.Add(minutes("now", -3_000_000, 3_000_000)).In(oneOf(t, "zone", places...))
		utc := now.UTC()
		since := time.Duration(utc.Hour())*time.Hour + time.Duration(utc.Minute())*time.Minute
		today := since >= b.At && since < b.At+b.For
		yesterdays := since+day >= b.At && since+day < b.At+b.For
		if got := b.Open(now); got != (today || yesterdays) {
			t.Fatalf("%+v at %s: open %v", b, utc, got)
		}
		for _, edge := range []time.Duration{b.At, b.At + b.For} {
			at := utc.Truncate(day).Add(edge)
			if b.Open(at.Add(-time.Microsecond)) == b.Open(at) {
				t.Fatalf("%+v does not turn at %s", b, at)
			}
		}
	})
}

func TestAPlanTurnsExactlyWhenAWindowOpensOrCloses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := terms.BrownOut{At: hours(t, "at", 0, 23), For: hours(t, "for", 1, 23)}
		p := brownOuts(b)
		after := announce.Add(hours(t, "after", 0, 100))
		now := after.Add(hours(t, "later", 0, 30))
		want := false
		for at := after.Add(time.Hour); !at.After(now); at = at.Add(time.Hour) {
			want = want || b.Open(at) != b.Open(at.Add(-time.Hour))
		}
		if got := p.Turns(after, now); got != want {
			t.Fatalf("%+v from %s to %s: %v", b, after, now, got)
		}
	})
}

func TestAPlanWithoutABrownOutNeverTurns(t *testing.T) {
	t.Parallel()
	shadow := brownOuts(terms.BrownOut{At: time.Hour, For: time.Hour})
	shadow.Stages[3].Shadow = true
	for name, p := range map[string]terms.Plan{"none": plan(), "one in shadow": shadow} {
		if p.Turns(announce, announce.Add(40*day)) {
			t.Errorf("%s: it turns", name)
		}
	}
}

func TestABrownOutTakesOnlyDuringItsHours(t *testing.T) {
	t.Parallel()
	p := brownOuts(terms.BrownOut{At: 23 * time.Hour, For: 2 * time.Hour})
	e := at(3, terms.Pending)
	leap := time.Date(2024, 2, 28, 0, 0, 0, 0, time.UTC)
	for now, open := range map[time.Time]bool{
		leap.Add(23*time.Hour - time.Microsecond): false,
		leap.Add(23 * time.Hour):                  true,
		leap.Add(day):                             true, // 29 February
		leap.Add(day + time.Hour):                 false,
		leap.Add(2*day - time.Hour):               true,
		leap.Add(2 * day):                         true, // 1 March
		leap.Add(2*day + time.Hour):               false,
	} {
		s := standing(p, e, nil, now)
		if s.Positions[0].Window != open || value(t, s, "messages.send").Value.Bool() == open {
			t.Errorf("at %s: %+v", now, s.Positions[0])
		}
	}
	later := e
	later.Stage, later.Entered = 4, deadline.Add(63*day)
	if s := standing(p, later, nil, leap.Add(12*time.Hour)); value(t, s, "calls.answer").Value.Bool() || !value(t, s, "messages.send").Value.Bool() {
		t.Error("the stage after the brown-out takes its own for good, and no more")
	}
}

// TestWhatABrownOutTookIsNotGivenBackByALaterStageMeanwhile is about a typed
// capability that a later stage lowers less.
func TestWhatABrownOutTookIsNotGivenBackByALaterStageMeanwhile(t *testing.T) {
	t.Parallel()
	p := brownOuts(terms.BrownOut{At: 2 * time.Hour, For: time.Hour})
	p.Stages[3].Set = []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(2)}}
	p.Stages[4].Off, p.Stages[4].Set = nil, []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(50)}}
	if err := p.Validate(catalogue()); err != nil {
		t.Fatal(err)
	}
	noon := deadline.Add(100*day + 12*time.Hour)
	for now, want := range map[time.Time]int64{noon: 50, noon.Add(14 * time.Hour): 2} {
		if got := value(t, standing(p, at(4, terms.Pending), nil, now), "groups.size"); got.Value.Int() != want {
			t.Errorf("at %s: %+v", now, got)
		}
	}
}

func TestAStageInShadowIsEnteredAndTakesNothing(t *testing.T) {
	t.Parallel()
	p := plan()
	p.Stages = slices.Clone(p.Stages)
	p.Stages[3].Shadow = true
	e := walk(p, enrolled(p, "BR"), announce, deadline.Add(50*day))
	s := standing(p, e, nil, deadline.Add(50*day))
	if pos := s.Positions[0]; pos.Stage != "limited" || !pos.Shadow || len(restricted(s)) > 0 {
		t.Fatalf("%+v without %v", pos, restricted(s))
	}
	unseen := enrolled(p, "BR")
	for now := announce; now.Before(deadline.Add(200 * day)); now = now.Add(day) {
		unseen = unseen.Apply(p, terms.Step(p, unseen, nil, now), now)
	}
	if unseen.Stage != 2 {
		t.Fatalf("whom no notice reached is at stage %d of a ladder that is only tried", unseen.Stage)
	}
}
