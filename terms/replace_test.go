package terms_test

import (
	"slices"
	"testing"
	"time"

	"assent/terms"
)

func TestAReplacementTakesNothingFromPeopleOnTheLadder(t *testing.T) {
	t.Parallel()
	short := time.Hour
	for path, change := range map[string]func(*terms.Plan){
		"":                        func(p *terms.Plan) { p.Deadline = p.Deadline.Add(60 * day); p.Title = terms.Texts{"en": "Later"} },
		"notice_period":           func(p *terms.Plan) { p.NoticePeriod -= day },
		"grants":                  func(p *terms.Plan) { p.Grants = append(p.Grants, "business.chat") },
		"stages[1].off":           func(p *terms.Plan) { p.Stages[1].Off = []string{"calls.answer"}; p.Stages[4].Off = p.Stages[4].Off[1:] },
		"stages[3].dwell":         func(p *terms.Plan) { p.Stages[3].Dwell = &short },
		"stages[2].final_warning": func(p *terms.Plan) { p.Stages[2].FinalWarning = 0 },
		"deadline":                func(p *terms.Plan) { p.Deadline = p.Deadline.Add(-day) },
		"regions":                 func(p *terms.Plan) { p.Regions = p.Regions[1:] },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			next := plan()
			change(&next)
			faults := terms.Harsher(plan(), next, catalogue())
			switch {
			case path == "" && len(faults) > 0:
				t.Fatalf("a gentler plan is refused: %v", faults)
			case path != "" && (len(faults) == 0 || faults[0].Path != path):
				t.Fatalf("faults %v, want one at %s", faults, path)
			}
		})
	}
}

func TestTakingLessIsGentler(t *testing.T) {
	t.Parallel()
	next := plan()
	next.Stages[3].Off = next.Stages[3].Off[1:]
	next.Stages[4].Set, next.Stages[4].Off = nil, []string{"calls.answer"}
	next.Regions[0].LastStage = "announced"
	if faults := terms.Harsher(plan(), next, catalogue()); len(faults) > 0 {
		t.Fatal(faults)
	}
}

func TestANewStageThatTakesMoreOrSoonerIsHarsher(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		stage  terms.Stage
		region string // where eea-uk then ends
		want   []string
	}{
		"one that takes nothing":     {terms.Stage{Key: "end", After: 90 * day}, "persistent", nil},
		"one that takes more":        {terms.Stage{Key: "end", After: 90 * day, Off: []string{"media.quality"}}, "persistent", []string{"stages[5].off"}},
		"one that is only tried":     {terms.Stage{Key: "end", After: 90 * day, Shadow: true, Off: []string{"media.quality"}}, "persistent", nil},
		"one for some hours":         {terms.Stage{Key: "end", After: 90 * day, BrownOut: &terms.BrownOut{For: time.Hour}, Off: []string{"media.quality"}}, "persistent", []string{"stages[5].off"}},
		"one that takes sooner":      {terms.Stage{Key: "early", After: 34 * day, Spread: 14 * day, Off: []string{"chats.list"}}, "persistent", []string{"stages[3].off"}},
		"one over a shorter time":    {terms.Stage{Key: "early", After: 35 * day, Off: []string{"chats.list"}}, "persistent", []string{"stages[3].off"}},
		"one that takes as before":   {terms.Stage{Key: "early", After: 35 * day, Spread: 14 * day, Off: []string{"chats.list"}}, "persistent", nil},
		"one where nothing was lost": {terms.Stage{Key: "early", After: 35 * day, Spread: 14 * day, Off: []string{"chats.list"}}, "early", []string{"stages[3].off", "stages[3].off"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, next := plan(), plan()
			old.Regions[0].LastStage = "persistent"
			at := len(next.Stages)
			if one.stage.Key == "early" {
				at, next.Stages[3].Off = 3, next.Stages[3].Off[1:]
				next.Stages[2].Dwell = &[]time.Duration{7 * day}[0]
			}
			next.Stages = slices.Insert(next.Stages, at, one.stage)
			next.Regions[0].LastStage = one.region
			var got []string
			for _, f := range terms.Harsher(old, next, catalogue()) {
				got = append(got, f.Path)
			}
			if !slices.Equal(got, one.want) {
				t.Errorf("faults at %v, want %v", got, one.want)
			}
		})
	}
}

func TestOtherHoursOfABrownOutAreHarsher(t *testing.T) {
	t.Parallel()
	with := func(at, length time.Duration) terms.Plan {
		p := plan()
		p.Stages[3].BrownOut = &terms.BrownOut{At: at, For: length}
		return p
	}
	old := with(23*time.Hour, 4*time.Hour)
	for _, gentle := range []terms.Plan{old, with(23*time.Hour, time.Hour), with(time.Hour, 2*time.Hour)} {
		if faults := terms.Harsher(old, gentle, catalogue()); len(faults) > 0 {
			t.Error(faults)
		}
	}
	for _, harsh := range []terms.Plan{with(23*time.Hour, 5*time.Hour), with(2*time.Hour, 2*time.Hour), with(22*time.Hour, time.Hour)} {
		if faults := terms.Harsher(old, harsh, catalogue()); len(faults) != 1 || faults[0].Path != "stages[3].brown_out" {
			t.Error(faults)
		}
	}
}
