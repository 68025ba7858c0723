package terms_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// edited is the ladder of 2021 with an edit of every kind.
func edited() terms.Plan {
	p, week := plan(), 7*day
	p.Title = terms.Texts{"en": "New terms", "fr": "Nouvelles conditions"}
	p.Documents = []terms.DocumentRef{{Document: "terms-of-service", Version: "2021-05-01"}, {Document: "privacy-policy", Version: "2021-05-01"}}
	p.Deadline = deadline.Add(17*day + 9*time.Hour)
	p.NoticePeriod -= 10 * day
	p.Audience = terms.Audience{AccountTypes: []terms.AccountType{terms.Business, terms.Personal}, Bound: []terms.AccountType{terms.Bot}}
	p.Snooze = terms.Snooze{For: 36 * time.Hour}
	p.Extensions = terms.Extensions{Max: 1, Longest: 30 * day}
	p.Grants = append(p.Grants, "business.chat")
	p.Stages[2].After, p.Stages[2].Reminder = 14*day, terms.Reminder{Mode: terms.Banner, Every: day}
	p.Stages[3] = terms.Stage{Key: "restricted", After: 35 * day, Spread: week, FinalWarning: day, Off: []string{"chats.list", "calls.answer"},
		Set: []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(4)}, {Capability: "media.quality", Value: terms.TextValue("reduced")}}}
	p.Stages = slices.Insert(p.Stages, 3, terms.Stage{Key: "tried", After: 30 * day, BrownOut: &terms.BrownOut{At: 14 * time.Hour, For: 2 * time.Hour}, Off: []string{"chats.list"}})
	p.Stages[5].Off, p.Stages[5].Shadow = []string{"messages.receive", "groups.size"}, true
	p.Mapping = []terms.StageMapping{{From: "limited", To: "restricted"}, {From: "walled", To: "restricted"}}
	p.Regions = []terms.Region{
		{Key: "eea-uk", Countries: []string{"GB", "DE", "FR"}, Reminder: &terms.Reminder{}, LastStage: "restricted", AnnounceAt: announce.Add(day)},
		{Key: "brazil", Countries: []string{"BR"}, Deadline: deadline.Add(-day), Message: terms.Texts{"pt-BR": "Adiado"}},
	}
	return p
}

func TestALawyerCanReadWhatAnEditChanges(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, d := range terms.Diff(plan(), edited()) {
		mark := " "
		if d.Harsher {
			mark = "!"
		}
		fmt.Fprintf(&out, "%s %s\n      %s %s\n", mark, d, d.Kind, d.Path)
	}
	want, err := os.ReadFile("testdata/diff.golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got:\n%s", out.String())
	}
}

func TestADateThatMovesSaysByHowMuch(t *testing.T) {
	t.Parallel()
	old, next := plan(), plan()
	old.Deadline = time.Date(2021, 2, 8, 0, 0, 0, 0, time.UTC)
	got := terms.Diff(old, next)
	if len(got) != 1 || got[0].String() != "The deadline moves from 8 February 2021 to 15 May 2021, 96 days later." || got[0].Harsher {
		t.Fatalf("%v", got)
	}
	if got[0].Before != "8 February 2021, 00:00 UTC" || got[0].Path != "deadline" || got[0].Kind != terms.Changed {
		t.Errorf("%#v", got[0])
	}
	back := terms.Diff(next, old)
	if back[0].String() != "The deadline moves from 15 May 2021 to 8 February 2021, 96 days earlier." || !back[0].Harsher {
		t.Errorf("%#v", back)
	}
}

// Every change at one place, and whether it takes time or access.
func TestEachChangeIsToldAndJudgedAsStaffAreAsked(t *testing.T) {
	t.Parallel()
	week := 7 * day
	for name, change := range map[string]func(*terms.Plan){
		"title":             func(p *terms.Plan) { p.Title["de"] = "Neu" },
		"title changed":     func(p *terms.Plan) { p.Title["en"] = "" },
		"document":          func(p *terms.Plan) { p.Documents[0].Version = "2021-05-01" },
		"announcement":      func(p *terms.Plan) { p.AnnounceAt = p.AnnounceAt.Add(-time.Second) },
		"deadline":          func(p *terms.Plan) { p.Deadline = p.Deadline.Add(-time.Minute) },
		"deadline later":    func(p *terms.Plan) { p.Deadline = p.Deadline.Add(time.Second) },
		"notice":            func(p *terms.Plan) { p.NoticePeriod++ },
		"notice shorter":    func(p *terms.Plan) { p.NoticePeriod-- },
		"audience":          func(p *terms.Plan) { p.Audience.AccountTypes = p.Audience.AccountTypes[1:] },
		"audience order":    func(p *terms.Plan) { slices.Reverse(p.Audience.AccountTypes) },
		"bound":             func(p *terms.Plan) { p.Audience.Bound = []terms.AccountType{terms.Service} },
		"snooze":            func(p *terms.Plan) { p.Snooze.Max = 0 },
		"extensions":        func(p *terms.Plan) { p.Extensions.Longest = day },
		"grant":             func(p *terms.Plan) { p.Grants = append(p.Grants, "more") },
		"no grant":          func(p *terms.Plan) { p.Grants = nil },
		"from":              func(p *terms.Plan) { p.Stages[1].FromAnnounce = true },
		"after":             func(p *terms.Plan) { p.Stages[4].After -= day },
		"after later":       func(p *terms.Plan) { p.Stages[4].After += day },
		"later and shorter": func(p *terms.Plan) { p.Stages[1].After += day },
		"dwell":             func(p *terms.Plan) { p.Stages[2].Dwell = &week },
		"dwell shorter":     func(p *terms.Plan) { short := day; p.Stages[3].Dwell = &short },
		"no dwell":          func(p *terms.Plan) { p.Stages[3].Dwell = nil },
		"spread":            func(p *terms.Plan) { p.Stages[3].Spread = 0 },
		"warning":           func(p *terms.Plan) { p.Stages[2].FinalWarning /= 2 },
		"reminder":          func(p *terms.Plan) { p.Stages[0].Reminder.AskOnce = true },
		"shadow":            func(p *terms.Plan) { p.Stages[3].Shadow = true },
		"brown-out":         func(p *terms.Plan) { p.Stages[3].BrownOut = &terms.BrownOut{At: day / 2, For: time.Hour} },
		"off":               func(p *terms.Plan) { p.Stages[3].Off = append(p.Stages[3].Off, "calls.place") },
		"off earlier": func(p *terms.Plan) {
			p.Stages[3].Off = append(p.Stages[3].Off, "calls.answer")
			p.Stages[4].Off = p.Stages[4].Off[1:]
		},
		"off later": func(p *terms.Plan) {
			p.Stages[4].Off = append(p.Stages[4].Off, "chats.list")
			p.Stages[3].Off = p.Stages[3].Off[1:]
		},
		"off order":   func(p *terms.Plan) { slices.Reverse(p.Stages[3].Off) },
		"set":         func(p *terms.Plan) { p.Stages[3].Set[0].Value = terms.IntValue(4) },
		"set gentler": func(p *terms.Plan) { p.Stages[3].Set[0].Value = terms.IntValue(16) },
		"set text": func(p *terms.Plan) {
			p.Stages[4].Set = []terms.SetValue{{Capability: "media.quality", Value: terms.TextValue("none")}}
		},
		"stage renamed": func(p *terms.Plan) {
			p.Stages[3].Key = "less"
			p.Mapping = []terms.StageMapping{{From: "limited", To: "less"}}
		},
		"stage gone": func(p *terms.Plan) {
			p.Stages = p.Stages[:4]
			p.Mapping = []terms.StageMapping{{From: "suspended_delivery", To: "limited"}}
		},
		"stage new": func(p *terms.Plan) { p.Stages = append(p.Stages, terms.Stage{Key: "end", After: 90 * day}) },
		"stage taking more": func(p *terms.Plan) {
			p.Stages = append(p.Stages, terms.Stage{Key: "end", After: 90 * day, Off: []string{"calls.place"}})
		},
		"stage taking early": func(p *terms.Plan) {
			p.Stages[3].Off = p.Stages[3].Off[1:]
			p.Stages = slices.Insert(p.Stages, 3, terms.Stage{Key: "early", After: 30 * day, Spread: 14 * day, Off: []string{"chats.list"}})
		},
		"stage taking in steps": func(p *terms.Plan) {
			p.Stages[3].Off, p.Stages[3].Set = p.Stages[3].Off[1:], nil
			p.Stages = slices.Insert(p.Stages, 3, terms.Stage{Key: "first", After: 35 * day, Spread: 14 * day, Off: []string{"chats.list"}})
			p.Stages[4].After, p.Stages[5].After = 49*day, 77*day
			p.Stages[2].Dwell = &[]time.Duration{14 * day}[0]
		},
		"mapping": func(p *terms.Plan) { p.Mapping = []terms.StageMapping{{From: "walled", To: "limited"}} },
		"region":  func(p *terms.Plan) { p.Regions = p.Regions[:1] },
		"region new": func(p *terms.Plan) {
			p.Regions = append(p.Regions, terms.Region{Key: "br", Countries: []string{"BR"}, Deadline: announce})
		},
		"region order":       func(p *terms.Plan) { slices.Reverse(p.Regions) },
		"region countries":   func(p *terms.Plan) { p.Regions[0].Countries = []string{"DE", "GB", "FR"} },
		"region left":        func(p *terms.Plan) { p.Regions[0].Countries = []string{"DE"} },
		"region documents":   func(p *terms.Plan) { p.Regions[0].Documents = []terms.DocumentRef{{Document: "x", Version: "1"}} },
		"region as the rest": func(p *terms.Plan) { p.Regions[0].Documents = p.Documents },
		"region dates":       func(p *terms.Plan) { p.Regions[0].AnnounceAt = announce },
		"region deadline":    func(p *terms.Plan) { p.Regions[0].Deadline = deadline.Add(-day) },
		"region reminder":    func(p *terms.Plan) { p.Regions[0].Reminder = nil },
		"region no reminder": func(p *terms.Plan) { p.Regions[1].Reminder = &terms.Reminder{} },
		"region last":        func(p *terms.Plan) { p.Regions[0].LastStage = "limited" },
		"region last less":   func(p *terms.Plan) { p.Regions[0].LastStage = "announced" },
		"region effect":      func(p *terms.Plan) { p.Regions[1].Effect = terms.Full },
		"region void":        func(p *terms.Plan) { p.Regions[0].Effect = terms.Void },
		"region recorded":    func(p *terms.Plan) { p.Regions[0].Recorded = terms.AskAgain },
		"region message":     func(p *terms.Plan) { p.Regions[1].Message = terms.Texts{"tr": "Askıda"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := plan()
			change(&next)
			told(t, plan(), next)
			told(t, next, plan())
		})
	}
}

// told holds a diff against its own form and against Harsher.
func told(t interface {
	Helper()
	Errorf(string, ...any)
}, old, next terms.Plan) {
	t.Helper()
	differences := terms.Diff(old, next)
	if len(differences) == 0 {
		t.Errorf("nothing is told")
	}
	for _, d := range differences {
		if d.Path == "" || d.Before == d.After || (d.Before == "") != (d.Kind == terms.Added) || (d.After == "") != (d.Kind == terms.Removed) {
			t.Errorf("%#v", d)
		}
		if s := d.String(); !strings.HasSuffix(s, ".") || strings.Contains(s, "{") || strings.Contains(s, "  ") {
			t.Errorf("not a sentence: %q", s)
		}
	}
	harsher := slices.ContainsFunc(differences, func(d terms.Difference) bool { return d.Harsher })
	if faults := terms.Harsher(old, next, everything()); harsher != (len(faults) > 0) {
		t.Errorf("harsher is %v, and staff are asked about: %v\n%v", harsher, faults, differences)
	}
}

// everything is the catalogue with the capabilities that only an edit mentions.
func everything() terms.Catalogue {
	place := terms.Capability{Key: "calls.place", Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	return append(catalogue(), place)
}

func TestAPlanDoesNotDifferFromItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		if got := terms.Diff(p, p); len(got) > 0 {
			t.Fatal(got)
		}
		q := drawPlan(t)
		if got := terms.Diff(p, q); len(got) > 0 {
			told(t, p, q)
		}
	})
}
