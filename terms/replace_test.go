package terms_test

import (
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
