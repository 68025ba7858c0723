package terms_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// TestMain tries each property 10,000 times where neither -rapid.checks nor
// RAPID_CHECKS says how often.
func TestMain(m *testing.M) {
	flag.Parse()
	_, said := os.LookupEnv("RAPID_CHECKS")
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	if !said {
		_ = flag.Set("rapid.checks", "10000")
	}
	os.Exit(m.Run())
}

func oneOf[T any](t *rapid.T, label string, of ...T) T {
	return of[rapid.IntRange(0, len(of)-1).Draw(t, label)]
}

// sometimes is true once in n times.
func sometimes(t *rapid.T, label string, n int) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}

func days(t *rapid.T, label string, low, high int) time.Duration {
	return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * day
}

func hours(t *rapid.T, label string, low, high int) time.Duration {
	return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * time.Hour
}

// drawPlan is any plan that Validate lets through, for the countries of
// drawCountry.
func drawPlan(t *rapid.T) terms.Plan {
	p := plan()
	p.NoticePeriod = days(t, "notice", 1, 60)
	p.Deadline = p.AnnounceAt.Add(p.NoticePeriod + days(t, "slack", 0, 100))
	if sometimes(t, "no grants", 3) {
		p.Grants = nil
	}
	p.Stages = drawStages(t, p.Deadline.Sub(p.AnnounceAt))
	p.Regions = drawRegions(t, p)
	return p
}

// drawStages is a ladder of some of six stages, each of which may take some of
// what the ones before have left.
func drawStages(t *rapid.T, notice time.Duration) []terms.Stage {
	left := map[string]int{} // how many values each capability has gone down
	window := &terms.BrownOut{At: hours(t, "window", 0, 23), For: hours(t, "window for", 1, 23)}
	out := []terms.Stage{{Key: "s0", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner}}}
	after, announced := time.Duration(0), true
	for i := 1; i <= 5; i++ {
		if sometimes(t, "left out", 5) {
			continue
		}
		s := terms.Stage{Key: fmt.Sprintf("s%d", i)}
		gap := days(t, "gap", 0, 30)
		if announced = announced && sometimes(t, "from announce", 4) && after+gap <= notice; announced {
			s.FromAnnounce = true
		} else if out[len(out)-1].FromAnnounce {
			after = 0
		}
		after += gap
		s.After = after
		drawTimes(t, &s)
		if !announced {
			drawTaken(t, &s, left, window)
		}
		out = append(out, s)
	}
	return out
}

func drawTimes(t *rapid.T, s *terms.Stage) {
	switch rapid.IntRange(0, 3).Draw(t, "times") {
	case 0:
	case 1:
		s.FinalWarning = hours(t, "warning", 0, 72)
	default:
		s.Spread, s.FinalWarning = days(t, "spread", 0, 20), hours(t, "warning", 0, 72)
		dwell := days(t, "dwell", 0, 20)
		s.Dwell = &dwell
	}
	if sometimes(t, "full screen", 3) {
		s.Reminder = terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}
	}
}

// drawTaken lets a stage take up to two capabilities, for good, for a part of
// the day, or only in shadow.
func drawTaken(t *rapid.T, s *terms.Stage, left map[string]int, window *terms.BrownOut) {
	trial := rapid.IntRange(0, 5).Draw(t, "trial") // 0: shadow, 1: brown-out
	seen := ""
	for range rapid.IntRange(0, 2).Draw(t, "takes") {
		c := oneOf(t, "capability", catalogue()[:6]...)
		lower := left[c.Key] + 1
		if c.Key == seen || lower > 2 || c.Kind == terms.Boolean && lower > 1 {
			continue
		}
		seen = c.Key
		switch {
		case c.Kind == terms.Boolean || lower == 2:
			s.Off = append(s.Off, c.Key)
		case c.Kind == terms.Integer:
			s.Set = append(s.Set, terms.SetValue{Capability: c.Key, Value: terms.IntValue(8)})
		default:
			s.Set = append(s.Set, terms.SetValue{Capability: c.Key, Value: terms.TextValue("reduced")})
		}
		if trial > 1 {
			left[c.Key] = lower
		}
	}
	if s.Restricts() && trial == 0 {
		s.Shadow = true
	} else if s.Restricts() && trial == 1 {
		s.BrownOut = window
	}
}

func drawRegions(t *rapid.T, p terms.Plan) []terms.Region {
	var out []terms.Region
	for _, r := range []terms.Region{{Key: "eea-uk", Countries: []string{"DE", "GB"}}, {Key: "turkey", Countries: []string{"TR"}}, {Key: "brazil", Countries: []string{"BR"}}} {
		if rapid.Bool().Draw(t, "no region") {
			continue
		}
		switch rapid.IntRange(0, 5).Draw(t, "region") {
		case 0:
			r.Deadline = p.Deadline.Add(days(t, "later", 0, 60))
		case 1:
			r.AnnounceAt = p.AnnounceAt.Add(days(t, "announced later", 1, 20))
			r.Deadline = p.Deadline.Add(r.AnnounceAt.Sub(p.AnnounceAt) + days(t, "later", 0, 60))
		case 2:
			r.Effect = terms.Void
		case 3:
			r.Documents, r.Recorded = []terms.DocumentRef{{Document: "terms-of-service", Version: "eea"}}, oneOf(t, "recorded", terms.Effective, terms.AskAgain)
		case 4:
			r.Reminder = &terms.Reminder{AskOnce: rapid.Bool().Draw(t, "ask once")}
		}
		if rapid.Bool().Draw(t, "ends early") {
			r.LastStage = p.Stages[rapid.IntRange(0, len(p.Stages)-1).Draw(t, "last")].Key
		}
		out = append(out, r)
	}
	return out
}

// drawNext is any plan that may replace others: a stage is renamed, and the
// stages of the others are mapped in the order of the ladder, which is that of
// the first two letters of their keys.
func drawNext(t *rapid.T, number int, olds ...terms.Plan) terms.Plan {
	p := drawPlan(t)
	p.Number = number
	if rapid.Bool().Draw(t, "renamed") {
		i := rapid.IntRange(0, len(p.Stages)-1).Draw(t, "renamed stage")
		old, key := p.Stages[i].Key, fmt.Sprintf("%s-%d", p.Stages[i].Key[:2], number)
		p.Stages[i].Key = key
		for j := range p.Regions {
			if p.Regions[j].LastStage == old {
				p.Regions[j].LastStage = key
			}
		}
	}
	above := rapid.Bool().Draw(t, "mapped to the stage above")
	for _, old := range olds {
		for _, s := range old.Stages {
			known := slices.ContainsFunc(p.Mapping, func(m terms.StageMapping) bool { return m.From == s.Key })
			if p.StageIndex(s.Key) >= 0 || known {
				continue
			}
			to := slices.IndexFunc(p.Stages, func(n terms.Stage) bool { return n.Key[:2] >= s.Key[:2] })
			switch {
			case to < 0:
				to = len(p.Stages) - 1
			case !above && p.Stages[to].Key[:2] > s.Key[:2]:
				to--
			}
			p.Mapping = append(p.Mapping, terms.StageMapping{From: s.Key, To: p.Stages[to].Key})
		}
	}
	return p
}

func drawCountry(t *rapid.T) string { return oneOf(t, "country", "IN", "BR", "DE", "TR") }

func drawAttributes(t *rapid.T) terms.Attributes {
	return oneOf[terms.Attributes](t, "attributes", "", "app=kaios", "age=12\napp=kaios")
}

// drawHold is any hold that begins at an instant or some time after it.
func drawHold(t *rapid.T, id string, starts time.Time) terms.Hold {
	h := terms.Hold{
		ID: id, Campaign: "new-terms-2021",
		Clock:  oneOf(t, "clock", terms.ClockStop, terms.ClockContinue, terms.ClockRestart),
		Effect: oneOf(t, "effect", terms.Freeze, terms.Lift),
		Starts: starts.Add(hours(t, "starts", 0, 200)), Reminders: rapid.Bool().Draw(t, "reminders"),
	}
	switch rapid.IntRange(0, 4).Draw(t, "scope") {
	case 0:
		h.Scope.Region = oneOf(t, "scope region", "BR", "eea-uk", "US")
	case 1:
		h.Scope.Attributes = oneOf[terms.Attributes](t, "cohort", "app=kaios", "age=12")
	case 2:
		h.Scope.Person = oneOf(t, "scope person", "ana", "somebody else")
	}
	if rapid.Bool().Draw(t, "ends") {
		h.Ends = h.Starts.Add(hours(t, "lasts", 1, 2000))
	}
	if sometimes(t, "spread of the hold", 3) {
		h.Spread = days(t, "hold spread", 1, 14)
	}
	return h
}

// drawHolds are up to three holds, overlapping or not.
func drawHolds(t *rapid.T) []terms.Hold {
	var out []terms.Hold
	for i := range rapid.IntRange(0, 3).Draw(t, "holds") {
		out = append(out, drawHold(t, fmt.Sprintf("h%d", i), announce.Add(days(t, "hold day", 0, 300))))
	}
	return out
}
