package config_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"assent/planfile"
	"assent/terms"
)

func TestEveryCapabilityHasATitleInEveryLanguageWeShip(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range c.Catalogue {
		for _, locale := range []string{"en", "fr", "es", "pt-BR", "ar", "hi"} {
			if one.Title[locale] == "" {
				t.Errorf("%s has no title in %s: %v", one.Key, locale, one.Title)
			}
		}
	}
}

func TestTheExitRightsAndGrantsAreThePromisedOnes(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	var exits, grants []string
	for _, one := range c.Catalogue {
		if one.ExitRight {
			exits = append(exits, one.Key)
		}
		if one.Grant {
			grants = append(grants, one.Key)
		}
	}
	if want := []string{"terms.read", "terms.respond", "data.export", "account.report", "account.delete",
		"groups.leave", "contacts.block", "support.contact", "calls.emergency"}; !slices.Equal(exits, want) {
		t.Errorf("exit rights %v", exits)
	}
	if !slices.Equal(grants, []string{"business.data_sharing"}) {
		t.Errorf("grants %v", grants)
	}
}

func TestTypedCapabilitiesKeepTheirValuesInOrder(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
capabilities:
  - {key: messages.daily, kind: integer, values: [1000, 10, 0], on_deny: reject, title: {en: Messages a day}}
  - {key: media.quality, kind: string, values: [full, "low"], on_deny: reject, title: {EN: Quality}, context: [{member: appVersion, is: ["1", beta], value: low}]}
profiles:
  - key: slow
    stages:
      - {key: announced, from: announce}
      - {key: slow, dwell: 1d, set: {messages.daily: 10, media.quality: low}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := terms.Catalogue{
		{Key: "messages.daily", Kind: terms.Integer, OnDeny: terms.Reject, Title: terms.Texts{"en": "Messages a day"},
			Values: []terms.Value{terms.IntValue(1000), terms.IntValue(10), terms.IntValue(0)}},
		{Key: "media.quality", Kind: terms.String, OnDeny: terms.Reject, Title: terms.Texts{"en": "Quality"},
			Values:  []terms.Value{terms.TextValue("full"), terms.TextValue("low")},
			Context: []terms.Condition{{Member: "appVersion", Is: []string{"1", "beta"}, Value: terms.TextValue("low")}}},
	}
	if !reflect.DeepEqual(c.Catalogue, want) {
		t.Errorf("got %+v", c.Catalogue)
	}
	set := []terms.SetValue{{Capability: "media.quality", Value: terms.TextValue("low")}, {Capability: "messages.daily", Value: terms.IntValue(10)}}
	if got := c.Profiles[0].Stages[1]; !slices.Equal(got.Set, set) || *got.Dwell != 24*time.Hour {
		t.Errorf("got %+v", got)
	}
}

func TestALadderCanBeTriedBeforeItCounts(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
profiles:
  - key: tried
    stages:
      - {key: announced, from: announce}
      - {key: rehearsed, shadow: true, off: [chats.list]}
      - {key: tried, after: 7d, brown_out: {at: 14:00, for: 2h}, off: [chats.list]}
`)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Profiles[0].Stages; !s[1].Shadow || *s[2].BrownOut != (terms.BrownOut{At: 14 * time.Hour, For: 2 * time.Hour}) || s[1].BrownOut != nil {
		t.Errorf("got %+v", s)
	}
	_, err = load(t, `
profiles:
  - key: tried
    stages:
      - {key: announced, from: announce}
      - {key: a, brown_out: {for: 2h}, off: [chats.list]}
      - {key: b, brown_out: {at: "25:00", for: 2h}, off: [chats.list]}
      - {key: c, brown_out: 14:00, off: [calls.place]}
`)
	want := `profiles[0].stages[1].brown_out.at = "": must be a time of day in UTC such as "14:00"
profiles[0].stages[2].brown_out.at = "25:00": must be a time of day in UTC such as "14:00"
profiles[0].stages[3].brown_out = "14:00": must be a section with keys and values`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// A profile is written with the words of a plan file, so the reader of plan
// files must understand it the same way.
func TestProfilesAreReadAsPlanFilesAre(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Profiles []struct {
			Key    string
			Stages any
		}
	}
	if err := yaml.Unmarshal(defaults(t), &file); err != nil {
		t.Fatal(err)
	}
	for i, p := range file.Profiles {
		text, err := yaml.Marshal(map[string]any{"stages": p.Stages})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := planfile.Parse(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Profiles[i].Key != p.Key || !reflect.DeepEqual(c.Profiles[i].Stages, plan.Stages) {
			t.Errorf("%s: a plan file gives\n%+v\nthe settings give\n%+v", p.Key, plan.Stages, c.Profiles[i].Stages)
		}
	}
	if len(file.Profiles) != 6 || file.Profiles[0].Key != "whatsapp-2021-05" {
		t.Errorf("profiles %+v", file.Profiles)
	}
}
