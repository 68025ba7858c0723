package terms_test

import (
	"errors"
	"slices"
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
