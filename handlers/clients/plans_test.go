package clients_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"assent/tracker"
)

const campaign = "/api/v1/campaigns/new-terms-2021"

// plan stores another plan, made of the first by replacements.
func (w *world) plan(replace ...string) answer {
	w.Helper()
	file := strings.NewReplacer(replace...).Replace(planFile)
	if file == planFile {
		w.Fatal("the plan is the same")
	}
	return w.send("PUT", campaign+"/plans", file, "Content-Type", "application/yaml").is(201)
}

func TestAnyPlanCanBeReadAndCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.plan("deadline: 2021-05-15", "deadline: 2021-06-15").says("plan", 2)
	w.send("GET", campaign+"/plans", "").is(200).says("plan", 1, "confirmed", 1, "plans.0.plan", 1, "plans.1.plan", 2, "plans.1.activated_at", nil)
	got := w.send("GET", campaign+"/plans/1", "").is(200).says("plan", 1, "file", planFile)
	if by := got.at("created_by").(string); !strings.HasPrefix(by, "key:") {
		t.Errorf("created by %q", by)
	}
	file := w.send("GET", campaign+"/plans/1", "", "Accept", "application/yaml").is(200)
	if file.Body.String() != planFile || file.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("%s: %s", file.Header(), file.Body)
	}
	w.send("GET", campaign+"/plans/2/diff", "").is(200).says("from", 1, "plan", 2, "changes.0.path", "deadline", "changes.0.kind", "changed",
		"changes.0.before", "15 May 2021, 00:00 UTC", "changes.0.after", "15 June 2021, 00:00 UTC", "changes.0.harsher", false,
		"changes.0.sentence", "The deadline moves from 15 May 2021 to 15 June 2021, 31 days later.")
	w.send("GET", campaign+"/plans/1/diff?from=2", "").is(200).says("from", 2, "plan", 1, "changes.0.harsher", true)
	for _, from := range []string{"", "?from=zero", "?from=0"} {
		w.send("GET", campaign+"/plans/1/diff"+from, "").is(422).says("errors.0.path", "from")
	}
	w.send("GET", campaign+"/plans/1/diff?from=9", "").is(404).mentions("9")
}

func TestAPlanThatTheLaunchGateRefusesIsPutInForceWithAReasonAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.tracker.Launch = &tracker.LaunchGate{
		Required: true,
		Pages:    func(context.Context, string, int) ([]tracker.SheetPage, error) { return nil, nil },
		Blocking: func(context.Context, string, int, []tracker.SheetPage) ([]string, error) {
			return []string{"A page says “last chance”."}, nil
		},
	}
	w.plan("deadline: 2021-05-15", "deadline: 2021-06-15")
	path := campaign + "/plans/2/activate"
	w.send("POST", path, `{"reason":"in a hurry"}`).is(409).mentions("last chance")
	w.send("POST", path, `{"anyway":true}`).is(422).says("errors.0.path", "reason")
	w.send("POST", path, `{"anyway":"yes","reason":"quoted"}`).is(400)
	w.send("GET", campaign, "").is(200).says("plan", 1)
	w.send("POST", path, `{"anyway":true,"reason":"The words are quoted from the court"}`).is(200).says("plan", 2)
	act := w.send("GET", "/api/v1/acts?limit=1", "").is(200).says("acts.0.action", "plan.activate", "acts.0.reason", "The words are quoted from the court")
	if after := fmt.Sprint(act.at("acts.0.after")); !strings.Contains(after, "anyway") {
		t.Errorf("the record does not say so: %s", after)
	}
}

func TestAHarsherPlanWaitsToBeConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.plan("deadline: 2021-05-15", "deadline: 2021-04-15")
	w.send("POST", campaign+"/plans/2/preview", "").is(200).says("active", 1, "people", 1, "changes.0.path", "deadline",
		"harsher.0.path", "deadline", "outcomes.0.people", 1, "outcomes.0.sooner", true, "outcomes.0.from", "announced")
	w.send("POST", campaign+"/plans/2/confirm", "").is(409)
	w.send("POST", campaign+"/plans/2/activate", `{"reason":"decided on Monday"}`).is(200).says("plan", 2, "confirmed", 1, "harsher.0.path", "deadline")
	w.send("GET", campaign, "").is(200).says("plan", 2, "confirmed", 1)
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.plan", 1)
	w.send("POST", campaign+"/plans/2/confirm", "").is(200).says("confirmed", 2)
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.plan", 2)
	w.send("POST", campaign+"/plans/2/confirm", "").is(409)

	w.plan("deadline: 2021-05-15", "deadline: 2021-06-15")
	w.send("POST", campaign+"/plans/3/activate", "").is(200).says("plan", 3, "confirmed", 3)
}
