package terms_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/terms"
)

func TestThePlanOf2021IsValid(t *testing.T) {
	t.Parallel()
	if err := plan().Validate(catalogue()); err != nil {
		t.Fatal(err)
	}
	if err := catalogue().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestEachFaultIsFoundWithItsPath(t *testing.T) {
	t.Parallel()
	negative := -time.Hour
	for path, spoil := range map[string]func(*terms.Plan){
		"campaign":                  func(p *terms.Plan) { p.Campaign = "New Terms" },
		"title":                     func(p *terms.Plan) { p.Title = nil },
		"documents":                 func(p *terms.Plan) { p.Documents = nil },
		"documents[1].document":     func(p *terms.Plan) { p.Documents = append(p.Documents, p.Documents[0]) },
		"announce_at":               func(p *terms.Plan) { p.AnnounceAt = time.Time{} },
		"deadline":                  func(p *terms.Plan) { p.Deadline = p.AnnounceAt.Add(29 * day) },
		"notice_period":             func(p *terms.Plan) { p.NoticePeriod = 0 },
		"audience.account_types":    func(p *terms.Plan) { p.Audience.AccountTypes = nil },
		"audience.account_types[0]": func(p *terms.Plan) { p.Audience.AccountTypes[0] = "robot" },
		"snooze.max":                func(p *terms.Plan) { p.Snooze.Max = -1 },
		"snooze.for":                func(p *terms.Plan) { p.Snooze.For = 0 },
		"grants[0]":                 func(p *terms.Plan) { p.Grants = []string{"messages.send"} },
		"grants[1]":                 func(p *terms.Plan) { p.Grants = append(p.Grants, p.Grants[0]) },
		"stages":                    func(p *terms.Plan) { p.Stages = nil; p.Regions = nil },
		"stages[0].from":            func(p *terms.Plan) { p.Stages[0].FromAnnounce = false },
		"stages[0].off":             func(p *terms.Plan) { p.Stages[0].Off = []string{"chats.list"}; p.Stages[3].Off = nil },
		"stages[1].key":             func(p *terms.Plan) { p.Stages[1].Key = "announced"; p.Regions = nil },
		"stages[2].after":           func(p *terms.Plan) { p.Stages[1].After = 33 * day; p.Stages[2].After = 32 * day },
		"stages[2].from":            func(p *terms.Plan) { p.Stages[2].FromAnnounce = true },
		"stages[2].reminder.mode":   func(p *terms.Plan) { p.Stages[2].Reminder.Mode = "shout" },
		"stages[2].final_warning":   func(p *terms.Plan) { p.Stages[2].FinalWarning = -1 },
		"stages[3].dwell":           func(p *terms.Plan) { p.Stages[3].Dwell = &negative },
		"stages[3].off[0]":          func(p *terms.Plan) { p.Stages[3].Off[0] = "terms.respond" },
		"stages[3].off[1]":          func(p *terms.Plan) { p.Stages[3].Off[1] = "telepathy" },
		"stages[4].off[0]":          func(p *terms.Plan) { p.Stages[4].Off[0] = "chats.list" },
		"stages[4].off[1]":          func(p *terms.Plan) { p.Stages[4].Off[1] = "business.data_sharing" },
		"stages[3].set.groups.size": func(p *terms.Plan) { p.Stages[3].Set[0].Value = terms.IntValue(300) },
		"stages[4].set.groups.size": func(p *terms.Plan) {
			p.Stages[4].Off = nil
			p.Stages[4].Set = []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(9)}}
		},
		"audience.bound[0]":        func(p *terms.Plan) { p.Audience.Bound = []terms.AccountType{"robot"} },
		"audience.bound[1]":        func(p *terms.Plan) { p.Audience.Bound = []terms.AccountType{terms.Bot, terms.Personal} },
		"extensions":               func(p *terms.Plan) { p.Extensions = terms.Extensions{Max: 1} },
		"documents[0]":             func(p *terms.Plan) { p.Documents = []terms.DocumentRef{{Document: "terms-of-service"}} },
		"stages[1].after":          func(p *terms.Plan) { p.Stages[1].After = -1 },
		"stages[3].spread":         func(p *terms.Plan) { p.Stages[3].Spread = -1 },
		"stages[1].reminder.every": func(p *terms.Plan) { p.Stages[1].Reminder.Every = -1 },
		"stages[1].off":            func(p *terms.Plan) { p.Stages[1].Shadow = true },
		"stages[3].brown_out":      func(p *terms.Plan) { p.Stages[3].Shadow, p.Stages[3].BrownOut = true, &terms.BrownOut{For: time.Hour} },
		"stages[3].brown_out.at":   func(p *terms.Plan) { p.Stages[3].BrownOut = &terms.BrownOut{At: day, For: time.Hour} },
		"stages[3].brown_out.for":  func(p *terms.Plan) { p.Stages[3].BrownOut = &terms.BrownOut{For: day} },
		"stages[4].brown_out": func(p *terms.Plan) {
			p.Stages[3].BrownOut, p.Stages[4].BrownOut = &terms.BrownOut{For: time.Hour}, &terms.BrownOut{For: 2 * time.Hour}
		},
		"mapping.announced": func(p *terms.Plan) { p.Mapping = []terms.StageMapping{{From: "announced", To: "reminded"}} },
		"mapping.gone":      func(p *terms.Plan) { p.Mapping = []terms.StageMapping{{From: "gone", To: "banished"}} },
		"mapping.twice": func(p *terms.Plan) {
			p.Mapping = []terms.StageMapping{{From: "twice", To: "limited"}, {From: "twice", To: "limited"}}
		},
		"regions[0].countries":    func(p *terms.Plan) { p.Regions[0].Countries = nil },
		"regions[0].documents[0]": func(p *terms.Plan) { p.Regions[0].Documents = []terms.DocumentRef{{Version: "1"}} },
		"regions[0].recorded":     func(p *terms.Plan) { p.Regions[0].Recorded = "maybe" },
		"regions[1].recorded":     func(p *terms.Plan) { p.Regions[1].Recorded = terms.AskAgain },
		"regions[0].key":          func(p *terms.Plan) { p.Regions[0].Key = "EEA" },
		"regions[1].key":          func(p *terms.Plan) { p.Regions[1].Key = "eea-uk" },
		"regions[0].countries[0]": func(p *terms.Plan) { p.Regions[0].Countries[0] = "Germany" },
		"regions[1].countries[0]": func(p *terms.Plan) { p.Regions[1].Countries[0] = "GB" },
		"regions[0].last_stage":   func(p *terms.Plan) { p.Regions[0].LastStage = "banished" },
		"regions[0].deadline":     func(p *terms.Plan) { p.Regions[0].Deadline = announce },
		"regions[1].effect":       func(p *terms.Plan) { p.Regions[1].Effect = "maybe" },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := plan()
			spoil(&p)
			err := p.Validate(catalogue())
			var faults terms.Faults
			if !errors.As(err, &faults) || !errors.Is(err, terms.Invalid) {
				t.Fatalf("got %v", err)
			}
			if len(faults) != 1 || faults[0].Path != path {
				t.Fatalf("faults %v, want one at %s", faults, path)
			}
		})
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	p := plan()
	p.Campaign, p.NoticePeriod, p.Stages[3].Off[0] = "", 0, "terms.respond"
	var faults terms.Faults
	if !errors.As(p.Validate(catalogue()), &faults) {
		t.Fatal("no faults")
	}
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	if !slices.Equal(paths, []string{"campaign", "notice_period", "stages[3].off[0]"}) {
		t.Fatalf("faults at %v", paths)
	}
}

func TestValuesComeBackFromJSON(t *testing.T) {
	t.Parallel()
	for _, v := range []terms.Value{terms.BoolValue(true), terms.BoolValue(false), terms.IntValue(-7), terms.TextValue("reduced"), {}} {
		data, err := v.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back terms.Value
		if err := back.UnmarshalJSON(data); err != nil || back != v {
			t.Errorf("%s came back as %v, %v", data, back, err)
		}
	}
	var v terms.Value
	if err := v.UnmarshalJSON([]byte("1.5")); err == nil {
		t.Error("1.5 is not an integer and was taken")
	}
}

func TestTextsFallBackToTheLanguageThenEnglish(t *testing.T) {
	t.Parallel()
	texts := terms.Texts{"en": "hello", "pt": "olá", "pt-BR": "oi"}
	for locale, want := range map[string]string{"pt-BR": "oi", "pt-PT": "olá", "fr": "hello", "": "hello"} {
		if got := texts.In(locale); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
	if got := (terms.Texts{"hi": "नमस्ते", "ar": "أهلا"}).In("fr"); got != "أهلا" {
		t.Errorf("without English: %q", got)
	}
}

func TestTheLongestAndShortestThatArePossibleAreValid(t *testing.T) {
	t.Parallel()
	p, none := plan(), time.Duration(0)
	p.Deadline = p.AnnounceAt.Add(p.NoticePeriod)
	p.Snooze, p.Extensions = terms.Snooze{}, terms.Extensions{Max: 1, Longest: time.Hour}
	p.Audience.Bound = []terms.AccountType{terms.Bot, terms.Service}
	p.Stages[1].FromAnnounce, p.Stages[1].After = true, p.NoticePeriod
	p.Stages[2].After, p.Stages[2].Dwell, p.Stages[2].FinalWarning = 0, &none, 0
	p.Stages[3].BrownOut = &terms.BrownOut{At: day - time.Minute, For: day - time.Minute}
	p.Stages[4].BrownOut, p.Stages[4].Off = p.Stages[3].BrownOut, p.Stages[3].Off
	p.Regions[0].Recorded, p.Regions[0].Deadline = terms.Effective, p.Deadline.Add(day)
	if err := p.Validate(catalogue()); err != nil {
		t.Fatal(err)
	}
}

func TestAStageFromTheAnnouncementComesBeforeTheDeadlineInEveryRegion(t *testing.T) {
	t.Parallel()
	p := plan()
	p.Stages[1].FromAnnounce, p.Stages[1].After = true, 100*day
	p.Regions[0].Deadline = announce.Add(60 * day)
	var faults terms.Faults
	if !errors.As(p.Validate(catalogue()), &faults) || len(faults) != 1 || faults[0].Path != "regions[0].deadline" {
		t.Fatalf("%v", faults)
	}
	p.Stages[1].After = 200 * day
	if !errors.As(p.Validate(catalogue()), &faults) || faults[0].Path != "deadline" {
		t.Fatalf("%v", faults)
	}
}

func TestEachFaultOfACatalogueIsFoundWithItsPath(t *testing.T) {
	t.Parallel()
	for path, spoil := range map[string]func(c terms.Catalogue){
		"capabilities[0].key":     func(c terms.Catalogue) { c[0].Key = "Chats" },
		"capabilities[1].key":     func(c terms.Catalogue) { c[1].Key = "chats.list" },
		"capabilities[6].grant":   func(c terms.Catalogue) { c[6].Grant = true },
		"capabilities[2].on_deny": func(c terms.Catalogue) { c[2].OnDeny = "shout" },
		"capabilities[3].values":  func(c terms.Catalogue) { c[3].Values = c[3].Values[:1] },
		"capabilities[4].values":  func(c terms.Catalogue) { c[4].Values = c[4].Values[:1] },
		"capabilities[1].context[0]": func(c terms.Catalogue) {
			c[1].Context = []terms.Condition{{Member: "targetingKey", Is: []string{"u1"}, Value: c[1].Off()}}
		},
		"capabilities[2].context[0]": func(c terms.Catalogue) {
			c[2].Context = []terms.Condition{{Member: "platform", Value: c[2].Off()}}
		},
		"capabilities[3].context[0]": func(c terms.Catalogue) {
			c[3].Context = []terms.Condition{{Member: "platform", Is: []string{"web"}, Value: terms.TextValue("no such value")}}
		},
		"capabilities[6].context[0]": func(c terms.Catalogue) {
			c[6].Context = []terms.Condition{{Member: "platform", Is: []string{"web"}, Value: c[6].Off()}}
		},
		"capabilities[5].values": func(c terms.Catalogue) { c[5].Values = []terms.Value{terms.TextValue("a"), terms.TextValue("é")} },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := catalogue()
			spoil(c)
			var faults terms.Faults
			if !errors.As(c.Validate(), &faults) || len(faults) != 1 || faults[0].Path != path {
				t.Fatalf("%v", faults)
			}
		})
	}
	mixed, unknown := catalogue(), catalogue()
	mixed[4].Values = []terms.Value{terms.IntValue(2), terms.TextValue("1")}
	unknown[0].Kind = "colour"
	for _, c := range []terms.Catalogue{mixed, unknown} {
		if err := c.Validate(); !errors.Is(err, terms.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAKeyIsWordsOfAtMost64Bytes(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "a.b-c_d9": true, "": false, "a..b": false, "é": false} {
		if terms.ValidKey(key) != want {
			t.Errorf("%q: %v", key, !want)
		}
	}
}

func TestValuesSayWhetherTheyAllowAnything(t *testing.T) {
	t.Parallel()
	for v, want := range map[terms.Value]bool{
		terms.BoolValue(true): true, terms.BoolValue(false): false, terms.IntValue(1): true, terms.IntValue(0): false,
		terms.IntValue(-1): false, terms.TextValue("x"): true, terms.TextValue(""): false,
	} {
		if v.Bool() != want {
			t.Errorf("%v: %v", v, !want)
		}
	}
	size, _ := catalogue().Find("groups.size")
	for value, want := range map[int64]bool{-1: false, 0: true, 256: true, 257: false} {
		if size.Accepts(terms.IntValue(value)) != want {
			t.Errorf("%d members: %v", value, !want)
		}
	}
	if size.Accepts(terms.TextValue("8")) || size.Stricter(terms.IntValue(8), terms.IntValue(8)) || !size.Stricter(terms.IntValue(7), terms.IntValue(8)) {
		t.Error("8 members")
	}
	var v terms.Value
	for _, text := range []string{`"`, `"a`, `{}`, `tru`} {
		if err := v.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s is %v", text, v)
		}
	}
}
