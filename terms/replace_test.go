package terms_test

import (
	"errors"
	"slices"
	"strings"
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

func TestASuccessorHasAPlaceForEverybodyInTheOrderOfTheLadder(t *testing.T) {
	t.Parallel()
	mapped := func(m ...terms.StageMapping) func(*terms.Plan) {
		return func(p *terms.Plan) {
			p.Stages = slices.Delete(slices.Clone(p.Stages), 1, 3)
			p.Mapping = m
		}
	}
	for path, change := range map[string]func(*terms.Plan){
		"":                   mapped(terms.StageMapping{From: "reminded", To: "announced"}, terms.StageMapping{From: "persistent", To: "announced"}),
		"mapping.persistent": mapped(terms.StageMapping{From: "reminded", To: "announced"}),
		"mapping.limited":    mapped(terms.StageMapping{From: "reminded", To: "announced"}, terms.StageMapping{From: "persistent", To: "suspended_delivery"}),
		"regions":            func(p *terms.Plan) { p.Regions = p.Regions[:1] },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			next := plan()
			change(&next)
			err := terms.Replaces(plan(), next, nil, nil)
			var faults terms.Faults
			if path == "" && err == nil {
				return
			}
			if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Path != path {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestWhatWasVoidCountsOnlyAfterAWordAboutWhatWasRecorded(t *testing.T) {
	t.Parallel()
	next := plan()
	next.Regions = slices.Clone(next.Regions)
	for _, recorded := range []terms.Recorded{"", terms.Effective, terms.AskAgain} {
		next.Regions[1] = terms.Region{Key: "turkey", Countries: []string{"TR"}, Recorded: recorded}
		if err := terms.Replaces(plan(), next, nil, nil); (err == nil) != (recorded != "") {
			t.Errorf("recorded %q: %v", recorded, err)
		}
	}
}

func TestASuccessorKeepsTheRegionsOfHoldsAndReversals(t *testing.T) {
	t.Parallel()
	next := plan()
	next.Regions = slices.Clone(next.Regions)
	next.Regions[0].Key = "europe"
	hold := func(region string) []terms.Hold { return []terms.Hold{{ID: "h1", Scope: terms.Scope{Region: region}}} }
	undone := []terms.Reversal{{ID: "r1", Region: "eea-uk", Undone: deadline}}
	for name, tc := range map[string]struct {
		holds     []terms.Hold
		reversals []terms.Reversal
		faults    int
	}{
		"none":                  {nil, undone, 0},
		"a hold for the region": {hold("eea-uk"), nil, 2},
		"a hold for a country":  {hold("DE"), nil, 0},
		"a hold for another":    {hold("turkey"), nil, 0},
		"a hold for everybody":  {hold(""), nil, 0},
		"a reversal of it":      {nil, []terms.Reversal{{ID: "r1", Region: "eea-uk"}}, 2},
		"a reversal for all":    {nil, []terms.Reversal{{ID: "r1"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults terms.Faults
			_ = errors.As(terms.Replaces(plan(), next, tc.holds, tc.reversals), &faults)
			if len(faults) != tc.faults {
				t.Fatalf("%v", faults)
			}
		})
	}
}

func TestADiffSaysWherePeopleAtAStageThatIsTakenOutBelong(t *testing.T) {
	t.Parallel()
	next := plan()
	next.Stages = slices.Delete(slices.Clone(next.Stages), 1, 2)
	next.Mapping = []terms.StageMapping{{From: "reminded", To: "announced"}}
	says := func(text string) bool {
		return slices.ContainsFunc(terms.Diff(plan(), next), func(d terms.Difference) bool { return strings.Contains(d.String(), text) })
	}
	if !says("People at it belong to stage announced.") {
		t.Errorf("%v", terms.Diff(plan(), next))
	}
	next = plan()
	next.Stages = slices.Clone(next.Stages)
	next.Stages[0].Key = "told"
	next.Mapping = []terms.StageMapping{{From: "announced", To: "told"}}
	if says("stage told is new") || says("stage announced, ") {
		t.Errorf("a first stage that is only renamed: %v", terms.Diff(plan(), next))
	}
}
