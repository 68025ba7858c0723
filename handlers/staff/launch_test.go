package staff_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"assent/demo"
	"assent/internal/testenv"
	"assent/launch"
)

// unfair is something that stands in the way.
func unfair() []launch.Finding {
	return []launch.Finding{
		{Rule: "no_pressure", Severity: launch.Blocks, Words: "A page says “last chance”, which presses people.", Where: []string{"limited in en"}, Mend: launch.Mend{Words: "Store a corrected plan", URL: campaign + "/plans"}},
		{Rule: "reading_ease", Severity: launch.Notes, Words: "The summary has 12 words to a sentence."},
		{Rule: "dry_run", Severity: launch.Passes, Words: "There is a fresh dry run."},
	}
}

func TestWhatStandsInTheWayIsShownAndStopsAPlanOnlyWhereThatIsDemanded(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.addPlan("after: 35d", "after: 36d")
	d.found = unfair()
	d.says(d.page(campaign+"/launch"), "1 of these stand in the way", "“last chance”", "limited in en", `href="`+campaign+`/plans">Store a corrected plan`, "1 more were looked at", "stops nobody")
	path := campaign + "/plans/2/activate"
	d.says(d.page(path), "What the launch gate finds", "“last chance”")

	d.tracker.Launch.Required = true
	d.says(d.page(campaign+"/launch"), "unless somebody says why")
	form := d.sheet(path)
	form.fields.Set("reason", "We are in a hurry")
	refused := d.post(form.action, form.fields)
	if refused.Code != http.StatusConflict || !strings.Contains(refused.Body.String(), "The launch gate refuses plan 2") {
		t.Errorf("it answered %d: %s", refused.Code, refused.Body)
	}
	form.fields.Set("anyway", "yes")
	d.sends(form, "The words are quoted from the court")
	a := d.noted("plan.activate", "mei")
	if !strings.Contains(a.After, `"anyway":true`) || a.Reason != "The words are quoted from the court" {
		t.Errorf("the record says %s, because %s", a.After, a.Reason)
	}
}

func TestAnOverrideNeedsAReason(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.addPlan("after: 35d", "after: 36d")
	d.found, d.tracker.Launch.Required = unfair(), true
	w := d.post(campaign+"/plans/2/activate", url.Values{"anyway": {"yes"}})
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("it answered %d", w.Code)
	}
}

var frames = regexp.MustCompile(`<iframe src="(/staff/kept/[0-9a-f]{64})"`)

func TestADryRunKeepsEveryPageInEveryStateAndLanguage(t *testing.T) {
	t.Parallel()
	d := working(t)
	form := d.sheet(campaign + "/plans/1/dry-run")
	d.leads(d.post(form.action, form.fields), campaign+"/launch?plan=1&done=tried")
	d.noted("plan.dry_run", "mei")
	page := d.page(campaign + "/launch?plan=1")
	sheet := regexp.MustCompile(`/staff/sheets/[0-9a-f]{64}`).FindString(page)
	if sheet == "" {
		t.Fatalf("no pages to look at: %s", page)
	}
	w := d.get(sheet)
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self'") {
		t.Errorf("the policy is %s", policy)
	}
	english := len(frames.FindAllString(w.Body.String(), -1))
	all := frames.FindAllStringSubmatch(d.page(sheet+"?lang=&state="), -1)
	if english < 25 || len(frames.FindAllString(d.page(sheet+"?lang=hi"), -1)) != english || len(frames.FindAllString(d.page(sheet+"?state=limited"), -1)) != 6 {
		t.Errorf("%d pages in English", english)
	}
	for i := 0; i < len(all); i += 7 {
		kept := d.get(all[i][1])
		if kept.Code != http.StatusOK || !strings.Contains(kept.Body.String(), "<style>") || !strings.HasSuffix(kept.Header().Get("Content-Security-Policy"), "frame-ancestors 'self'; sandbox") {
			t.Errorf("%s answered %d with %s", all[i][1], kept.Code, kept.Header().Get("Content-Security-Policy"))
		}
	}
	for _, none := range []string{"/staff/kept/" + strings.TrimPrefix(sheet, "/staff/sheets/"), "/staff/kept/abc", "/staff/sheets/abc", campaign + "/launch?plan=9"} {
		if got := d.get(none); got.Code != http.StatusNotFound {
			t.Errorf("%s answered %d", none, got.Code)
		}
	}
}

func TestTheContactSheetShowsEachPageInABrowser(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(50, on(6, 25))
	if _, err := d.tracker.DryRun(t.Context(), demo.Campaign, 1, "", "mei", nil); err != nil {
		t.Fatal(err)
	}
	events, err := d.tracker.Launches(t.Context(), demo.Campaign, 1)
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(d.handler)
	t.Cleanup(site.Close)
	browser := testenv.Browser(t)
	run(browser, t, chromedp.Navigate(site.URL+"/staff/signin"), chromedp.Click(".alt .btn"), chromedp.WaitVisible(".clock"))
	for _, width := range []int64{320, 1440} {
		var tree struct{ Frames, Headings, Wide int }
		run(browser, t, emulation.SetDeviceMetricsOverride(width, 900, 1, false), chromedp.Navigate(site.URL+"/staff/sheets/"+events[0].Sheet+"?state=limited"), chromedp.WaitReady(".sheet"),
			chromedp.Evaluate(`({Frames: window.frames.length, Headings: document.querySelectorAll('.sheet h2').length, Wide: document.documentElement.scrollWidth})`, &tree))
		if tree.Frames != 6 || tree.Headings != 6 || int64(tree.Wide) > width {
			t.Errorf("at %d: %+v", width, tree)
		}
	}
}
