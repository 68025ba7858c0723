package planfile_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/planfile"
	"assent/terms"
)

const day = 24 * time.Hour

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, data []byte, profiles ...planfile.Profile) terms.Plan {
	t.Helper()
	plan, err := planfile.Parse(data, profiles)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestAPlanFileSaysEverythingAPlanHolds(t *testing.T) {
	t.Parallel()
	p := parse(t, read(t, "full.yaml"))
	dwell := 7*day + 12*time.Hour
	if p.Campaign != "new-terms-2021" || p.Title["fr"] != "Nos conditions changent" || p.Number != 0 {
		t.Errorf("head: %+v", p)
	}
	if want := (terms.DocumentRef{Document: "terms-of-service", Version: "2021-01-04"}); p.Documents[0] != want {
		t.Errorf("document: %+v", p.Documents[0])
	}
	if !p.Deadline.Equal(time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)) || p.Deadline.Location() != time.UTC {
		t.Errorf("deadline: %v", p.Deadline)
	}
	if p.NoticePeriod != 30*day || p.Snooze != (terms.Snooze{For: 7 * day, Max: 8}) || !p.Audience.Includes(terms.Business) {
		t.Errorf("periods: %v %v %v", p.NoticePeriod, p.Snooze, p.Audience)
	}
	if p.Extensions != (terms.Extensions{Max: 2, Longest: 60 * day}) || len(p.Audience.Bound) != 2 || p.Audience.Bound[0] != terms.Bot {
		t.Errorf("extensions and bound: %v %v", p.Extensions, p.Audience)
	}
	if want := []terms.StageMapping{{From: "walled", To: "limited"}, {From: "asked", To: "announced"}}; !slices.Equal(p.Mapping, want) {
		t.Errorf("mapping: %+v", p.Mapping)
	}
	if !p.Stages[1].Shadow || *p.Stages[2].BrownOut != (terms.BrownOut{At: 14 * time.Hour, For: 2 * time.Hour}) {
		t.Errorf("stages that try: %+v", p.Stages[1:3])
	}
	if s := p.Stages[3]; s.After != 35*day || *s.Dwell != dwell || s.Spread != 90*time.Minute || s.FinalWarning != day || s.Off[1] != "messages.send" {
		t.Errorf("stage: %+v", s)
	}
	if got := p.Stages[3].Set; len(got) != 3 || got[0].Value != terms.IntValue(10) || got[1].Value != terms.TextValue("low") || got[2].Value != terms.BoolValue(false) {
		t.Errorf("set: %+v", got)
	}
	if s := p.Stages[0]; !s.FromAnnounce || s.Dwell != nil || s.Reminder != (terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}) {
		t.Errorf("first stage: %+v", s)
	}
	r := p.Regions[0]
	if r.Key != "turkey" || r.Countries[0] != "TR" || r.Effect != terms.Void || r.LastStage != "announced" || r.Message["en"] == "" || !r.Reminder.AskOnce {
		t.Errorf("region: %+v", r)
	}
	if *p.Regions[1].Reminder != (terms.Reminder{}) || *p.Regions[2].Reminder != (terms.Reminder{}) || r.Reminder == nil {
		t.Errorf("no reminder: %+v", p.Regions)
	}
	if r := p.Regions[2]; r.Recorded != terms.AskAgain || r.Documents[0].Version != "2021-02-01" {
		t.Errorf("region: %+v", r)
	}
}

func TestJSONAndYAMLOfTheSamePlanAreTheSamePlan(t *testing.T) {
	t.Parallel()
	a, b := format(t, parse(t, read(t, "full.yaml"))), format(t, parse(t, read(t, "full.json")))
	if a != b {
		t.Errorf("YAML:\n%s\nJSON:\n%s", a, b)
	}
}

func TestTheCanonicalFormIsStable(t *testing.T) {
	t.Parallel()
	if got := format(t, parse(t, read(t, "full.yaml"))); got != string(read(t, "full.golden.yaml")) {
		t.Errorf("got:\n%s", got)
	}
}

func format(t *testing.T, p terms.Plan) string {
	t.Helper()
	out, err := planfile.Format(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEveryFaultIsReportedAtOnceWithItsPlace(t *testing.T) {
	t.Parallel()
	_, err := planfile.Parse(read(t, "broken.yaml"), nil)
	var faults terms.Faults
	if !errors.As(err, &faults) || !errors.Is(err, terms.Invalid) {
		t.Fatalf("not faults: %v", err)
	}
	if want := strings.TrimSpace(string(read(t, "broken.golden.txt"))); err.Error() != want {
		t.Errorf("got:\n%s", err)
	}
}

func TestAFileThatIsNotOneDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"empty":           {"", "file: is empty"},
		"only a comment":  {"# nothing\n", "file: is empty"},
		"a list":          {"- a\n", "file: must be keys with values, not a list"},
		"a word":          {"hello", `file: must be keys with values, not "hello"`},
		"two documents":   {"campaign: a\n---\ncampaign: b\n", "file: holds a second document: a plan file has one"},
		"broken end":      {"campaign: a\n---\n\t[", "cannot be read: "},
		"bad syntax":      {"campaign: [a\ndeadline: x", "cannot be read: "},
		"not UTF-8":       {"campaign: \xff\xfe", "file: is not UTF-8 text"},
		"too long":        {"campaign: a #" + strings.Repeat("x", planfile.MaxSize), "file: is longer than 64 KiB"},
		"alias":           {"campaign: &a b\nannounce_at: *a\n", "announce_at: must be an instant such as 2021-05-15T00:00:00Z, not an alias: write the value out"},
		"merge key":       {"snooze: {<<: {max: 1}}\n", "a key must be text"},
		"JSON key twice":  {`{"campaign": "a", "campaign": "b"}`, "campaign: stands twice"},
		"JSON then more":  {`{"campaign": "a"} {}`, "cannot be read: "},
		"JSON big number": {`{"snooze": {"max": 1e400}}`, "snooze.max: must be a whole number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := planfile.Parse([]byte(test.file), nil)
			if !errors.Is(err, terms.Invalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestJSONKeepsCharactersBeyondTheBasicPlane(t *testing.T) {
	t.Parallel()
	if p := parse(t, []byte("{\t\"title\": {\"en\": \"\\ud83d\\ude00 \\/\"}}")); p.Title["en"] != "\U0001F600 /" {
		t.Errorf("got %q", p.Title["en"])
	}
}

func TestAProfileStandsForItsStages(t *testing.T) {
	t.Parallel()
	dwell := day
	ladder := planfile.Profile{Key: "short", Stages: []terms.Stage{{Key: "announced", FromAnnounce: true, Dwell: &dwell, Off: []string{"a"}, BrownOut: &terms.BrownOut{At: day / 2}}}}
	p := parse(t, []byte("campaign: c\nprofile: short\n"), ladder)
	if len(p.Stages) != 1 || p.Stages[0].Key != "announced" {
		t.Fatalf("stages: %+v", p.Stages)
	}
	*p.Stages[0].Dwell, p.Stages[0].Off[0], p.Stages[0].BrownOut.At = 0, "b", 0
	if dwell != day || ladder.Stages[0].Off[0] != "a" || ladder.Stages[0].BrownOut.At != day/2 {
		t.Error("a plan changed the profile it came from")
	}
	for file, want := range map[string]string{
		"profile: tall":                         `profile: "tall" is not a profile; there are short`,
		"profile: short\nstages: [{key: a}]":    "profile: stands beside stages: give one of them",
		"profile: [short]":                      "profile: must be text, not a list",
		"stages: [{key: a}]\nprofile: \"tall\"": "profile: stands beside stages: give one of them",
	} {
		if _, err := planfile.Parse([]byte(file), []planfile.Profile{ladder}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %q", file, err, want)
		}
	}
}

func TestAFileThatSaysNothingOfExtensionsAllowsSome(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]terms.Extensions{
		"campaign: c":                          terms.DefaultExtensions(),
		"extensions: {max: 0}":                 {},
		"extensions: {}":                       {},
		"extensions: {max: 3, longest: 90d}":   terms.DefaultExtensions(),
		"extensions: {max: 1, longest: 30d}\n": {Max: 1, Longest: 30 * day},
		"extensions: {max: 1}":                 {Max: 1},
	} {
		p := parse(t, []byte(file))
		if p.Extensions != want || parse(t, []byte(format(t, p))).Extensions != want {
			t.Errorf("%q: %+v, written as %q", file, p.Extensions, format(t, p))
		}
	}
}

func TestLoadReportsShapeAndMeaningTogetherButNotTheSamePlaceTwice(t *testing.T) {
	t.Parallel()
	file := `
campaign: c
title: {en: T}
documents: [{document: d, version: v}]
announce_at: 2021-01-06T00:00:00Z
deadline: tomorrow
notice_period: 30d
audience: {account_types: [personal, ghost]}
stages: [{key: announced, from: announce}, {key: limited, off: [teleport]}]
`
	_, err := planfile.Load([]byte(file), nil, nil)
	got := err.Error()
	for _, want := range []string{"deadline: must be an instant", "audience.account_types[1]:", `stages[1].off[0]: "teleport"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if n := strings.Count("\n"+got, "\ndeadline:"); n != 1 {
		t.Errorf("deadline is reported %d times:\n%s", n, got)
	}
	if _, err := planfile.Load([]byte("[]"), nil, nil); err == nil || err.Error() != "file: must be keys with values, not a list" {
		t.Errorf("unreadable: %v", err)
	}
}

func TestLoadReturnsAPlanThatHasNoFaults(t *testing.T) {
	t.Parallel()
	file := strings.ReplaceAll(string(read(t, "broken.yaml")), "\x00", "")
	if _, err := planfile.Load([]byte(file), nil, nil); err == nil {
		t.Fatal("a broken file loaded")
	}
	good := `
campaign: c
title: {en: T}
documents: [{document: d, version: v}]
announce_at: 2021-01-06T00:00:00Z
deadline: 2021-05-15T00:00:00Z
notice_period: 30d
audience: {account_types: [personal]}
stages: [{key: announced, from: announce}]
`
	if p, err := planfile.Load([]byte(good), nil, nil); err != nil || p.Campaign != "c" {
		t.Errorf("got %+v, %v", p, err)
	}
}
