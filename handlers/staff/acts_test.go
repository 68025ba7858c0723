package staff_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/demo"
	"assent/planfile"
	"assent/terms"
	"assent/tracker"
)

const campaign = "/staff/campaigns/" + demo.Campaign

var (
	actForm   = regexp.MustCompile(`<form class="panel act" method="post" action="([^"]+)">`)
	hidden    = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	actButton = regexp.MustCompile(`<button class="btn main">([^<]+)</button>`)
)

// sheet is the form at the end of the page before an act, as a browser would send it.
type sheet struct {
	action, button string
	fields         url.Values
}

func (d *desk) sheet(path string) sheet {
	d.t.Helper()
	page := d.page(path)
	at := actForm.FindStringSubmatchIndex(page)
	if at == nil {
		d.t.Fatalf("%s has no form to act with: %s", path, page)
	}
	form := page[at[0]:]
	out := sheet{action: html.UnescapeString(page[at[2]:at[3]]), button: actButton.FindStringSubmatch(form)[1], fields: url.Values{}}
	for _, f := range hidden.FindAllStringSubmatch(form, -1) {
		out.fields.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return out
}

// does performs an act through its page: refused without a reason, done with one. It answers where that leads.
func (d *desk) does(path, button string) string {
	d.t.Helper()
	form := d.sheet(path)
	if form.button != button {
		d.t.Errorf("the button of %s says %q, want %q", path, form.button, button)
	}
	refused := d.post(form.action, form.fields)
	if refused.Code != http.StatusUnprocessableEntity || !strings.Contains(refused.Body.String(), "say why") {
		d.t.Errorf("%s without a reason answered %d: %s", path, refused.Code, refused.Body)
	}
	return d.sends(form, "The court asked for it")
}

func (d *desk) sends(form sheet, reason string) string {
	d.t.Helper()
	form.fields.Set("reason", reason)
	w := d.post(form.action, form.fields)
	if w.Code != http.StatusSeeOther {
		d.t.Fatalf("%s answered %d: %s", form.action, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// noted checks the newest entry of the audit log.
func (d *desk) noted(action, actor string) tracker.Act {
	d.t.Helper()
	var acts []tracker.Act
	err := d.tracker.Store.View(d.t.Context(), func(r tracker.Reader) error {
		var err error
		acts, err = r.Acts(d.t.Context(), 1)
		return err
	})
	if err != nil || len(acts) == 0 || acts[0].Action != action || acts[0].Actor != actor {
		d.t.Fatalf("the audit log ends with %+v (%v), want %s by %s", acts, err, action, actor)
	}
	return acts[0]
}

// because is noted with the reason that does gives.
func (d *desk) because(action string) {
	d.t.Helper()
	if a := d.noted(action, "mei"); a.Reason != "The court asked for it" {
		d.t.Errorf("%s is noted with the reason %q", action, a.Reason)
	}
}

// addPlan stores the demo's plan with a change.
func (d *desk) addPlan(old, changed string) {
	d.t.Helper()
	source := strings.Replace(string(demo.PlanFile()), old, changed, 1)
	p, err := planfile.Parse([]byte(source), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.tracker.AddPlan(d.t.Context(), p, []byte(source), "lena"); err != nil {
		d.t.Fatal(err)
	}
}

// working is a console somebody is signed in to, on a day when stages are active.
func working(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, false)
	d.seed(200, on(6, 25))
	d.tracker.Leniency = tracker.Leniency{UndoWindow: 7 * 24 * time.Hour, HoldSpread: 7 * 24 * time.Hour}
	d.signIn()
	return d
}

// another signs somebody else in.
func (d *desk) another(name string) {
	d.t.Helper()
	if err := d.tracker.AddStaff(d.t.Context(), name, "correct horse battery", "mei"); err != nil {
		d.t.Fatal(err)
	}
	d.leads(d.post("/staff/signin", url.Values{"name": {name}, "password": {"correct horse battery"}}), "/staff")
}

func TestAHarsherPlanIsPreviewedActivatedForNewcomersAndThenConfirmed(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.addPlan("after: 35d", "after: 30d")
	d.says(d.page(campaign+"/plans"), "Plan 1", "Plan 2", "Not active yet", "by lena")
	d.says(d.page(campaign+"/plans/2"), "The stage limited begins 30 days after the deadline and not 35 days after the deadline.", "Takes from people", "after: 30d", "Preview activating it")
	d.says(d.page(campaign+"/plans/1"), "campaign: new-terms-2021")
	d.says(d.page(campaign+"/plans/2/activate"), "It binds newcomers only until it is confirmed", "Limited: after is 30d", "Where people would be", "eea-uk")
	if to := d.does(campaign+"/plans/2/activate", "Activate plan 2"); to != campaign+"/plans?done=activated" {
		t.Errorf("led to %s", to)
	}
	d.because("plan.activate")
	d.says(d.page(campaign+"/plans?done=activated"), "The plan is active.", "Active for newcomers", "Plan 2 waits to be confirmed")
	d.says(d.page(campaign), "Plan 2 binds newcomers only", campaign+"/plans/2/confirm")
	again := d.page(campaign + "/plans/2/activate")
	d.says(again, "This plan is active already.")
	d.does(campaign+"/plans/2/confirm", "Confirm plan 2 for everybody")
	d.because("plan.confirm")
	if c, err := d.tracker.Campaign(t.Context(), demo.Campaign); err != nil || c.Confirmed != 2 {
		t.Errorf("plan %d is confirmed (%v)", c.Confirmed, err)
	}
	if w := d.get(campaign + "/plans/9"); w.Code != http.StatusNotFound {
		t.Errorf("a plan that is not there answered %d", w.Code)
	}
}

func TestAHoldIsCountedPlacedAndReleased(t *testing.T) {
	t.Parallel()
	d := working(t)
	given := url.Values{"region": {"IN"}, "clock": {"stop"}, "effect": {"lift"}, "spread": {"3d"}, "reference": {"LEG-418"}, "message.en": {"We wait <b>for</b> a court."}, "message.pt-BR": {"Esperamos."}}
	path := campaign + "/holds/place?" + given.Encode()
	covered, err := d.tracker.PreviewHold(t.Context(), terms.Hold{Campaign: demo.Campaign, Scope: terms.Scope{Region: "IN"}, Clock: terms.ClockStop, Effect: terms.Lift})
	if err != nil || covered.Waiting == 0 || covered.People <= covered.Waiting {
		t.Fatalf("the hold would cover %+v (%v)", covered, err)
	}
	d.says(d.page(path), "Put on hold: India", "LEG-418", "We wait &lt;b&gt;for&lt;/b&gt; a court.", "People go on over 3 days", "Reminders are silent")
	button := d.sheet(path).button
	d.does(path, button)
	d.because("hold.place")
	o, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil || len(o.Holds) != 1 || o.Holds[0].Message["pt-BR"] != "Esperamos." || o.Holds[0].Spread != 72*time.Hour {
		t.Fatalf("placed %+v (%v)", o.Holds, err)
	}
	d.says(d.page(campaign+"/holds"), "India", "In force", "The court asked for it (LEG-418)", "message in en, pt-BR")
	release := campaign + "/holds/" + o.Holds[0].ID + "/release"
	d.does(release, strings.Replace(strings.Replace(button, "Put", "Release", 1), " on hold", "", 1))
	d.because("hold.release")
	d.says(d.page(campaign+"/holds"), "Nobody is on hold", "Released by mei: The court asked for it.")
	d.says(d.page(release), "This hold ended on")
}

func TestAHoldThatCannotBeIsShownInItsForm(t *testing.T) {
	t.Parallel()
	d := working(t)
	given := url.Values{"region": {"XX"}, "clock": {"stop"}, "effect": {"freeze"}, "spread": {"soon"}, "attributes": {"kaios"}, "ends_at": {"tomorrow"}, "message.en": {"Wait"}}
	w := d.get(campaign + "/holds/place?" + given.Encode())
	if w.Code != http.StatusUnprocessableEntity {
		t.Fatalf("answered %d", w.Code)
	}
	d.says(w.Body.String(), `href="#spread"`, `href="#ends_at"`, `href="#attributes"`, `value="soon"`, "kaios</textarea>", "Wait</textarea>")
	given = url.Values{"region": {"Mars"}, "clock": {"stop"}, "effect": {"freeze"}}
	w = d.get(campaign + "/holds/place?" + given.Encode())
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "neither a region") {
		t.Errorf("an unknown region answered %d", w.Code)
	}
	cohort := url.Values{"attributes": {"app=kaios\r\nbuild=2"}, "clock": {"continue"}, "effect": {"freeze"}}
	if form := d.sheet(campaign + "/holds/place?" + cohort.Encode()); form.button != "Put 0 people on hold" {
		t.Errorf("a cohort of nobody: %q", form.button)
	}
}

func TestAReversalShowsItsCountsAndIsUndone(t *testing.T) {
	t.Parallel()
	d := working(t)
	preview, err := d.tracker.PreviewReversal(t.Context(), terms.Reversal{Campaign: demo.Campaign, Stage: "reminded"})
	if err != nil {
		t.Fatal(err)
	}
	path := campaign + "/reversals/make?to=reminded&reminders=soften&reference=LEG-9"
	d.says(d.page(path), "Everybody, back to Reminded", "For 7 days", "Reminders only now and then")
	to := d.does(path, d.sheet(path).button)
	d.because("campaign.reverse")
	d.says(d.page(to), "Everybody, back to Reminded", "It is taken back.", "LEG-9", "It can be undone until", "2 Jul 2021, 00:00 UTC", "still to be moved")
	d.says(d.page(campaign), "Taken back", "Everybody, no further than Reminded")
	if _, err := d.tracker.Sweep(t.Context(), on(6, 25)); err != nil {
		t.Fatal(err)
	}
	d.says(d.page(to), "Everybody has been taken back.")
	o, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	var after int64
	for _, c := range preview.After {
		if c.Stage == 1 && c.Status != terms.Accepted && c.Status != terms.Exempt {
			after += c.People
		}
	}
	if o.Stages[1] != after || o.Stages[2]+o.Stages[3]+o.Stages[4] != 0 {
		t.Errorf("people are at %v, the page said %d at the second stage", o.Stages, after)
	}
	undo, _, _ := strings.Cut(to, "?")
	d.does(undo+"/undo", "Undo it")
	d.because("reversal.undo")
	d.says(d.page(undo), "Undone", "Undone by mei")
	d.says(d.page(undo+"/undo"), "It was undone on")
	wrong := d.get(campaign + "/reversals/make?to=nowhere&reminders=keep")
	if wrong.Code != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body.String(), `href="#to"`) {
		t.Errorf("a stage that is not there answered %d", wrong.Code)
	}
}

func TestTheNextRunIsPreviewedAndAStoppedOneApproved(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(1000, on(6, 25))
	d.signIn()
	d.tracker.Guard = tracker.Guard{Share: .0001, Floor: 1, Factor: 2}
	p, err := d.tracker.Preview(t.Context(), demo.Campaign, on(7, 2), tracker.PreviewOptions{})
	if err != nil || p.Restricted < 2 || !p.Trips {
		t.Fatalf("the story's next run restricts %d and trips %t (%v)", p.Restricted, p.Trips, err)
	}
	d.says(d.page(campaign+"/next?at=2021-07-02T00:00"), "The next run would stop itself", "What is stopped", "Persistent to Limited", "Some of the people")
	deps := d.tracker.Deps
	deps.Now = func() time.Time { return on(7, 2) }
	if _, err := tracker.New(deps).Sweep(t.Context(), on(7, 2)); err != nil {
		t.Fatal(err)
	}
	stopped := fmt.Sprintf("<b>%d</b> people", p.Restricted)
	d.says(d.page(campaign+"/next"), "The sweep stopped itself", stopped, "<b>1</b> are allowed", "giving back goes on")
	d.says(d.page(campaign), "The sweep stopped itself")
	wrong := d.get(campaign + "/next?at=2020-01-01T00:00")
	if wrong.Code != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body.String(), `href="#at"`) {
		t.Errorf("the past answered %d", wrong.Code)
	}
	if w := d.get(campaign + "/next/approve?people=none&until=2021-07-30T00:00"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("no number of people answered %d", w.Code)
	}
	d.does(campaign+"/next/approve?people=40&until=2021-06-29T00:00", "Approve 40 people")
	d.because("breaker.approve")
	d.says(d.page(campaign+"/next?done=expected"), "The preview is approved.", "mei expects 40 people until 29 June 2021")
	if strings.Contains(d.page(campaign), "The sweep stopped itself") {
		t.Error("the overview still says that the sweep is stopped")
	}
}

func TestSteppingIsPausedAndGoesOn(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.does("/staff/runs/pause", "Pause all stepping")
	d.because("stepping.pause")
	d.says(d.page("/staff"), "Stepping is paused", "The court asked for it", "by mei")
	d.says(d.page("/staff/runs"), "Stepping is paused", "Late by", "Stopped")
	d.does("/staff/runs/resume", "Go on stepping")
	d.because("stepping.resume")
	if w := d.post("/staff/runs/resume", url.Values{"reason": {"again"}}); w.Code != http.StatusConflict {
		t.Errorf("going on twice answered %d", w.Code)
	}
}

func TestAPersonTheSweepCannotHandleIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := working(t)
	person := d.somebodyIn(2)
	err := d.tracker.Store.Update(t.Context(), func(tx tracker.Tx) error {
		e, err := tx.Enrollment(t.Context(), person, demo.Campaign)
		if err != nil {
			return err
		}
		for range tracker.MaxTries {
			if _, err := tx.AddFailure(t.Context(), tracker.Failure{Campaign: demo.Campaign, Ref: e.Ref, Person: person, Error: "plan 7 is not stored", At: on(6, 25)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.says(d.page(campaign+"/next"), "plan 7 is not stored", "Left out", "Tried 3 times")
	form := d.sheet(campaign + "/failures/retry?person=" + person)
	d.sends(form, "")
	d.noted("failure.retry", "mei")
	if w := d.post(form.action, form.fields); w.Code != http.StatusNotFound {
		t.Errorf("a failure that is gone answered %d", w.Code)
	}
	d.says(d.page(campaign+"/unreached"), "People no notice has reached")
}

func TestAnActThatNeedsASecondPersonWaitsForOne(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.tracker.Approvals = tracker.Approvals{Acts: []string{tracker.ActReverse}, Expire: 48 * time.Hour}
	path := campaign + "/reversals/make?to=reminded&reminders=keep"
	d.says(d.page(path), "A second person has to approve this")
	to := d.does(path, d.sheet(path).button)
	own := d.page(to)
	d.says(own, "Nothing was done yet", "Take people back", "somebody else has to approve it", "The court asked for it")
	id, _, _ := strings.Cut(to, "?")
	if strings.Contains(own, id+"/approve") {
		t.Error("whoever asked is offered to approve")
	}
	if w := d.post(id+"/approve", url.Values{"reason": {"Fine"}}); w.Code != http.StatusConflict {
		t.Errorf("approving one's own request answered %d", w.Code)
	}
	d.another("lena")
	d.says(d.page("/staff/approvals"), `class="badge">1`, "Take people back: new-terms-2021", "Asked by mei")
	d.says(d.page(id+"/approve"), "People who have not accepted, by stage")
	d.sends(d.sheet(id+"/approve"), "")
	d.noted("campaign.reverse", "mei, approved by lena")
	d.says(d.page(id), "Approved and done", "Decided by")
	if made, err := d.tracker.ReversalList(t.Context(), demo.Campaign); err != nil || len(made) != 1 {
		t.Errorf("%d reversals (%v)", len(made), err)
	}

	second := d.does(path, d.sheet(path).button)
	id, _, _ = strings.Cut(second, "?")
	d.does(id+"/reject", "Reject it")
	d.noted("approval.reject", "lena")
	d.says(d.page(id), "Rejected")
}

func TestOnePersonIsGivenMoreTimeExemptedAndAskedAgain(t *testing.T) {
	t.Parallel()
	d := working(t)
	person := d.somebodyIn(2)
	of := url.Values{"person": {person}, "campaign": {demo.Campaign}}.Encode()
	d.says(d.page("/staff/people?id="+person), "Give more time", "Exempt")
	d.does("/staff/people/extend?until=2021-07-20&lift=yes&"+of, "Give 1 person more time")
	d.because("person.extend")
	d.says(d.page("/staff/people?id="+person), "Given once", "no earlier than 20 July 2021")
	far := d.sheet("/staff/people/extend?until=2022-07-20&" + of)
	far.fields.Set("reason", "Too far")
	if w := d.post(far.action, far.fields); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "further away") {
		t.Errorf("a date too far away answered %d", w.Code)
	}
	d.does("/staff/people/exempt?until=2021-08-01&"+of, "Exempt 1 person")
	d.because("person.exempt")
	d.says(d.page("/staff/people?id="+person), "Until 1 August 2021", "End the exemption")
	d.does("/staff/people/recall?"+of, "Ask 1 person again")
	d.because("person.recall")
	if w := d.post("/staff/people/recall", url.Values{"person": {person}, "campaign": {demo.Campaign}, "reason": {"again"}}); w.Code != http.StatusConflict {
		t.Errorf("ending what has ended answered %d", w.Code)
	}
}

func TestNothingIsDoneForAStrangerOrAnotherSite(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	w := d.post("/staff/runs/pause", url.Values{"reason": {"mischief"}})
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/staff/signin") {
		t.Errorf("a stranger got %d", w.Code)
	}
	d.signIn()
	r := httptest.NewRequest(http.MethodPost, "/staff/runs/pause", strings.NewReader("reason=mischief"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := d.send(r); w.Code != http.StatusForbidden {
		t.Errorf("another site's form answered %d", w.Code)
	}
	if p, err := d.tracker.Paused(t.Context()); err != nil || !p.At.IsZero() {
		t.Errorf("paused at %s (%v)", p.At, err)
	}
}
