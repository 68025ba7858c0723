package clients_test

import (
	"testing"
	"time"

	"assent/tracker"
)

// second is a key of somebody else with the right to run campaigns.
func (w *world) second() []string {
	w.Helper()
	_, secret, err := w.tracker.CreateKey(w.Context(), "second", []tracker.Scope{tracker.CampaignsWrite}, date(2030, 1, 1), "test")
	w.must(err)
	return []string{"Authorization", "Bearer " + secret}
}

func TestAnActWaitsForASecondKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	second := w.second()
	w.tracker.Approvals.Acts = []string{tracker.ActReverse, tracker.ActActivate}
	asked := w.send("POST", campaign+"/reversals", `{"to":"announced","reason":"enough"}`).is(202).
		says("approval.act", "campaign.reverse", "approval.state", "open", "approval.request.to", "announced", "approval.expires_at", "2021-01-07T00:00:00Z")
	at := "/api/v1/approvals/" + asked.at("approval.id").(string)
	if asked.Header().Get("Location") != at {
		t.Errorf("Location %q", asked.Header().Get("Location"))
	}
	w.send("GET", campaign+"/reversals", "").is(200).says("reversals", []any{})
	w.send("POST", campaign+"/reversals", `{"to":"nowhere","reason":"enough"}`).is(422).says("errors.0.path", "to")
	w.send("POST", at+"/approve", "").is(409).mentions("second person")
	w.send("POST", at+"/approve", "", second...).is(200).says("state", "approved")
	w.send("GET", campaign+"/reversals", "").is(200).says("reversals.0.to", "announced", "reversals.0.undone_at", nil)
	w.send("POST", at+"/approve", "", second...).is(409).mentions("approved already")
	w.send("POST", at+"/reject", "").is(409)

	w.reach(w.Now().Add(time.Hour))
	w.plan("deadline: 2021-05-15", "deadline: 2021-06-15")
	w.send("POST", campaign+"/plans/2/activate", "").is(202).says("approval.act", "plan.activate", "approval.object", "new-terms-2021/2")
	w.send("GET", "/api/v1/approvals?campaign=new-terms-2021", "").is(200).says("approvals.0.act", "plan.activate", "approvals.1.state", "approved")
	w.send("GET", "/api/v1/approvals?campaign=other", "").is(200).says("approvals", []any{})
}

func TestAnApprovalIsSuspendedWhenItsCampaignHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	second := w.second()
	w.tracker.Approvals.Acts = []string{tracker.ActReverse}
	ask := func() string {
		return "/api/v1/approvals/" + w.send("POST", campaign+"/reversals", `{"to":"off","reason":"enough"}`).is(202).at("approval.id").(string)
	}
	at := ask()
	w.send("POST", campaign+"/holds", `{"reason":"court order","scope":{"region":"BR"}}`).is(201)
	w.send("POST", at+"/approve", "", second...).is(409).mentions("suspended", "ask anew")
	w.send("GET", at, "").is(200).says("state", "suspended")
	w.send("GET", campaign+"/reversals", "").is(200).says("reversals", []any{})

	at = ask()
	w.send("POST", at+"/reject", `{"note":"not today"}`, append(second, "Content-Type", "application/json")...).is(200).says("state", "rejected", "note", "not today")
	at = ask()
	w.reach(w.Now().Add(4 * day))
	w.send("GET", at, "").is(200).says("state", "expired")
	w.send("POST", at+"/approve", "", second...).is(409).mentions("expired")
}
