package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// campaign is a small plan, long after its deadline, so that a sweep of now has
// something to do.
const campaign = `campaign: c
title: {en: New terms}
documents: [{document: terms-of-service, version: "1"}]
announce_at: 2021-01-06T00:00:00Z
deadline: 2021-05-15T00:00:00Z
notice_period: 30d
audience: {account_types: [personal]}
snooze: {for: 7d, max: 2}
stages:
  - {key: announced, from: announce}
  - {key: reminded, after: 0d, final_warning: 24h}
  - {key: limited, after: 35d, off: [messages.send]}
`

// launch publishes the document, brings two people in and activates the plan.
func (m machine) launch() {
	m.t.Helper()
	store, err := models.Open(m.t.Context(), "sqlite:"+filepath.Join(m.dir, "assent.db"), models.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	m.succeeds("migrate") // which makes the keys
	t := m.trackerOn(store)
	ref := terms.DocumentRef{Document: "terms-of-service", Version: "1"}
	_, err = t.PutVersion(m.t.Context(), tracker.Version{
		DocumentRef: ref, Title: terms.Texts{"en": "Terms"}, Texts: []tracker.Text{{Locale: "en", Markdown: "Be kind.\n"}},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := t.Publish(m.t.Context(), ref, "test"); err != nil {
		m.t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.succeeds("import", m.file("people.ndjson", `{"id": "ana", "region": "BR", "locale": "pt-BR", "created_at": "2020-01-01T00:00:00Z"}
{"id": "ben", "region": "DE", "locale": "de", "created_at": "2020-01-01T00:00:00Z"}
`))
	m.succeeds("apply", m.file("plan.yaml", campaign), "--activate")
}

// says fails unless text has all the words.
func (m machine) says(text string, words ...string) {
	m.t.Helper()
	for _, want := range words {
		if !strings.Contains(text, want) {
			m.t.Errorf("does not say %q:\n%s", want, text)
		}
	}
}

func TestAPlanIsComparedAndPreviewedBeforeItIsActivated(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.succeeds("sweep")
	harsher := m.file("plan2.yaml", strings.NewReplacer("off: [messages.send]", "off: [messages.send, calls.place]", "deadline: 2021-05-15", "deadline: 2021-06-15").Replace(campaign))
	out := m.succeeds("apply", harsher, "--activate")
	m.says(out, "plan 2 stored", "From plan 1 to plan 2:", "calls.place", "it takes: ", "For the 2 people in the campaign", "plan 2 is in force",
		"It waits for confirmation", "assent confirm c 2")
	m.says(m.succeeds("plan", "list", "c"), "1\t", "command line: mei", "in force, waits for confirmation")
	m.says(m.succeeds("plan", "diff", "c", "1", "2"), "! ", "15 May 2021")
	m.says(m.succeeds("plan", "diff", "c", "1", "2", "--json"), `"harsher":true`)
	if shown := m.succeeds("plan", "show", "c", "1"); shown != campaign {
		t.Errorf("plan 1 is shown as\n%s", shown)
	}
	m.says(m.succeeds("explain", "ana"), "Plan 2 waits for confirmation")
	m.says(m.succeeds("confirm", "c", "2"), "plan 2 binds everybody")
	m.says(m.succeeds("plan", "list", "c", "--json"), `"plan":2`)
	if code, _, _ := m.run("confirm", "c", "2"); code != 1 {
		t.Errorf("confirmed twice: exit code %d", code)
	}
	if code, _, _ := m.run("plan", "show", "c", "two"); code != 2 {
		t.Errorf("a plan called two: exit code %d", code)
	}
}

func TestAnActThatWaitsForASecondPersonIsNoFailure(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.more = []string{"ASSENT_APPROVALS_REQUIRED=true"}
	m.says(m.succeeds("reverse", "c", "--to", "off", "--reason", "a mistake"), "Nothing was changed yet", "assent approvals approve apr_")
	var list []struct{ ID, State, Act string }
	if err := json.Unmarshal([]byte(m.succeeds("approvals", "list", "--json")), &list); err != nil || len(list) != 1 || list[0].Act != "campaign.reverse" {
		t.Fatalf("%+v, %v", list, err)
	}
	if code, _, errs := m.run("approvals", "approve", list[0].ID); code != 1 || !strings.Contains(errs, "second person") {
		t.Fatalf("mei approves her own request: exit code %d: %s", code, errs)
	}
	m.user = "tom"
	m.says(m.succeeds("approvals", "approve", list[0].ID), "is done")
	m.says(m.succeeds("explain", "ana"), "The campaign was taken back to Announced")
	m.says(m.succeeds("breaker", "c", "--expect", "5", "--until", time.Now().UTC().Add(time.Hour).Format(time.RFC3339), "--reason", "r", "--json"), `"awaits_approval"`)
	if err := json.Unmarshal([]byte(m.succeeds("approvals", "list", "c", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	m.says(m.succeeds("approvals", "reject", list[0].ID, "--reason", "not now"), "is rejected")
	m.says(m.succeeds("approvals", "list"), "rejected", "approved", "command line: mei")
}

func TestAHoldIsPlacedListedAndReleased(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.says(m.succeeds("hold", "place", "c", "--region", "BR", "--until", "2099-01-01", "--reason", "an inquiry"), "covers 1 people")
	list := m.succeeds("hold", "list", "c")
	m.says(list, "in force", "BR", "until 2099-01-01T00:00:00Z", "an inquiry")
	m.says(m.succeeds("explain", "ana"), "A hold covers the person", "an inquiry")
	id, _, _ := strings.Cut(list, "\t")
	m.says(m.succeeds("hold", "release", "c", id, "--reason", "settled", "--json"), `"released_by":"command line: mei"`)
	m.says(m.succeeds("hold", "list", "c"), "over")
	if code, _, errs := m.run("hold", "place", "c", "--clock", "sundial", "--until", "2099-01-01"); code != 1 || !strings.Contains(errs, "sundial") || !strings.Contains(errs, "reason") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, _ := m.run("hold", "place", "c", "--until", "soon", "--reason", "r"); code != 2 {
		t.Errorf("until soon: exit code %d", code)
	}
}

func TestAReversalPrintsItsCountsAndCanBeUndone(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	m.succeeds("sweep")
	m.says(m.succeeds("reverse", "c", "--to", "announced", "--reason", "too soon"), "is in force", "announced", "->")
	m.succeeds("sweep")
	m.says(m.succeeds("undo", "c", "--reason", "not so", "--json"), `"undone_by":"command line: mei"`)
	if code, _, errs := m.run("undo", "c"); code != 1 || !strings.Contains(errs, "no reversal in force") {
		t.Errorf("undone twice: exit code %d: %s", code, errs)
	}
}

func TestSteppingIsPausedAndResumedAndTheBreakerTold(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.launch()
	if code, _, errs := m.run("pause"); code != 1 || !strings.Contains(errs, "reason") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	m.succeeds("pause", "--reason", "the clock")
	m.says(m.succeeds("sweep", "--json"), `"told":0`)
	m.says(m.succeeds("explain", "ana"), "Stepping is paused", "the clock")
	m.says(m.succeeds("explain", "ana", "--json"), `"sentences":["ana has a personal account in BR."`, `"campaigns":`)
	m.says(m.succeeds("resume", "--reason", "it is right"), "goes on")
	m.says(m.succeeds("sweep", "--json"), `"stopped":0`)
	m.says(m.succeeds("breaker", "c"), "500 people may be newly restricted within 24 hours; 0 were")
	until := time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	m.says(m.succeeds("breaker", "c", "--expect", "3", "--until", until, "--reason", "previewed"), "6 people may be", "expects 3 until", "previewed")
	if out := m.succeeds("failures", "--json"); out != "[]\n" {
		t.Errorf("failures: %s", out)
	}
	if out := m.succeeds("unreached", "c"); out != "" {
		t.Errorf("unreached: %s", out)
	}
	if code, _, _ := m.run("failures", "retry", "c", "ana"); code != 1 {
		t.Errorf("retried what did not fail: exit code %d", code)
	}
}

func TestASimulationIsDrawnAndPrinted(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	plan := m.file("plan.yaml", campaign)
	table, drawing := filepath.Join(m.dir, "days.csv"), filepath.Join(m.dir, "days.svg")
	out := m.succeeds("simulate", plan, "--people", "50", "--days", "150", "--accept-curve", "7:0.2,30:0.5", "--hold", "BR@2021-05-07..2021-08-05",
		"--reverse", "announced@2021-06-01", "--csv", table, "--svg", drawing)
	m.says(out, "c: 50 people over 150 days", "█", "breaker")
	m.says(m.succeeds("simulate", plan, "--people", "20", "--days", "3", "--json"), `"days":[{"day":0,"date":"2021-01-06"`, `"breaker_trips":[]`)
	if out := m.succeeds("simulate", plan, "--people", "20", "--days", "3", "--csv", "-"); strings.Count(out, "\n") != 1+3*3 {
		t.Errorf("the table:\n%s", out)
	}
	for _, wrong := range [][]string{{"--people", "0"}, {"--accept-curve", "wave"}, {"--hold", "BR"}, {"--reverse", "x"}, {"--countries", "Brazil"}, {"--notice-reach", "2"}} {
		if code, _, errs := m.run(append([]string{"simulate", plan}, wrong...)...); code != 2 || !strings.Contains(errs, strings.TrimPrefix(wrong[0], "--")) {
			t.Errorf("%v: exit code %d: %s", wrong, code, errs)
		}
	}
}
